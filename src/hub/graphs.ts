import type { NamedModels, OpenModel } from '../models/models.js';
import { type EngineKind, engineKindOf } from '../rpc/engine-kind.js';
import {
  type EngineLoad,
  isAbortedCompute,
  isComputeResult,
  isLoadResult,
  type NamedEngineTensor,
} from '../rpc/engine-protocol.js';
import type { HubEvent, MeasuredOperation } from '../rpc/events.js';
import type { Limits } from '../rpc/limits.js';
import { buffersOf } from '../rpc/transfer.js';
import { abortable } from '../standard/abortable.js';
import type { AvoidedProviders, Device, FallbackPolicy, FallbackStep, ProviderAbort } from '../standard/device.js';
import { quote, WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphEncoding } from '../standard/graph.js';
import type { PlainError } from '../standard/plain-error.js';
import type { DeclaredTensors } from '../standard/tensor.js';
import type { Dispatcher, Job } from './dispatcher.js';
import type { EngineMethod, EngineProcess } from './engine-process.js';
import type { HeapWatch } from './heap-watch.js';
import { createKnownAborts } from './known-aborts.js';

/** What a graph is loaded from, again in each engine. */
type Source =
  | { readonly name: string }
  | { readonly parts: readonly Blob[]; readonly encoding: GraphEncoding; readonly target: ExecutionTarget };

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
  /** Where it was last known to run. */
  device: Device;
  /** The engine that has it loaded; one that has ended has nothing. */
  engine: EngineProcess | undefined;
  readonly hold: Hold;
  readonly aborts: Aborts;
}

/** Providers on which a graph has made a runtime abort. It is loaded for others from then on. */
interface Aborts {
  avoid: AvoidedProviders;
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
  onEvent(event: HubEvent): void;
}

/** What a computation on an engine needs that is known only when its turn comes. */
export interface Computation {
  /** @throws WasiNNError where a tensor was lost with another engine */
  inputs(engine: EngineProcess): readonly NamedEngineTensor[];
  /** The engine has handed inputs back that were sent to it by value. */
  takeBack(inputs: readonly NamedEngineTensor[]): void;
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
  loadByName(name: string, call: Call): Promise<Graph>;
  compute(graph: Graph, computation: Computation, call: Call): Promise<Computed>;
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
  /** How many bytes all files have. */
  readonly bytes: number;
}

export function createGraphs({
  dispatchers,
  models,
  limits,
  fallback,
  heapWatch,
  measure,
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

  /** Fetches what a graph is loaded from. A name is looked up each time, so an engine's end costs a guest no model. */
  async function open(source: Source, signal: AbortSignal): Promise<Loadable & { readonly target: ExecutionTarget }> {
    if ('parts' in source) {
      const { parts, encoding, target } = source;
      const bytes = parts.reduce((total, { size }) => total + size, 0);
      return { load: { parts, encoding, options: { target, fallback } }, transfer: [], bytes, target };
    }
    const model = await models.open(source.name, signal);
    const bytes = model.parts.reduce((total, { byteLength }) => total + byteLength, 0);
    const transfer = model.parts.map(({ buffer }) => buffer);
    return { load: toLoad(model, fallback), transfer, bytes, target: model.target };
  }

  /**
   * Loads into an engine, which is the job's.
   *
   * @returns nothing where the model has made the engine's runtime abort: the next engine can load it, for another provider
   */
  async function loadInto(
    engine: EngineProcess,
    { id, source, aborts }: Pick<Graph, 'id' | 'source' | 'aborts'>,
    { load, transfer, bytes }: Loadable,
    came: number,
  ) {
    const known = knownAborts.ofLength(bytes);
    const parameters = { ...load, graph: id, avoid: aborts.avoid, known };
    const options = { operation: 'load', came, graph: { id, source }, transfer } as const;
    const result = await request(engine, 'load', parameters, options);
    if (!isLoadResult(result)) throw new TypeError('load: the engine gave an answer of the wrong kind');
    const isNews = result.abort !== undefined && noteAbort(aborts, engine, result.abort);
    const isCulprit = Object.keys(aborts.avoid).length > 0;
    if (isCulprit && result.digest !== undefined) knownAborts.remember(bytes, result.digest, aborts.avoid);
    if ('isDamaged' in result) {
      // No graph needs what this load has made the heap grow by.
      heapWatch.forget(id);
      if (isNews) return undefined;
      // Bytes that are no model may be mended by the time they are asked for again.
      if (result.isDamaged && 'name' in source) await models.forget(source.name);
      throw explain(source, result.error);
    }
    const { backend, device, inputs, outputs, steps } = result;
    const loaded = { backend, device, inputs, outputs };
    reportFallback(source, load.options.target, steps, device);
    onEvent({ type: 'load', ...labelOf(source), ...loaded });
    return loaded;
  }

  /**
   * Ends an engine whose runtime has aborted, and has the graph avoid the provider.
   *
   * @returns whether the graph has not avoided it before
   */
  function noteAbort(aborts: Aborts, engine: EngineProcess, { provider, reason }: ProviderAbort): boolean {
    engine.terminate(new WasiNNError('runtime-error', reason));
    if (provider in aborts.avoid) return false;
    aborts.avoid = { ...aborts.avoid, [provider]: reason };
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
    const aborts: Aborts = { avoid: {} };
    const id = nextId++;
    for (;;) {
      // Opened again for each engine: a named model's bytes have gone with the engine before.
      const { target, ...loadable } = await open(source, signal);
      const kind = engineKindOf(target);
      const job: Job<Graph | undefined> = async (engine) => {
        const loaded = await loadInto(engine, { id, source, aborts }, loadable, came);
        return loaded && { id, source, kind, target, ...loaded, engine, hold, aborts };
      };
      const graph = await dispatchers[kind].run(client, job, signal);
      if (graph) return graph;
    }
  }

  function startNamed(name: string, call: Call): NamedGraph {
    const abandon = new AbortController();
    const hold = { count: 0 };
    const loading = loadNew({ name }, { ...call, signal: abandon.signal }, hold);
    const entry = { loading, hold, abandon };
    named.set(name, entry);
    loading.then(
      (graph) => {
        if (hold.count === 0) unload(graph, call.client).catch(() => undefined);
      },
      () => forget(name, entry),
    );
    return entry;
  }

  /** Who asks for the name from now on loads it anew. */
  function forget(name: string, entry: NamedGraph): void {
    if (named.get(name) === entry) named.delete(name);
  }

  async function loadByName(name: string, call: Call): Promise<Graph> {
    const entry = named.get(name) ?? startNamed(name, call);
    entry.hold.count++;
    try {
      return await abortable(call.signal, entry.loading);
    } catch (cause) {
      entry.hold.count--;
      if (entry.hold.count === 0) {
        forget(name, entry);
        entry.abandon.abort(cause);
      }
      throw cause;
    }
  }

  async function unload(graph: Graph, client: number): Promise<void> {
    const { source, kind, engine, hold } = graph;
    // A later graph of the name stays.
    if ('name' in source && named.get(source.name)?.hold === hold) named.delete(source.name);
    heapWatch.forget(graph.id);
    if (!engine || engine.ended.aborted) return;
    const { computeMilliseconds: limit } = limits;
    await dispatchers[kind].run(client, async (current) => {
      if (current === engine) await engine.request('unload', graph.id, { limit });
    });
  }

  /**
   * @param loadable what the graph is loaded from where the engine does not have it. Without it nothing is computed then
   * @returns the job, which answers nothing where the next engine is to compute
   */
  function computeJob(
    graph: Graph,
    computation: Computation,
    came: number,
    loadable?: Loadable,
  ): Job<Computed | undefined> {
    return async (engine) => {
      if (graph.engine !== engine) {
        if (!loadable) return undefined;
        const loaded = await loadInto(engine, graph, loadable, performance.now());
        if (!loaded) return undefined;
        Object.assign(graph, { device: loaded.device, engine });
      }
      const inputs = computation.inputs(engine);
      const { tensorBytes: outputBytes } = limits;
      const parameters = { graph: graph.id, inputs, outputBytes, deviceRoom: computation.deviceRoom() };
      const options = { operation: 'compute', came, graph, transfer: buffersOf(inputs) } as const;
      const result = await request(engine, 'compute', parameters, options);
      if (isAbortedCompute(result)) {
        if (!noteAbort(graph.aborts, engine, result.abort))
          throw new TypeError(`compute: ${result.abort.reason} again`);
        computation.takeBack(result.inputs);
        return undefined;
      }
      if (!isComputeResult(result)) throw new TypeError('compute: the engine gave an answer of the wrong kind');
      if (result.abort) noteAbort(graph.aborts, engine, result.abort);
      graph.device = result.device;
      reportFallback(graph.source, graph.target, result.steps ?? [], result.device);
      return { outputs: result.outputs, engine };
    };
  }

  async function compute(graph: Graph, computation: Computation, { client, came, signal }: Call): Promise<Computed> {
    for (;;) {
      // The files are fetched before the next engine is occupied with them.
      const isLoaded = graph.engine?.ended.aborted === false;
      const loadable = isLoaded ? undefined : await open(graph.source, signal);
      const job = computeJob(graph, computation, came, loadable);
      const computed = await dispatchers[graph.kind].run(client, job, signal);
      if (computed) return computed;
    }
  }

  return {
    load: (source, call) => loadNew(source, call, { count: 1 }),
    loadByName,
    compute,
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

function labelOf(source: Source | undefined): { readonly name?: string } {
  return source && 'name' in source ? { name: source.name } : {};
}

/** Tells which model could not be loaded, where it has a name. */
function explain(source: Source, { code, message }: PlainError): WasiNNError {
  return new WasiNNError(code, 'name' in source ? `load-by-name: model ${quote(source.name)}: ${message}` : message);
}
