import type { Backend, Caller, Device, FallbackPolicy, FallbackStep, LoadOptions } from '../backends/backend.js';
import { chooseBackend, namedBackend, UnservedError } from '../backends/choose-backend.js';
import type { ConvertedModels, NamedModels, OpenModel } from '../models/models.js';
import { quote, toWasiNNError, WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { DeclaredTensors } from '../standard/tensor.js';
import {
  connect,
  type EngineConnection,
  type Hold,
  type LoadedGraph,
  type OpenConnection,
  type Timing,
} from './connection.js';
import { createConversionKeeper } from './conversions.js';
import { createHeapWatch } from './heap-watch.js';
import { defaultLimits, type Limits } from './limits.js';
import type { TurnRecorder } from './turns.js';

/** A graph was loaded. */
export interface LoadEvent {
  readonly type: 'load';
  /** The name it was loaded by; absent for a graph that a guest loaded from bytes. */
  readonly name?: string;
  readonly backend: string;
  readonly device: Device;
  readonly inputs: DeclaredTensors;
  readonly outputs: DeclaredTensors;
}

/** A graph runs elsewhere than it was asked to. */
export interface FallbackEvent {
  readonly type: 'fallback';
  readonly name?: string;
  /** What was asked for. */
  readonly target: ExecutionTarget;
  /** What was tried, in this order, and why it does not serve. */
  readonly steps: readonly FallbackStep[];
  /** What serves. */
  readonly device: Device;
}

/** How long a call took. */
export interface MeasureEvent extends Timing {
  readonly type: 'measure';
}

/** What the engine tells the page while it works. */
export type EngineEvent = LoadEvent | FallbackEvent | MeasureEvent;

/** What the engine has at the moment. */
export interface EngineStats {
  /** How many guests there are, the page itself included where it has loaded graphs. */
  readonly guests: number;
  /** The graphs that they hold; those loaded by the same name are one, held several times. */
  readonly graphs: number;
  /** The calls that wait or are under way. */
  readonly calls: number;
  /** How much memory the runtimes have taken, in bytes. */
  readonly heapBytes: number;
  /** How many bytes of tensors have stayed on devices (`outputs: 'device'`). */
  readonly deviceBytes: number;
}

export interface EngineOptions {
  readonly backends: readonly Backend[];
  readonly models: NamedModels;
  /** Where conversions of named models are kept. Default: nowhere. */
  readonly convertedModels?: ConvertedModels;
  /** Default: {@link defaultLimits}. Those of time are kept by whoever reads the turns. */
  readonly limits?: Limits;
  /** Where graphs may fall back to, unless the registry says otherwise. Default: anywhere. */
  readonly fallback?: FallbackPolicy;
  /** Where turns are written down. Default: nowhere. */
  readonly turns?: TurnRecorder;
  /** Whether calls are measured. Default: no. */
  readonly measure?: boolean;
  /** Called when nothing is under way and the runtimes have kept far more memory than what is loaded has needed. */
  readonly onOutgrown?: (reason: string) => void;
  onEvent(event: EngineEvent): void;
}

export type { EngineConnection };

/** Where graphs live. */
export interface Engine {
  /** Opens a link of its own for a guest: its graph ids mean nothing to any other. */
  connect(guest?: number): EngineConnection;
  stats(): EngineStats;
}

/** Turns that nobody reads. */
const unrecorded: TurnRecorder = { begin: () => () => undefined };

/** A graph that is loaded by name; it goes with the last of its holders. */
interface NamedGraph {
  readonly loading: Promise<LoadedGraph>;
  /** Those that hold it or wait for it. */
  holders: number;
  /** Those of them that have gone while they waited. */
  gone: number;
  /** Ends the download, while it goes on. */
  download: AbortController | undefined;
}

export function createEngine({
  backends,
  models,
  convertedModels,
  limits = defaultLimits,
  turns = unrecorded,
  fallback = true,
  measure = false,
  onOutgrown = () => undefined,
  onEvent,
}: EngineOptions): Engine {
  const namedGraphs = new Map<string, NamedGraph>();
  const keeper = createConversionKeeper(convertedModels);
  const connections = new Set<OpenConnection>();
  const onTiming = measure ? (timing: Timing) => onEvent({ type: 'measure', ...timing }) : undefined;
  const heapBytes = () => backends.reduce((total, backend) => total + (backend.heapBytes?.() ?? 0), 0);
  const heapWatch = createHeapWatch({ heapBytes, isIdle, onOutgrown });

  async function loadOn(
    backend: Backend,
    parts: readonly GraphBuilder[],
    options: LoadOptions,
    caller: Caller,
    label: { readonly name?: string } = {},
  ): Promise<LoadedGraph> {
    const onMove = (steps: readonly FallbackStep[], device: Device) =>
      onEvent({ type: 'fallback', ...label, target: options.target, steps, device });
    const { charge, close } = heapWatch.open();
    const graph = await backend.load(parts, { ...options, onMove }, charge(caller)).catch((cause) => {
      close();
      throw cause;
    });
    const { device, inputs, outputs, fallback: steps } = graph;
    if (steps.length > 0) onMove(steps, device);
    onEvent({ type: 'load', ...label, backend: backend.name, device, inputs, outputs });
    const dispose = async () => {
      try {
        await graph.dispose();
      } finally {
        close();
      }
    };
    return { ...label, backend: backend.name, graph, charge, dispose };
  }

  function stats(): EngineStats {
    const usages = Array.from(connections, (connection) => connection.usage());
    return {
      guests: usages.length,
      graphs: usages.reduce((total, { graphs }) => total + graphs, 0),
      calls: usages.reduce((total, { calls }) => total + calls, 0),
      deviceBytes: usages.reduce((total, { deviceBytes }) => total + deviceBytes, 0),
      heapBytes: heapBytes(),
    };
  }

  /** What an engine has on devices goes with it. */
  function isIdle(): boolean {
    const { calls, deviceBytes } = stats();
    return calls === 0 && deviceBytes === 0;
  }

  async function loadOpened(name: string, model: OpenModel, caller: Caller): Promise<LoadedGraph> {
    const { backend: named, parts, encoding, files, ...entry } = model;
    const { target, freeDimensions, graphOptimization, warmup = false, verify, outputs = 'bytes' } = entry;
    const conversions = keeper.forModel(files);
    const options = {
      target,
      freeDimensions,
      graphOptimization,
      warmup,
      ...(verify === undefined ? {} : { verify }),
      outputs,
      fallback: entry.fallback ?? fallback,
      ...(conversions && { conversions }),
    };
    try {
      const backend = named ? namedBackend(backends, named) : chooseBackend(backends, parts, encoding);
      return await loadOn(backend, parts, options, caller, { name });
    } catch (cause) {
      const error = toWasiNNError(cause, 'load');
      // Bytes that are no model may be mended by the time they are asked for again.
      const isNoModel = error.code === 'invalid-encoding' && !(error instanceof UnservedError);
      if (isNoModel) await models.forget(name);
      throw new WasiNNError(error.code, `load-by-name: model ${quote(name)}: ${error.message}`, { cause });
    }
  }

  function loadNamed(name: string, caller: Caller): NamedGraph {
    const download = new AbortController();
    const loading = models.open(name, download.signal).then((model) => {
      named.download = undefined;
      return loadOpened(name, model, caller);
    });
    const named: NamedGraph = { loading, holders: 0, gone: 0, download };
    namedGraphs.set(name, named);
    return named;
  }

  /** Whoever asks for the name from now on loads it anew. */
  function forgetNamed(name: string, named: NamedGraph): void {
    if (namedGraphs.get(name) === named) namedGraphs.delete(name);
  }

  async function holdNamed(name: string, caller: Caller, gone: AbortSignal): Promise<Hold> {
    const named = namedGraphs.get(name) ?? loadNamed(name, caller);
    named.holders++;
    const leave = async () => {
      if (--named.holders > 0) return;
      forgetNamed(name, named);
      const { dispose } = await named.loading;
      await dispose();
    };
    const giveUp = () => {
      named.gone++;
      if (named.gone < named.holders || !named.download) return;
      forgetNamed(name, named);
      named.download.abort(gone.reason);
    };
    gone.addEventListener('abort', giveUp, { once: true });
    try {
      return { ...(await named.loading), release: leave };
    } catch (cause) {
      forgetNamed(name, named);
      throw cause;
    } finally {
      gone.removeEventListener('abort', giveUp);
    }
  }

  const loader = {
    async load(parts: readonly GraphBuilder[], encoding: GraphEncoding, target: ExecutionTarget, caller: Caller) {
      const loaded = await loadOn(chooseBackend(backends, parts, encoding), parts, { target, fallback }, caller);
      return { ...loaded, release: loaded.dispose };
    },
    loadByName: holdNamed,
  };
  let nextGuest = 0;
  return {
    connect(guest = nextGuest++) {
      const connection = connect({ guest, loader, limits, turns, onTiming, onCallEnd: heapWatch.look });
      connections.add(connection);
      const close = () => {
        connections.delete(connection);
        return connection.close();
      };
      return { ...connection, close };
    },
    stats,
  };
}
