import type { AvoidedProviders, Device, FallbackPolicy, FallbackStep, ProviderAbort } from '../standard/device.js';
import type {
  ExecutionTarget,
  GraphBuilder,
  GraphEncoding,
  OutputPlace,
  PowerPreference,
  Verify,
} from '../standard/graph.js';
import { isObjectWith } from '../standard/is-object-with.js';
import type { PlainError } from '../standard/plain-error.js';
import type { DeclaredTensors, TensorValue } from '../standard/tensor.js';
import type { TextModel, TextRequest } from '../standard/text.js';
import type { NamedClientTensor } from './inference-client.js';

/**
 * What the hub and an engine's worker say to each other. The hub requests one thing at a time. An engine answers each
 * request with an {@link EngineResponse}. It requests `findConverted` and `keepConverted` of the hub while it works.
 */

export interface EngineConfiguration {
  readonly allowSoftwareAdapter: boolean;
  /** How many threads WebAssembly gets at most. Default: as many as there are cores, up to eight. */
  readonly threads: number | undefined;
  readonly powerPreference: PowerPreference;
  /** When outputs are compared with WebAssembly's, unless the registry says otherwise. */
  readonly verify: Verify;
  /** Backends that the page brings along; they come before the built-in ones. */
  readonly backends: ReadonlyMap<GraphEncoding, string>;
  /** The lock that the engine holds as long as it lives (`worker-watch.ts`). */
  readonly workerLock: string;
}

/** How a graph is to be loaded (`LoadOptions` of `backends/backend.ts`). */
export interface GraphOptions {
  readonly target: ExecutionTarget;
  readonly fallback: FallbackPolicy;
  readonly freeDimensions?: Readonly<Record<string, number>>;
  readonly graphOptimization?: 'disabled' | 'basic' | 'extended' | 'all';
  readonly warmup?: boolean;
  readonly verify?: Verify;
  readonly outputs?: OutputPlace;
  /** Whether to hand the load back where only WebAssembly is left, for the engine of the CPU. */
  readonly leavesWasm?: boolean;
  /** What the accelerator's engine has tried in vain: only WebAssembly is left. */
  readonly tried?: readonly FallbackStep[];
}

/** Loads a graph under a number that the hub chooses. */
export interface EngineLoad {
  readonly graph: number;
  /** The files of a model, or where the engine reads them. */
  readonly parts: readonly (GraphBuilder | Blob)[];
  readonly encoding: GraphEncoding;
  /** A backend that needs no model. */
  readonly backend?: string;
  readonly options: GraphOptions;
  /** The keys of the model's files in the cache, where conversions of it are kept. */
  readonly files?: readonly string[];
  /** Providers on which this graph has made a runtime abort. */
  readonly avoid?: AvoidedProviders;
  /** Models of as many bytes that have made a runtime abort: this may be one of them. */
  readonly known?: readonly AvoidingModel[];
}

/** A model that has made a runtime abort. */
export interface AvoidingModel {
  /** A digest of its files, which engines make. */
  readonly digest: string;
  readonly avoid: AvoidedProviders;
}

/** What an engine adds to its answer about a model that makes a runtime abort. The engine can do no more after an abort. */
export interface AbortReport {
  /** The runtime has aborted in this call. Where the call has failed, the next engine can make it. */
  readonly abort?: ProviderAbort;
  /** The model's digest, where the runtime has aborted, or the load has providers to avoid or models to compare with. */
  readonly digest?: string;
}

export interface EngineGraph extends AbortReport {
  readonly backend: string;
  readonly device: Device;
  readonly inputs: DeclaredTensors;
  readonly outputs: DeclaredTensors;
  readonly steps: readonly FallbackStep[];
  /** For a language model, which generates texts in place of computing tensors. */
  readonly text?: TextModel;
}

/** Begins a text. */
export interface EngineTextStart {
  readonly graph: number;
  readonly request: TextRequest;
}

/** Asks for what has come of a text; waits for the first piece, but not longer than that. */
export interface EngineTextRead {
  readonly text: number;
  readonly milliseconds: number;
}

/** What a load ends with. */
export type EngineLoadResult = EngineGraph | EngineLoadFailure | OnlyWasmLeft;

/** Only WebAssembly is left, which the engine of the CPU runs. */
export interface OnlyWasmLeft extends AbortReport {
  readonly tried: readonly FallbackStep[];
  /** The files, which are handed back. */
  readonly parts: EngineLoad['parts'];
}

export interface EngineLoadFailure extends AbortReport {
  readonly error: PlainError;
  /** The bytes are no model at all. */
  readonly isDamaged: boolean;
}

/** A tensor by value, or on a device by the engine's own number for it. */
export type NamedEngineTensor = NamedClientTensor;

export interface EngineCompute {
  readonly graph: number;
  readonly inputs: readonly NamedEngineTensor[];
  /** How many bytes all outputs may have. */
  readonly outputBytes: number;
  /** How many tensors and how many bytes may stay on the device. What does not fit comes by value. */
  readonly deviceRoom: { readonly tensors: number; readonly bytes: number };
}

export interface EngineComputeResult {
  readonly outputs: readonly NamedEngineTensor[];
  readonly device: Device;
  /** The graph has moved to that device in this call, and why. */
  readonly steps?: readonly FallbackStep[];
  readonly abort?: ProviderAbort;
}

/** The graph's first computation has made a runtime abort. Another engine can make it, with the inputs that are handed back. */
export interface AbortedCompute {
  readonly abort: ProviderAbort;
  readonly inputs: readonly NamedEngineTensor[];
}

/** What an engine says of itself with each answer. */
export interface EngineStatus {
  /** How much memory its runtimes have taken, in bytes. */
  readonly heapBytes: number;
  /** How long it worked on the call, in ms. */
  readonly milliseconds: number;
  /** Why it can do no more, where it cannot: a runtime has aborted, or a device was lost. */
  readonly fault?: string;
}

export type EngineResponse = EngineStatus & ({ readonly result: unknown } | { readonly error: PlainError });

export function isEngineResponse(value: unknown): value is EngineResponse {
  return (
    isObjectWith(value, 'heapBytes') && isObjectWith(value, 'milliseconds') && ('result' in value || 'error' in value)
  );
}

export function isLoadResult(value: unknown): value is EngineLoadResult {
  return isObjectWith(value, 'backend') || isObjectWith(value, 'isDamaged') || isObjectWith(value, 'tried');
}

export function isComputeResult(value: unknown): value is EngineComputeResult {
  return isObjectWith(value, 'outputs') && isObjectWith(value, 'device');
}

export function isAbortedCompute(value: unknown): value is AbortedCompute {
  return isObjectWith(value, 'abort') && isObjectWith(value, 'inputs');
}

export function isTensorValue(value: unknown): value is TensorValue {
  return isObjectWith(value, 'data') && isObjectWith(value, 'dimensions');
}
