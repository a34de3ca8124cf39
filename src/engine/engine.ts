import type { Backend, BackendGraph, Device, FallbackStep, LoadOptions } from '../backends/backend.js';
import { chooseBackend, namedBackend } from '../backends/choose-backend.js';
import type { NamedModels } from '../models/models.js';
import { quote, toWasiNNError, WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { DeclaredTensors } from '../standard/tensor.js';
import { matchInputs } from './inputs.js';
import type { EngineLink, GraphInfo } from './link.js';

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

/** What the engine tells the page while it works. */
export type EngineEvent = LoadEvent | FallbackEvent;

export interface EngineOptions {
  readonly backends: readonly Backend[];
  readonly models: NamedModels;
  onEvent(event: EngineEvent): void;
}

/** Where graphs live. */
export interface Engine {
  /** Opens a link of its own for a guest: its graph ids mean nothing to any other. */
  connect(): EngineConnection;
}

/** The direct link: same thread, answers are promises. */
export interface EngineConnection extends EngineLink {
  /** Gives back all graphs of the guest; calls that come later fail. */
  close(): Promise<void>;
}

/** One handle's hold on a graph, which may be shared with others. */
interface Hold {
  readonly backend: string;
  readonly graph: BackendGraph;
  release(): Promise<void>;
}

type LoadedGraph = Omit<Hold, 'release'>;

/** A graph that was loaded by name, and how many hold it; it goes with the last of them. */
interface NamedGraph {
  readonly loading: Promise<LoadedGraph>;
  holders: number;
}

export function createEngine({ backends, models, onEvent }: EngineOptions): Engine {
  const namedGraphs = new Map<string, NamedGraph>();

  async function loadOn(
    backend: Backend,
    parts: readonly GraphBuilder[],
    options: LoadOptions,
    label: { readonly name?: string } = {},
  ): Promise<LoadedGraph> {
    const graph = await backend.load(parts, options);
    const { device, inputs, outputs, fallback } = graph;
    if (fallback.length > 0) onEvent({ type: 'fallback', ...label, target: options.target, steps: fallback, device });
    onEvent({ type: 'load', ...label, backend: backend.name, device, inputs, outputs });
    return { backend: backend.name, graph };
  }

  async function loadNamed(name: string): Promise<LoadedGraph> {
    const { backend: named, parts, encoding, target, freeDimensions, graphOptimization } = await models.open(name);
    try {
      const backend = named ? namedBackend(backends, named) : chooseBackend(backends, parts, encoding);
      return await loadOn(backend, parts, { target, freeDimensions, graphOptimization }, { name });
    } catch (cause) {
      const error = toWasiNNError(cause, 'load');
      if (error.code === 'invalid-encoding') await models.forget(name);
      throw new WasiNNError(error.code, `load-by-name: model ${quote(name)}: ${error.message}`, { cause });
    }
  }

  async function holdNamed(name: string): Promise<Hold> {
    const named = namedGraphs.get(name) ?? { loading: loadNamed(name), holders: 0 };
    namedGraphs.set(name, named);
    named.holders++;
    const leave = async () => {
      if (--named.holders > 0) return;
      namedGraphs.delete(name);
      const { graph } = await named.loading;
      await graph.dispose();
    };
    try {
      return { ...(await named.loading), release: leave };
    } catch (cause) {
      if (namedGraphs.get(name) === named) namedGraphs.delete(name);
      throw cause;
    }
  }

  return {
    connect: () =>
      connect({
        async load(parts, encoding, target) {
          const loaded = await loadOn(chooseBackend(backends, parts, encoding), parts, { target });
          return { ...loaded, release: () => loaded.graph.dispose() };
        },
        loadByName: holdNamed,
      }),
  };
}

interface Loader {
  load(parts: readonly GraphBuilder[], encoding: GraphEncoding, target: ExecutionTarget): Promise<Hold>;
  loadByName(name: string): Promise<Hold>;
}

function connect(loader: Loader): EngineConnection {
  const graphs = new Map<number, Hold>();
  let nextId = 0;
  let closed = false;

  async function open(loading: Promise<Hold>): Promise<GraphInfo> {
    const hold = await loading.catch(explain('load'));
    if (closed) {
      await hold.release();
      throw disposed();
    }
    const id = nextId++;
    graphs.set(id, hold);
    const { device, inputs, outputs } = hold.graph;
    return { id, backend: hold.backend, device, inputs, outputs };
  }

  return {
    async load(parts, encoding, target) {
      if (closed) throw disposed();
      return open(loader.load(parts, encoding, target));
    },
    async loadByName(name) {
      if (closed) throw disposed();
      return open(loader.loadByName(name));
    },
    async compute(id, inputs) {
      const hold = graphs.get(id);
      if (!hold) {
        throw new WasiNNError(
          'invalid-argument',
          `compute: there is no graph ${id}: it was never loaded or is unloaded`,
        );
      }
      return hold.graph.compute(matchInputs(hold.graph.inputs, inputs)).catch(explain('compute'));
    },
    async unload(id) {
      const hold = graphs.get(id);
      graphs.delete(id);
      await hold?.release().catch(explain('unload'));
    },
    async close() {
      closed = true;
      const holds = [...graphs.values()];
      graphs.clear();
      await Promise.all(holds.map((hold) => hold.release()));
    },
  };
}

/** What a backend throws may be anything, bare numbers included. */
function explain(operation: string): (cause: unknown) => never {
  return (cause) => {
    throw toWasiNNError(cause, operation);
  };
}

function disposed(): WasiNNError {
  return new WasiNNError('runtime-error', 'this guest has been disposed of: instantiate it again');
}
