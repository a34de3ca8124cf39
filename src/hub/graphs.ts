import type { NamedModels, OpenModel } from '../models/models.js';
import { type EngineKind, engineKindOf } from '../rpc/engine-kind.js';
import { type EngineLoad, isComputeResult, isLoadResult, type NamedEngineTensor } from '../rpc/engine-protocol.js';
import type { HubEvent, MeasuredOperation } from '../rpc/events.js';
import type { Limits } from '../rpc/limits.js';
import { buffersOf } from '../rpc/transfer.js';
import { abortable } from '../standard/abortable.js';
import type { Device, FallbackPolicy, FallbackStep } from '../standard/device.js';
import { quote, WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphEncoding } from '../standard/graph.js';
import type { PlainError } from '../standard/plain-error.js';
import type { DeclaredTensors } from '../standard/tensor.js';
import type { TextEnd, TextModel } from '../standard/text.js';
import type { Dispatcher, Job } from './dispatcher.js';
import type { EngineMethod, EngineProcess } from './engine-process.js';
import type { HeapWatch } from './heap-watch.js';
import { isLanguageModel } from './language-model.js';

/** What a graph is loaded from, again in each engine. */
type Source =
  | NamedSource
  | { readonly parts: readonly Blob[]; readonly encoding: GraphEncoding; readonly target: ExecutionTarget };

interface NamedSource {
  readonly name: string;
  /** Settings for a language model, as JSON. */
  readonly configuration?: string | undefined;
}

/** A graph, which several clients may hold where it was loaded by name. */
export interface Graph {
  readonly id: number;
  readonly source: Source;
  readonly kind: EngineKind;
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
  deviceRoom(): { readonly tensors: number; readonly bytes: number };
}

export interface Computed {
  readonly outputs: readonly NamedEngineTensor[];
  /** The engine that has those outputs which stay on a device. */
  readonly engine: EngineProcess;
}

export interface Graphs {
  load(source: Exclude<Source, { readonly name: string }>, call: Call): Promise<Graph>;
  /** Loads a model of the registry, or takes a hold of the graph where it is loaded or on its way. */
  loadByName(name: string, call: Call, configuration?: string): Promise<Graph>;
  compute(graph: Graph, computation: Computation, call: Call): Promise<Computed>;
  /** Does something with an engine that has the graph, which is loaded again where its engine has ended. */
  use<Result>(graph: Graph, call: Call, action: Job<Result>): Promise<Result>;
  /** Measures a text that has ended. @param began when the engine was found to work on it */
  reportText(graph: Graph, came: number, began: number, end: TextEnd): void;
  /** Lets go of a graph; the last to do so unloads it. */
  release(graph: Graph, client: number): Promise<void>;
  /** Has an engine do something, and measures it. */
  request(engine: EngineProcess, method: EngineMethod, parameters: unknown, call: RequestOptions): Promise<unknown>;
}

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

/** How a graph is loaded, and the files that are transferred. */
interface Loadable {
  readonly load: Omit<EngineLoad, 'graph'>;
  readonly transfer: ArrayBuffer[];
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

  /** Fetches what a graph is loaded from. A name is looked up each time, so an engine's end costs a guest no model. */
  async function open(source: Source, signal: AbortSignal): Promise<Loadable & { readonly target: ExecutionTarget }> {
    if ('parts' in source) {
      const { parts, encoding, target } = source;
      return { load: { parts, encoding, options: { target, fallback } }, transfer: [], target };
    }
    const model = await models.open(source.name, signal);
    const load = toLoad(model, fallback);
    const transfer = model.parts.map(({ buffer }) => buffer);
    return { load: await configure(load, source.configuration), transfer, target: model.target };
  }

  /** Loads into an engine, which is the job's. */
  async function loadInto(
    engine: EngineProcess,
    id: number,
    source: Source,
    { load, transfer }: Loadable,
    came: number,
  ) {
    const graph = { id, source };
    const result = await request(engine, 'load', { ...load, graph: id }, { operation: 'load', came, graph, transfer });
    if (!isLoadResult(result)) throw new TypeError('load: the engine gave an answer of the wrong kind');
    if ('isDamaged' in result) {
      // No graph needs what this load has made the heap grow by.
      heapWatch.forget(id);
      // Bytes that are no model may be mended by the time they are asked for again.
      if (result.isDamaged && 'name' in source) await models.forget(source.name);
      throw explain(source, result.error);
    }
    const { steps, ...loaded } = result;
    reportFallback(source, load.options.target, steps, loaded.device);
    onEvent({ type: 'load', ...labelOf(source), ...loaded });
    return loaded;
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
    const { target, ...loadable } = await open(source, signal);
    const kind = hasTextEngine && (await isLanguageModel(loadable.load)) ? 'text' : engineKindOf(target);
    const id = nextId++;
    const job: Job<Graph> = async (engine) => {
      const { device, ...loaded } = await loadInto(engine, id, source, loadable, came);
      return { id, source, kind, target, ...loaded, device, engine, hold };
    };
    return dispatchers[kind].run(client, job, signal);
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

  /** @param loadable what the graph is loaded from where the engine does not have it. Default: nothing is done then */
  function jobOn<Result>(
    graph: Graph,
    action: Job<Result>,
    loadable?: Loadable,
  ): Job<{ readonly result: Result } | undefined> {
    return async (engine) => {
      if (graph.engine !== engine) {
        if (!loadable) return undefined;
        const { device } = await loadInto(engine, graph.id, graph.source, loadable, performance.now());
        Object.assign(graph, { device, engine });
      }
      return { result: await action(engine) };
    };
  }

  async function use<Result>(graph: Graph, { client, signal }: Call, action: Job<Result>): Promise<Result> {
    const dispatcher = dispatchers[graph.kind];
    const isLoaded = !graph.engine?.ended.aborted;
    const done = isLoaded && (await dispatcher.run(client, jobOn(graph, action), signal));
    if (done) return done.result;
    // The engine that had the graph has ended. The files are fetched before the next engine is occupied with them.
    const loadable = await open(graph.source, signal);
    const doneAnew = await dispatcher.run(client, jobOn(graph, action, loadable), signal);
    if (doneAnew) return doneAnew.result;
    throw new TypeError('compute: the graph was not loaded');
  }

  function compute(graph: Graph, computation: Computation, call: Call): Promise<Computed> {
    return use(graph, call, async (engine) => {
      const inputs = computation.inputs(engine);
      const { tensorBytes: outputBytes } = limits;
      const parameters = { graph: graph.id, inputs, outputBytes, deviceRoom: computation.deviceRoom() };
      const options = { operation: 'compute', came: call.came, graph, transfer: buffersOf(inputs) } as const;
      const result = await request(engine, 'compute', parameters, options);
      if (!isComputeResult(result)) throw new TypeError('compute: the engine gave an answer of the wrong kind');
      graph.device = result.device;
      reportFallback(graph.source, graph.target, result.steps ?? [], result.device);
      return { outputs: result.outputs, engine };
    });
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

  return {
    load: (source, call) => loadNew(source, call, { count: 1 }),
    loadByName,
    compute,
    use,
    reportText,
    request,
    async release(graph, client) {
      graph.hold.count--;
      if (graph.hold.count === 0) await unload(graph, client);
    },
  };
}

/** The options of the registry, with the defaults of the page. */
function toLoad(model: OpenModel, fallback: FallbackPolicy): Loadable['load'] {
  const { parts, encoding, backend, files, target, freeDimensions, graphOptimization } = model;
  const { warmup = false, verify, outputs = 'bytes' } = model;
  return {
    parts,
    encoding,
    ...(backend !== undefined && { backend }),
    ...(files && { files }),
    options: {
      target,
      fallback: model.fallback ?? fallback,
      warmup,
      ...(verify !== undefined && { verify }),
      outputs,
      ...(freeDimensions && { freeDimensions }),
      ...(graphOptimization && { graphOptimization }),
    },
  };
}

/** A language model's settings are its last part, as in WasmEdge. */
async function configure(load: Loadable['load'], configuration: string | undefined): Promise<Loadable['load']> {
  if (!configuration || !(await isLanguageModel(load))) return load;
  return { ...load, parts: [...load.parts, new TextEncoder().encode(configuration)] };
}

/** Clients share a graph that they load by the same name with the same settings. */
function keyOf({ name, configuration = '' }: NamedSource): string {
  return JSON.stringify([name, configuration]);
}

function labelOf(source: Source | undefined): { readonly name?: string } {
  return source && 'name' in source ? { name: source.name } : {};
}

/** Tells which model could not be loaded, where it has a name. */
function explain(source: Source, { code, message }: PlainError): WasiNNError {
  return new WasiNNError(code, 'name' in source ? `load-by-name: model ${quote(source.name)}: ${message}` : message);
}
