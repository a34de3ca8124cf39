import type { Device } from '../standard/device.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { DeclaredTensors, TensorShape, TensorValue } from '../standard/tensor.js';
import type { TextModel, TextProgress, TextRequest } from '../standard/text.js';
import type { Awaitable } from './awaitable.js';

export type { Awaitable } from './awaitable.js';

/** A graph as its holder knows it. */
export interface GraphInfo {
  /** Valid for the client that it came from alone, and never used again by it. */
  readonly id: number;
  readonly backend: string;
  readonly device: Device;
  readonly inputs: DeclaredTensors;
  readonly outputs: DeclaredTensors;
  /** For a language model. */
  readonly text?: TextModel;
}

/**
 * An output that has stayed on the device that computed it, and the number by which the client that it came from knows
 * it. Computations of the same client take it as an input; it is there until it is released.
 */
export interface DeviceTensorReference extends TensorShape {
  readonly deviceTensor: number;
}

export type ClientTensor = TensorValue | DeviceTensorReference;

export type NamedClientTensor = readonly [name: string, tensor: ClientTensor];

/** The value of a tensor as a message has it: its sender may share the bytes. */
export interface SentValue extends TensorShape {
  readonly data: Uint8Array;
}

export type SentTensor = SentValue | DeviceTensorReference;

export type NamedSentTensor = readonly [name: string, tensor: SentTensor];

export function isOnDevice(tensor: SentTensor): tensor is DeviceTensorReference {
  return 'deviceTensor' in tensor;
}

export interface NamedLoadOptions {
  /** Settings for a language model, as JSON. Other models have no use for them. */
  readonly configuration?: string;
}

export interface ComputeOptions {
  /** Whether the caller goes on using the inputs. Default: their buffers may be transferred. */
  readonly keepsInputs?: boolean;
}

/**
 * The engine, as one guest reaches it. Its operations throw (or reject with) a `WasiNNError`.
 *
 * Tensors and builders that are passed in are the engine's from then on, unless an option says otherwise: their buffers may
 * be transferred.
 */
export interface InferenceClient {
  /** Loads a model from its parts. */
  load(parts: readonly GraphBuilder[], encoding: GraphEncoding, target: ExecutionTarget): Awaitable<GraphInfo>;
  /**
   * Loads a model of the registry; guests that load the same name share one session.
   *
   * Guests that give other settings have a session of their own.
   */
  loadByName(name: string, options?: NamedLoadOptions): Awaitable<GraphInfo>;
  /**
   * Runs a graph once. All inputs must be given; all outputs come back, in the order of the model. Those of a graph that
   * was registered with `outputs: 'device'` may stay on the device.
   */
  compute(
    graph: number,
    inputs: readonly NamedClientTensor[],
    options?: ComputeOptions,
  ): Awaitable<readonly NamedClientTensor[]>;
  /** Gives a graph back. Unknown ids are ignored, so that giving back twice is harmless. */
  unload(graph: number): Awaitable<void>;
  /** The value of a tensor on a device. The tensor stays there. */
  readTensor(deviceTensor: number): Awaitable<TensorValue>;
  /** Gives the place of a tensor on a device back. Unknown numbers are ignored. */
  releaseTensor(deviceTensor: number): Awaitable<void>;
  /** Has a language model begin a text. It is generated whether or not it is read. @returns the text's number */
  startText(graph: number, request: TextRequest): Awaitable<number>;
  /** Waits for the next pieces of a text. A text that has ended, or fails, is forgotten. */
  readText(text: number): Awaitable<TextProgress>;
  /** Ends a text. Unknown numbers are ignored. */
  stopText(text: number): Awaitable<void>;
}

/** One file of a model: its bytes, or where to read them. */
export type ModelPart = GraphBuilder | Blob;

export interface CallOptions {
  /** Gives the call up: it rejects with the signal's reason, and the hub drops it from its queue. */
  readonly signal?: AbortSignal | undefined;
}

/** A client in another thread than the hub's, which takes parts of either kind, and whose calls can be given up. */
export interface RemoteInferenceClient extends InferenceClient {
  load(
    parts: readonly ModelPart[],
    encoding: GraphEncoding,
    target: ExecutionTarget,
    options?: CallOptions,
  ): Awaitable<GraphInfo>;
  loadByName(name: string, options?: CallOptions & NamedLoadOptions): Awaitable<GraphInfo>;
  compute(
    graph: number,
    inputs: readonly NamedClientTensor[],
    options?: CallOptions & ComputeOptions,
  ): Awaitable<readonly NamedClientTensor[]>;
}
