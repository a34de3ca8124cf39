import type { NamedModels } from '../models/models.js';
import { type EngineKind, engineKindOf } from '../rpc/engine-kind.js';
import { isAbortedCompute, isComputeResult, type NamedEngineTensor } from '../rpc/engine-protocol.js';
import type { HubEvent } from '../rpc/events.js';
import type { Limits } from '../rpc/limits.js';
import { buffersOf } from '../rpc/transfer.js';
import type { FallbackPolicy, FallbackStep } from '../standard/device.js';
import type { Dispatcher, Job } from './dispatcher.js';
import { createEngineCalls, type EngineCalls } from './engine-calls.js';
import type { EngineProcess } from './engine-process.js';
import type { Call, Findings, Graph, Hold } from './graph.js';
import { createGraphLoader } from './graph-loader.js';
import { type Loadable, openSource, type Source } from './graph-source.js';
import type { HeapWatch } from './heap-watch.js';
import { isLanguageModel } from './language-model.js';
import { createNamedGraphs } from './named-graphs.js';

export interface GraphsOptions {
  readonly dispatchers: Readonly<Record<EngineKind, Dispatcher>>;
  readonly models: NamedModels;
  /** Called when a model of the registry is about to be opened. */
  expect(name: string): void;
  readonly limits: Limits;
  /** Where graphs may fall back to, unless the registry says otherwise. */
  readonly fallback: FallbackPolicy;
  readonly heapWatch: HeapWatch;
  /** Whether calls are measured. */
  readonly measure: boolean;
  /** Whether language models have an engine of their own. */
  readonly hasTextEngine: boolean;
  onEvent(event: HubEvent): void;
}

/** What a computation on an engine needs that is known only when its turn comes. */
export interface Computation {
  /** @throws WasiNNError where a tensor was lost with another engine */
  inputs(engine: EngineProcess): readonly NamedEngineTensor[];
  /** Has the bytes of those inputs come that are on a device of the other engine. */
  bring(kind: EngineKind): Promise<void>;
  /** The engine has handed inputs back that were sent to it by value. */
  takeBack(inputs: readonly NamedEngineTensor[]): void;
  deviceRoom(): { readonly tensors: number; readonly bytes: number };
}

export interface Computed {
  readonly outputs: readonly NamedEngineTensor[];
  /** The engine that has those outputs which stay on a device. */
  readonly engine: EngineProcess;
  readonly kind: EngineKind;
}

export interface Graphs extends EngineCalls {
  load(source: Exclude<Source, { readonly name: string }>, call: Call): Promise<Graph>;
  /** Loads a model of the registry, or takes a hold of the graph where it is loaded or on its way. */
  loadByName(name: string, call: Call, configuration?: string): Promise<Graph>;
  compute(graph: Graph, computation: Computation, call: Call): Promise<Computed>;
  /** Does something with an engine that has the graph, which is loaded again where its engine has ended. */
  use<Result extends object>(graph: Graph, call: Call, action: Use<Result>): Promise<Result>;
  /** Lets go of a graph; the last to do so unloads it. */
  release(graph: Graph, client: number): Promise<void>;
}

/** What is done with the engine that has a graph. It answers nothing where the next engine is to do it. */
type Use<Result> = (engine: EngineProcess, kind: EngineKind) => Promise<Result | undefined>;

export function createGraphs({
  dispatchers,
  models,
  expect,
  limits,
  fallback,
  heapWatch,
  measure,
  hasTextEngine,
  onEvent,
}: GraphsOptions): Graphs {
  const calls = createEngineCalls({ limits, heapWatch, measure, onEvent });
  const { loadInto, noteAbort, reportFallback } = createGraphLoader({ calls, models, heapWatch, onEvent });
  const named = createNamedGraphs({ loadNew, unload });
  let nextId = 0;

  async function loadNew(source: Source, { client, came, signal }: Call, hold: Hold): Promise<Graph> {
    const findings: Findings = { avoid: {} };
    const id = nextId++;
    if ('name' in source) expect(source.name);
    let loadable = await openSource(source, models, fallback, signal);
    const isText = hasTextEngine && (await isLanguageModel(loadable.load, loadable.parts));
    for (;;) {
      const { target } = loadable;
      const kind = isText ? 'text' : findings.tried ? 'cpu' : engineKindOf(target);
      const job: Job<Graph | undefined> = async (engine) => {
        const loaded = await loadInto(engine, { id, source, kind, findings }, loadable, came);
        return loaded && { id, source, kind, target, ...loaded, engine, hold, findings };
      };
      const graph = await dispatchers[kind].run(client, job, signal);
      if (graph) return graph;
      // The files have gone with an engine that has ended.
      if (!loadable.parts) loadable = await openSource(source, models, fallback, signal);
    }
  }

  async function unload(graph: Graph, client: number): Promise<void> {
    const { kind, engine } = graph;
    named.forget(graph);
    heapWatch.forget(graph.id);
    if (!engine || engine.ended.aborted) return;
    const { computeMilliseconds: limit } = limits;
    await dispatchers[kind].run(client, async (current) => {
      if (current === engine) await engine.request('unload', graph.id, { limit });
    });
  }

  /**
   * Has an engine load a graph that it lacks.
   *
   * @param loadable what the graph is loaded from. Without it nothing is loaded
   * @returns whether the engine has the graph
   */
  async function ensureLoaded(
    engine: EngineProcess,
    graph: Graph,
    kind: EngineKind,
    loadable: Loadable | undefined,
  ): Promise<boolean> {
    if (graph.engine === engine) return true;
    if (!loadable?.parts || graph.kind !== kind) return false;
    const loaded = await loadInto(engine, graph, loadable, performance.now());
    if (!loaded) {
      if (graph.findings.tried) graph.kind = 'cpu';
      return false;
    }
    Object.assign(graph, { device: loaded.device, engine });
    return true;
  }

  /** @param prepare called before the action is queued, each time */
  async function use<Result extends object>(
    graph: Graph,
    { client, signal }: Call,
    action: Use<Result>,
    prepare: (kind: EngineKind) => Promise<void> = async () => undefined,
  ): Promise<Result> {
    let loadable: Loadable | undefined;
    for (;;) {
      // The files are fetched before the next engine is occupied with them.
      const isLoaded = graph.engine?.ended.aborted === false;
      if (!isLoaded && !loadable?.parts) loadable = await openSource(graph.source, models, fallback, signal);
      const { kind } = graph;
      await prepare(kind);
      const source = isLoaded ? undefined : loadable;
      const job: Job<Result | undefined> = async (engine) =>
        (await ensureLoaded(engine, graph, kind, source)) ? action(engine, kind) : undefined;
      const done = await dispatchers[kind].run(client, job, signal);
      if (done) return done;
    }
  }

  function compute(graph: Graph, computation: Computation, call: Call): Promise<Computed> {
    const action: Use<Computed> = async (engine, kind) => {
      const inputs = computation.inputs(engine);
      const { tensorBytes: outputBytes } = limits;
      const parameters = { graph: graph.id, inputs, outputBytes, deviceRoom: computation.deviceRoom() };
      const options = { operation: 'compute', came: call.came, graph, transfer: buffersOf(inputs) } as const;
      const result = await calls.request(engine, 'compute', parameters, options);
      if (isAbortedCompute(result)) {
        if (!noteAbort(graph.findings, engine, result.abort))
          throw new TypeError(`compute: ${result.abort.reason} again`);
        computation.takeBack(result.inputs);
        return undefined;
      }
      if (!isComputeResult(result)) throw new TypeError('compute: the engine gave an answer of the wrong kind');
      if (result.abort) noteAbort(graph.findings, engine, result.abort);
      graph.device = result.device;
      reportFallback(graph.source, graph.target, result.steps ?? [], result.device);
      const steps = result.steps ?? graph.findings.tried;
      if (steps) await moveToCpu(graph, engine, steps);
      return { outputs: result.outputs, engine, kind };
    };
    return use(graph, call, action, (kind) => computation.bring(kind));
  }

  /** Has the engine of the CPU run a graph from its next computation on, where an accelerator's has it on WebAssembly now. */
  async function moveToCpu(graph: Graph, engine: EngineProcess, steps: readonly FallbackStep[]): Promise<void> {
    if (graph.kind === 'cpu' || graph.device.provider !== 'wasm') return;
    Object.assign(graph, { kind: 'cpu', engine: undefined });
    graph.findings.tried = steps;
    heapWatch.forget(graph.id);
    if (engine.ended.aborted) return;
    // The outputs of this computation count, whether it can be unloaded or not.
    await engine.request('unload', graph.id, { limit: limits.computeMilliseconds }).catch(() => undefined);
  }

  return {
    load: (source, call) => loadNew(source, call, { count: 1 }),
    loadByName: (name, call, configuration) => named.load({ name, configuration }, call),
    compute,
    use: (graph, call, action) => use(graph, call, action),
    ...calls,
    async release(graph, client) {
      graph.hold.count--;
      if (graph.hold.count === 0) await unload(graph, client);
    },
  };
}
