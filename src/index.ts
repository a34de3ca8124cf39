/// <reference lib="esnext.disposable" preserve="true" />
export type {
  Backend,
  BackendGraph,
  Device,
  DeviceTensor,
  FallbackStep,
  LoadOptions,
  Provider,
} from './backends/backend.js';
export type {
  ModelFetchOptions,
  ModelFileOptions,
  ModelOptions,
  ModelsOption,
  ModelsTable,
} from './models/model-options.js';
export type { ModelListing, ModelsUsage } from './models/models.js';
export type { ModelProgress } from './models/progress.js';
export { createWasiNN } from './page/create-wasi-nn.js';
export type { CacheEvent, FaultEvent, ProgressEvent, WasiNNEventMap } from './page/events.js';
export type { Chat, GenerateOptions } from './page/generate.js';
export type {
  ComputeOptions,
  EmbedOptions,
  Graph,
  InputTensor,
  OutputTensor,
  PageInputs,
  PageTensor,
  TensorElements,
} from './page/graph.js';
export { GuestError, GuestTrap } from './page/guest-errors.js';
export type { Guest, GuestExport, GuestExports, GuestMemory, RemoteFunction } from './page/guest-interface.js';
export type { GuestInput } from './page/guest-source.js';
export type { ModelManager, PreloadOptions } from './page/model-manager.js';
export type { GuestImports, ImportedFunction, ImportResult } from './page/page-imports.js';
export type { GuestResource } from './page/remote-resources.js';
export type { BackendsOption } from './page/resolve-backends.js';
export type { EnvironmentOptions, FileSource, RunResult } from './page/run.js';
export type { InputFunction, InputPiece, StandardInput } from './page/standard-input.js';
export { transfer } from './page/transfer.js';
export type { PageLoadOptions, WasiNN, WasiNNStats } from './page/wasi-nn-interface.js';
export type { WasiNNOptions } from './page/wasi-nn-options.js';
export type { EngineKind } from './rpc/engine-kind.js';
export type {
  EngineStats,
  FallbackEvent,
  LoadEvent,
  MeasuredOperation,
  MeasureEvent,
  ReplaceEvent,
} from './rpc/events.js';
export type { WasmValue } from './rpc/import-reply.js';
export type { Limits } from './rpc/limits.js';
export type { Proposal } from './rpc/program-environment.js';
export type { TranspiledGuest } from './rpc/transpiled-guest.js';
export type { Waiting } from './rpc/waiting.js';
export type { ChatMessage } from './standard/chat.js';
export type { FallbackPolicy, ProviderAbort } from './standard/device.js';
export { type ErrorCode, WasiNNError } from './standard/error.js';
export type {
  ExecutionTarget,
  GraphBuilder,
  GraphEncoding,
  OutputPlace,
  PowerPreference,
  Verify,
} from './standard/graph.js';
export type {
  DeclaredTensors,
  NamedTensor,
  Quantization,
  TensorInfo,
  TensorShape,
  TensorType,
  TensorValue,
} from './standard/tensor.js';
export type { TextEnd, TextEndReason, TextModel, TextProgress, TextRequest } from './standard/text.js';
