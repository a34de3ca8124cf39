import type { Device } from '../backend.js';
import type { CompileOptions, LiteRtCompiledModel } from './litert-module.js';
import type { Runtime } from './runtimes.js';

/** Where a session is made, and with which of LiteRT's accelerators. */
export interface Placement {
  readonly device: Device;
  readonly runtime: Runtime;
  readonly accelerator: CompileOptions['accelerator'];
  readonly gpuDevice?: GPUDevice;
  readonly webnnDevice?: 'gpu' | 'npu';
  /**
   * Compiles a model and checks that the accelerator has taken it.
   *
   * @throws Error in words where it has not: LiteRT then computes on WebAssembly, and says nothing
   */
  compile(compile: () => Promise<LiteRtCompiledModel>): Promise<LiteRtCompiledModel>;
}
