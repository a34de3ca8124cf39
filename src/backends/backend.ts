import type { AvoidedProviders, Device, FallbackPolicy, FallbackStep, ProviderAbort } from '../standard/device.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding, OutputPlace, Verify } from '../standard/graph.js';
import type { DeclaredTensors, NamedTensor, TensorShape, TensorValue } from '../standard/tensor.js';
import type { TextModel, TextProgress, TextRequest } from '../standard/text.js';

export { type Device, type FallbackPolicy, type FallbackStep, type Provider, providers } from '../standard/device.js';

/** An output that has stayed on the device that computed it. */
export interface DeviceTensor extends TensorShape {
  /** Its bytes, which are the caller's. */
  read(): Promise<Uint8Array<ArrayBuffer>>;
  /** Gives its place on the device back. Called once, when no computation with it is under way. */
  dispose(): Promise<void>;
}

/** A loaded graph, as the engine sees it. */
export interface BackendGraph {
  readonly inputs: DeclaredTensors;
  readonly outputs: DeclaredTensors;
  readonly device: Device;
  readonly fallback: readonly FallbackStep[];
  /**
   * Runs the graph once. The engine has checked names, types and shapes against `inputs`, and byte lengths against types
   * and shapes. The bytes are the backend's own.
   *
   * @param inputs by their names, in the order that they were given in
   * @returns all outputs in the order of the model; their bytes are the engine's, which may transfer their buffers
   */
  compute(inputs: ReadonlyMap<string, TensorValue>): Promise<NamedTensor[]>;
  /**
   * As `compute`, for a runtime that has devices: inputs may be outputs of any of its graphs, which stay as they are, and
   * outputs are left on the device where the graph was loaded so. Default: all tensors come and go as bytes.
   */
  computeOnDevice?(
    inputs: ReadonlyMap<string, TensorValue | DeviceTensor>,
  ): Promise<readonly (readonly [name: string, tensor: TensorValue | DeviceTensor])[]>;
  /** Gives the graph back. Called once, when no computation of it is under way. */
  dispose(): Promise<void>;
}

/** A text that a graph generates. */
export interface TextGeneration {
  /**
   * What has come since. Waits for the first piece, but not longer than that.
   *
   * @throws WasiNNError `invalid-argument` for a request that cannot be, `runtime-error` where the runtime fails
   */
  read(milliseconds: number): Promise<TextProgress>;
  /** Ends the text. Stopping twice, or at the end, is harmless. */
  stop(): void;
}

/** A loaded language model. It generates texts in place of computing tensors. */
export interface TextGraph extends Pick<BackendGraph, 'inputs' | 'outputs' | 'device' | 'fallback'> {
  readonly text: TextModel;
  /**
   * Begins a text. It is generated after those before it, whether or not it is read.
   *
   * @throws WasiNNError `invalid-argument` or `invalid-encoding` for a prompt or a configuration that is none
   */
  generate(request: TextRequest): TextGeneration;
  /** Gives the graph back. Texts that are under way end. */
  dispose(): Promise<void>;
}

/** What is kept of the conversions of one model, between visits. */
export interface Conversions {
  /**
   * @param key tells the conversion from all others of the model; of letters, digits and hyphens
   * @returns what was kept; nothing where there is nothing, or no cache. Does not reject. The bytes are the caller's
   */
  find(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Keeps a conversion where there is room. It does not report whether it was kept.
   *
   * @param content its bytes, one part after another; they must stay as they are
   */
  keep(key: string, content: readonly Uint8Array[]): void;
}

/** How a graph is to be loaded. */
export interface LoadOptions {
  readonly target: ExecutionTarget;
  /** Default `true`. */
  readonly fallback?: FallbackPolicy;
  /** Lengths for axes that the model leaves open, by the axes' names. */
  readonly freeDimensions?: Readonly<Record<string, number>>;
  /** Called where the graph runs elsewhere after all, once it has been loaded: its first computation failed there. */
  readonly onMove?: (steps: readonly FallbackStep[], device: Device) => void;
  /**
   * Whether to compute once on made-up inputs while the graph is loaded, so that the first computation need not wait for
   * shaders to be compiled. Default: no.
   */
  readonly warmup?: boolean;
  /** Whether to compare outputs with those of WebAssembly, going on to the next device where they disagree. Default `first`. */
  readonly verify?: Verify;
  /** Whether outputs stay on the device that computed them until their bytes are asked for. Default: they come as bytes. */
  readonly outputs?: OutputPlace;
  /** Where a backend that converts the model keeps what it makes of it. Absent for a model that no cache keeps. */
  readonly conversions?: Conversions;
  /**
   * Providers that are not tried, and why: this model has made a runtime abort there. With `wasm` among them, outputs are
   * not compared with those of WebAssembly. Default: none.
   */
  readonly avoid?: AvoidedProviders;
  /**
   * Called where the model makes a runtime abort, or lose its device, while it is loaded or first computed. If the call
   * fails then, it can be made again in another thread, with the provider among those to `avoid`. Default: the graph goes on
   * to what else serves in this thread.
   */
  readonly onAbort?: (abort: ProviderAbort) => void;
  /** What another thread has tried in vain. Nothing is tried but WebAssembly then. Default: nothing. */
  readonly tried?: readonly FallbackStep[];
  /**
   * Whether another thread is to run the graph where only WebAssembly is left: `load` throws an `OnlyWasmLeftError` then, if
   * it knows so before a graph is made. Default: no.
   */
  readonly leavesWasm?: boolean;
  /** How much the runtime rewrites the graph; default `all`. */
  readonly graphOptimization?: 'disabled' | 'basic' | 'extended' | 'all';
}

/** A machine-learning runtime that serves one or more encodings. The engine calls it, and its graphs, once at a time. */
export interface Backend<Graph = BackendGraph> {
  readonly name: string;
  readonly encodings: readonly GraphEncoding[];
  /** How much memory the runtime has taken, in bytes, for what is loaded and what was; where it can tell. */
  heapBytes?(): number;
  /**
   * Starts the runtime for graphs on the CPU, before the first of them comes. A load that comes meanwhile waits for it. It never
   * rejects: a load meets whatever is wrong again, and can report it.
   */
  prepare?(): Promise<void>;
  /**
   * @param parts the model's files, in the order of its encoding
   * @throws WasiNNError `invalid-encoding` for bytes that do not parse, `invalid-argument` for a wrong number of
   *   parts, `too-large` for absurdly many, `unsupported-operation` for what the runtime or the browser cannot do,
   *   `security` for what it does not permit, `runtime-error` for the rest
   */
  load(parts: readonly GraphBuilder[], options: LoadOptions): Promise<Graph>;
}
