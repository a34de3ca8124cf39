import { WasiNNError } from '../../standard/error.js';
import type { ExecutionTarget } from '../../standard/graph.js';
import type { Device } from '../backend.js';
import { inTime, type ProviderOptions, unavailable, watchLoss } from '../runtime-module.js';
import { openGPUDevice } from '../webgpu.js';
import { countGraphsBuilt, openMLContext } from '../webnn.js';
import type { ModelDescription } from './model.js';
import type { Placement } from './placement.js';
import { acceleratedRuntime, cpuRuntime, expectWebNN, type FilesByVariant, type Runtime } from './runtimes.js';

/** One way to run a model. */
export interface Place extends Pick<Device, 'provider' | 'target'> {
  /** @throws WasiNNError that says why the browser, the machine or the model does not permit it */
  place(model: ModelDescription, files: FilesByVariant, options: ProviderOptions): Promise<Placement>;
}

export const onWasm: Place = {
  provider: 'wasm',
  target: 'cpu',
  async place(_model, files) {
    const runtime = await cpuRuntime(files);
    return {
      device: { target: 'cpu', provider: 'wasm', description: describe(runtime) },
      runtime,
      accelerator: 'wasm',
      compile: (compile) => compile(),
    };
  },
};

export const onWebGPU: Place = {
  provider: 'webgpu',
  target: 'gpu',
  async place(model, files, options) {
    refuseQuantized(model, 'WebGPU');
    const opening = inTime(openGPUDevice(options), 'WebGPU');
    const { device: gpuDevice, description } = await opening.catch(unavailable);
    const runtime = await acceleratedRuntime(files);
    watchLoss(runtime, gpuDevice, 'the WebGPU device', options);
    return {
      device: { target: 'gpu', provider: 'webgpu', description: `WebGPU, ${description}` },
      runtime,
      accelerator: 'webgpu',
      gpuDevice,
      async compile(compile) {
        const compiled = await compile();
        if (runtime.variant === 'jspi' || compiled.isFullyAccelerated()) return compiled;
        compiled.delete();
        throw new Error(
          'WebGPU takes only a part of this model, and LiteRT.js needs JSPI and relaxed SIMD for the rest',
        );
      },
    };
  },
};

export function onWebNN(webnnDevice: 'npu' | 'gpu', target: ExecutionTarget): Place {
  return {
    provider: 'webnn',
    target,
    async place(model, files, options) {
      refuseQuantized(model, 'WebNN');
      expectWebNN();
      const context = await inTime(openMLContext(webnnDevice, options), 'WebNN').catch(unavailable);
      const runtime = await acceleratedRuntime(files);
      watchLoss(runtime, context, 'the WebNN context', options);
      return {
        device: { target, provider: 'webnn', description: `WebNN, ${webnnDevice}` },
        runtime,
        accelerator: 'webnn',
        webnnDevice,
        async compile(compile) {
          const [compiled, graphsBuilt] = await countGraphsBuilt(compile);
          if (graphsBuilt > 0) return compiled;
          compiled.delete();
          throw new Error('WebNN takes no operator of this model');
        },
      };
    },
  };
}

/**
 * Whole numbers are computed exactly on WebAssembly only. LiteRT makes floating-point ones of them for WebGPU, and for
 * WebNN it makes graphs that Chromium crashes on, and the page with it.
 */
function refuseQuantized({ isQuantized }: ModelDescription, provider: string): void {
  if (!isQuantized) return;
  const text = `LiteRT.js computes quantised models exactly on WebAssembly only, not on ${provider}`;
  throw new WasiNNError('unsupported-operation', text);
}

function describe({ variant, threads }: Runtime): string {
  const simd = variant === 'compat' ? 'SIMD' : 'relaxed SIMD';
  return `WebAssembly ${simd}, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
}
