import type { Device } from '../backends/backend.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { DeclaredTensors, NamedTensor } from '../standard/tensor.js';
import type { Awaitable } from './awaitable.js';

export type { Awaitable } from './awaitable.js';

/** A graph as its holder knows it. */
export interface GraphInfo {
  /** Valid for the link that it came from alone, and never used again by it. */
  readonly id: number;
  readonly backend: string;
  readonly device: Device;
  readonly inputs: DeclaredTensors;
  readonly outputs: DeclaredTensors;
}

/**
 * The engine, as one guest reaches it. Its four operations throw (or reject with) a `WasiNNError`.
 *
 * Tensors and builders that are passed in are the engine's from then on: their buffers may be transferred.
 */
export interface EngineLink {
  /** Loads a model from its parts. */
  load(parts: readonly GraphBuilder[], encoding: GraphEncoding, target: ExecutionTarget): Awaitable<GraphInfo>;
  /** Loads a model of the registry; guests that load the same name share one session. */
  loadByName(name: string): Awaitable<GraphInfo>;
  /** Runs a graph once. All inputs must be given; all outputs come back, in the order of the model. */
  compute(graph: number, inputs: readonly NamedTensor[]): Awaitable<readonly NamedTensor[]>;
  /** Gives a graph back. Unknown ids are ignored, so that giving back twice is harmless. */
  unload(graph: number): Awaitable<void>;
}

/** One file of a model: its bytes, or where to read them. */
export type ModelPart = GraphBuilder | Blob;

/** A link over a port, which carries parts of either kind. */
export interface RemoteLink extends EngineLink {
  load(parts: readonly ModelPart[], encoding: GraphEncoding, target: ExecutionTarget): Awaitable<GraphInfo>;
}
