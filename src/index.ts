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
export {
  createWasiNN,
  type GuestInput,
  type PageLoadOptions,
  type WasiNN,
  type WasiNNOptions,
  type WasiNNStats,
} from './page/create-wasi-nn.js';
export type { CacheEvent, FaultEvent, ProgressEvent, WasiNNEventMap } from './page/events.js';
export type { GenerateOptions } from './page/generate.js';
export type { Graph, InputTensor, OutputTensor, PageInputs, PageTensor, TensorElements } from './page/graph.js';
export { type Guest, GuestError, type GuestExports, type GuestMemory, GuestTrap } from './page/guest.js';
export type { ModelManager, PreloadOptions } from './page/model-manager.js';
export type { GuestResource } from './page/remote-resources.js';
export type { BackendsOption } from './page/resolve-backends.js';
export type { EnvironmentOptions, FileSource, RunResult } from './page/run.js';
export { transfer } from './page/transfer.js';
export type { EngineKind } from './rpc/engine-kind.js';
export type { EngineStats, FallbackEvent, LoadEvent, MeasureEvent, ReplaceEvent } from './rpc/events.js';
export type {
  Awaitable,
  ClientTensor,
  DeviceTensorReference,
  GraphInfo,
  InferenceClient,
  NamedClientTensor,
} from './rpc/inference-client.js';
export type { Limits } from './rpc/limits.js';
export type { TranspiledGuest } from './rpc/transpiled-guest.js';
export type { Waiting } from './rpc/waiting.js';
export { type ErrorCode, WasiNNError } from './standard/error.js';
export type { ExecutionTarget, GraphEncoding, OutputPlace } from './standard/graph.js';
export type {
  DeclaredTensors,
  NamedTensor,
  TensorInfo,
  TensorShape,
  TensorType,
  TensorValue,
} from './standard/tensor.js';
export type { TextEnd, TextEndReason, TextModel, TextProgress, TextRequest } from './standard/text.js';
