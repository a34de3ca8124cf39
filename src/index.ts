export type { Device, FallbackStep, Provider } from './backends/backend.js';
export {
  createWasiNN,
  type GuestInput,
  type WasiNN,
  type WasiNNEventMap,
  type WasiNNOptions,
} from './create-wasi-nn.js';
export type { FallbackEvent, LoadEvent, ProgressEvent } from './engine/engine.js';
export type { Awaitable, EngineLink, GraphInfo } from './engine/link.js';
export { type Guest, GuestError, type GuestExports, type GuestMemory, GuestTrap } from './guest/guest.js';
export type { GuestResource } from './guest/remote-resources.js';
export type { EnvironmentOptions, FileSource, RunResult } from './guest/run.js';
export { transfer } from './guest/transfer.js';
export type { TranspiledGuest } from './guest/transpiled-guest.js';
export type { Waiting } from './guest/waiting.js';
export type { ModelOptions, ModelsOption } from './models/registry.js';
export { type ErrorCode, WasiNNError } from './standard/error.js';
export type { ExecutionTarget, GraphEncoding } from './standard/graph.js';
export type { DeclaredTensors, NamedTensor, TensorInfo, TensorType, TensorValue } from './standard/tensor.js';
