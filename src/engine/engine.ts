import type { Backend, Caller, Device, FallbackPolicy, FallbackStep, LoadOptions } from '../backends/backend.js';
import { chooseBackend, namedBackend } from '../backends/choose-backend.js';
import type { NamedModels } from '../models/models.js';
import { quote, toWasiNNError, WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { DeclaredTensors } from '../standard/tensor.js';
import { connect, type EngineConnection, type Hold, type LoadedGraph } from './connection.js';
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

/** What the engine tells the page while it works. */
export type EngineEvent = LoadEvent | FallbackEvent;

export interface EngineOptions {
  readonly backends: readonly Backend[];
  readonly models: NamedModels;
  /** Default: {@link defaultLimits}. Those of time are kept by whoever reads the turns. */
  readonly limits?: Limits;
  /** Where graphs may fall back to, unless the registry says otherwise. Default: anywhere. */
  readonly fallback?: FallbackPolicy;
  /** Where turns are written down. Default: nowhere. */
  readonly turns?: TurnRecorder;
  onEvent(event: EngineEvent): void;
}

export type { EngineConnection };

/** Where graphs live. */
export interface Engine {
  /** Opens a link of its own for a guest: its graph ids mean nothing to any other. */
  connect(guest?: number): EngineConnection;
}

/** Turns that nobody reads. */
const unrecorded: TurnRecorder = { begin: () => () => undefined };

/** A graph that was loaded by name, and how many hold it; it goes with the last of them. */
interface NamedGraph {
  readonly loading: Promise<LoadedGraph>;
  holders: number;
}

export function createEngine({
  backends,
  models,
  limits = defaultLimits,
  turns = unrecorded,
  fallback = true,
  onEvent,
}: EngineOptions): Engine {
  const namedGraphs = new Map<string, NamedGraph>();

  async function loadOn(
    backend: Backend,
    parts: readonly GraphBuilder[],
    options: LoadOptions,
    caller: Caller,
    label: { readonly name?: string } = {},
  ): Promise<LoadedGraph> {
    const onMove = (steps: readonly FallbackStep[], device: Device) =>
      onEvent({ type: 'fallback', ...label, target: options.target, steps, device });
    const graph = await backend.load(parts, { ...options, onMove }, caller);
    const { device, inputs, outputs, fallback: steps } = graph;
    if (steps.length > 0) onMove(steps, device);
    onEvent({ type: 'load', ...label, backend: backend.name, device, inputs, outputs });
    return { backend: backend.name, graph };
  }

  async function loadNamed(name: string, caller: Caller): Promise<LoadedGraph> {
    const { backend: named, parts, encoding, ...entry } = await models.open(name);
    const { target, freeDimensions, graphOptimization } = entry;
    const options = { target, freeDimensions, graphOptimization, fallback: entry.fallback ?? fallback };
    try {
      const backend = named ? namedBackend(backends, named) : chooseBackend(backends, parts, encoding);
      return await loadOn(backend, parts, options, caller, { name });
    } catch (cause) {
      const error = toWasiNNError(cause, 'load');
      if (error.code === 'invalid-encoding') await models.forget(name);
      throw new WasiNNError(error.code, `load-by-name: model ${quote(name)}: ${error.message}`, { cause });
    }
  }

  async function holdNamed(name: string, caller: Caller): Promise<Hold> {
    const named = namedGraphs.get(name) ?? { loading: loadNamed(name, caller), holders: 0 };
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

  const loader = {
    async load(parts: readonly GraphBuilder[], encoding: GraphEncoding, target: ExecutionTarget, caller: Caller) {
      const loaded = await loadOn(chooseBackend(backends, parts, encoding), parts, { target, fallback }, caller);
      return { ...loaded, release: () => loaded.graph.dispose() };
    },
    loadByName: holdNamed,
  };
  let nextGuest = 0;
  return { connect: (guest = nextGuest++) => connect({ guest, loader, limits, turns }) };
}
