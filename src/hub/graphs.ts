import type { NamedModels } from '../models/models.js';
import { type EngineKind, engineKindOf } from '../rpc/engine-kind.js';
import { isAbortedCompute, isComputeResult, isLoadResult, type NamedEngineTensor } from '../rpc/engine-protocol.js';
import type { HubEvent, MeasuredOperation } from '../rpc/events.js';
import type { Limits } from '../rpc/limits.js';
import { buffersOf } from '../rpc/transfer.js';
import { abortable } from '../standard/abortable.js';
import { isBlob } from '../standard/brand-checks.js';
import type { AvoidedProviders, Device, FallbackPolicy, FallbackStep, ProviderAbort } from '../standard/device.js';
import { WasiNNError } from '../standard/error.js';
import type { ExecutionTarget } from '../standard/graph.js';
import type { DeclaredTensors } from '../standard/tensor.js';
import type { TextEnd, TextModel } from '../standard/text.js';
import type { Dispatcher, Job } from './dispatcher.js';
import type { EngineMethod, EngineProcess } from './engine-process.js';
import { explain, keyOf, type Loadable, labelOf, type NamedSource, openSource, type Source } from './graph-source.js';
import type { HeapWatch } from './heap-watch.js';
import { createKnownAborts } from './known-aborts.js';
import { isLanguageModel } from './language-model.js';

/** A graph, which several clients may hold where it was loaded by name. */
export interface Graph {
  readonly id: number;
  readonly source: Source;
  /** The engine that runs it. A graph for which only WebAssembly is left moves to the engine of the CPU. */
  kind: EngineKind;
  /** What it was meant for. */
  readonly target: ExecutionTarget;
  readonly backend: string;
  readonly inputs: DeclaredTensors;
  readonly outputs: DeclaredTensors;
  /** For a language model. */
  readonly text?: TextModel;
  /** Where it was last known to run. */
  device: Device;
  /** The engine that has it loaded; one that has ended has nothing. */
  engine: EngineProcess | undefined;
  readonly hold: Hold;
  readonly findings: Findings;
}

/** What engines have found out of a graph, which the next engine that loads it is told. */
interface Findings {
  /** Providers on which it has made a runtime abort. */
  avoid: AvoidedProviders;
  /** Set where only WebAssembly is left: what was tried in vain. */
  tried?: readonly FallbackStep[];
}

/** How many hold a graph, or wait for it. */
interface Hold {
  count: number;
}

/** Whose call it is, and when it came, by `performance.now()`. */
export interface Call {
  readonly client: number;
  readonly came: number;
  /** Takes the call out of its queue. */
  readonly signal: AbortSignal;
}

export interface GraphsOptions {
  readonly dispatchers: Readonly<Record<EngineKind, Dispatcher>>;
  readonly models: NamedModels;
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

export interface Graphs {
  load(source: Exclude<Source, { readonly name: string }>, call: Call): Promise<Graph>;
  /** Loads a model of the registry, or takes a hold of the graph where it is loaded or on its way. */
  loadByName(name: string, call: Call, configuration?: string): Promise<Graph>;
  compute(graph: Graph, computation: Computation, call: Call): Promise<Computed>;
  /** Does something with an engine that has the graph, which is loaded again where its engine has ended. */
  use<Result extends object>(graph: Graph, call: Call, action: Use<Result>): Promise<Result>;
  /** Measures a text that has ended. @param began when the engine was found to work on it */
  reportText(graph: Graph, came: number, began: number, end: TextEnd): void;
  /** Lets go of a graph; the last to do so unloads it. */
  release(graph: Graph, client: number): Promise<void>;
  /** Has an engine do something, and measures it. */
  request(engine: EngineProcess, method: EngineMethod, parameters: unknown, call: RequestOptions): Promise<unknown>;
}

/** What is done with the engine that has a graph. It answers nothing where the next engine is to do it. */
type Use<Result> = (engine: EngineProcess, kind: EngineKind) => Promise<Result | undefined>;

interface RequestOptions {
  readonly operation: MeasuredOperation;
  readonly came: number;
  readonly graph?: Pick<Graph, 'id' | 'source'>;
  readonly transfer?: Transferable[];
}

/** A graph that is being loaded by name, or was. */
interface NamedGraph {
  readonly loading: Promise<Graph>;
  readonly hold: Hold;
  /** Ends the download and takes the load out of its queue, when nobody waits for it any more. */
  readonly abandon: AbortController;
}

export function createGraphs({
  dispatchers,
  models,
  limits,
  fallback,
  heapWatch,
  measure,
  hasTextEngine,
  onEvent,
}: GraphsOptions): Graphs {
  const named = new Map<string, NamedGraph>();
  const knownAborts = createKnownAborts();
  let nextId = 0;

  async function request(
    engine: EngineProcess,
    method: EngineMethod,
    parameters: unknown,
    { operation, came, graph, transfer }: RequestOptions,
  ): Promise<unknown> {
    const limit = operation === 'load' ? limits.loadMilliseconds : limits.computeMilliseconds;
    const waited = performance.now() - came;
    try {
      return await engine.request(method, parameters, { limit, ...(transfer && { transfer }) });
    } finally {
      if (graph) heapWatch.charge(graph.id, engine);
      if (measure) {
        const start = performance.timeOrigin + came;
        const milliseconds = performance.now() - came;
        onEvent({ type: 'measure', operation, ...labelOf(graph?.source), start, milliseconds, waited });
      }
    }
  }

  /**
   * Loads into an engine, which is the job's.
   *
   * @returns nothing where another engine is to load it: the model has made the runtime abort, or only WebAssembly is left
   */
  async function loadInto(
    engine: EngineProcess,
    { id, source, kind, findings, device: before }: Pick<Graph, 'id' | 'source' | 'kind' | 'findings'> & Partial<Graph>,
    loadable: Loadable,
    came: number,
  ) {
    const { load, bytes, parts = [] } = loadable;
    loadable.parts = undefined;
    const { avoid, tried } = findings;
    const loadOptions = {
      ...load.options,
      ...(kind === 'accelerator' && { leavesWasm: true }),
      ...(tried && { tried }),
    };
    const parameters = { ...load, parts, options: loadOptions, graph: id, avoid, known: knownAborts.ofLength(bytes) };
    const transfer = parts.flatMap((part) => (isBlob(part) ? [] : part.buffer));
    const options = { operation: 'load', came, graph: { id, source }, transfer } as const;
    const result = await request(engine, 'load', parameters, options);
    if (!isLoadResult(result)) throw new TypeError('load: the engine gave an answer of the wrong kind');
    const isNews = result.abort !== undefined && noteAbort(findings, engine, result.abort);
    const isCulprit = Object.keys(findings.avoid).length > 0;
    if (isCulprit && result.digest !== undefined) knownAborts.remember(bytes, result.digest, findings.avoid);
    if ('tried' in result) {
      findings.tried = result.tried;
      loadable.parts = result.parts;
      // No graph of this engine needs what this load has made its heap grow by.
      heapWatch.forget(id);
      return undefined;
    }
    if ('isDamaged' in result) {
      // No graph needs what this load has made the heap grow by.
      heapWatch.forget(id);
      if (isNews) return undefined;
      // Bytes that are no model may be mended by the time they are asked for again.
      if (result.isDamaged && 'name' in source) await models.forget(source.name);
      throw explain(source, result.error);
    }
    const { backend, device, inputs, outputs, text, steps } = result;
    const loaded = { backend, device, inputs, outputs, ...(text && { text }) };
    // A PyTorch program and a custom backend do not hand a load back. Their graphs move after the first computation.
    if (kind === 'accelerator' && device.provider === 'wasm' && steps.length > 0) findings.tried = steps;
    // The page knows already where a graph runs that is loaded again.
    if (before?.provider !== device.provider) reportFallback(source, load.options.target, steps, device);
    onEvent({ type: 'load', ...labelOf(source), ...loaded });
    return loaded;
  }

  /**
   * Ends an engine whose runtime has aborted, and has the graph avoid the provider.
   *
   * @returns whether the graph has not avoided it before
   */
  function noteAbort(findings: Findings, engine: EngineProcess, { provider, reason }: ProviderAbort): boolean {
    engine.terminate(new WasiNNError('runtime-error', reason));
    if (provider in findings.avoid) return false;
    findings.avoid = { ...findings.avoid, [provider]: reason };
    return true;
  }

  function reportFallback(
    source: Source,
    target: ExecutionTarget,
    steps: readonly FallbackStep[],
    device: Device,
  ): void {
    if (steps.length > 0) onEvent({ type: 'fallback', ...labelOf(source), target, steps, device });
  }

  async function loadNew(source: Source, { client, came, signal }: Call, hold: Hold): Promise<Graph> {
    const findings: Findings = { avoid: {} };
    const id = nextId++;
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

  function startNamed(source: NamedSource, call: Call): NamedGraph {
    const abandon = new AbortController();
    const hold = { count: 0 };
    const loading = loadNew(source, { ...call, signal: abandon.signal }, hold);
    const entry = { loading, hold, abandon };
    named.set(keyOf(source), entry);
    loading.then(
      (graph) => {
        if (hold.count === 0) unload(graph, call.client).catch(() => undefined);
      },
      () => forget(source, entry),
    );
    return entry;
  }

  /** Who asks for the name from now on loads it anew. */
  function forget(source: NamedSource, entry: NamedGraph): void {
    const key = keyOf(source);
    if (named.get(key) === entry) named.delete(key);
  }

  async function loadByName(name: string, call: Call, configuration?: string): Promise<Graph> {
    const source = { name, configuration };
    const entry = named.get(keyOf(source)) ?? startNamed(source, call);
    entry.hold.count++;
    try {
      return await abortable(call.signal, entry.loading);
    } catch (cause) {
      entry.hold.count--;
      if (entry.hold.count === 0) {
        forget(source, entry);
        entry.abandon.abort(cause);
      }
      throw cause;
    }
  }

  async function unload(graph: Graph, client: number): Promise<void> {
    const { source, kind, engine, hold } = graph;
    // A later graph of the name stays.
    if ('name' in source && named.get(keyOf(source))?.hold === hold) named.delete(keyOf(source));
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
      const result = await request(engine, 'compute', parameters, options);
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

  function reportText({ source }: Graph, came: number, began: number, { inputTokens, outputTokens }: TextEnd): void {
    if (!measure) return;
    const now = performance.now();
    const tokensPerSecond = (outputTokens * 1000) / Math.max(1, now - began);
    onEvent({
      type: 'measure',
      operation: 'generate',
      ...labelOf(source),
      start: performance.timeOrigin + came,
      milliseconds: now - came,
      waited: began - came,
      inputTokens,
      outputTokens,
      tokensPerSecond,
    });
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
    loadByName,
    compute,
    use: (graph, call, action) => use(graph, call, action),
    reportText,
    request,
    async release(graph, client) {
      graph.hold.count--;
      if (graph.hold.count === 0) await unload(graph, client);
    },
  };
}
