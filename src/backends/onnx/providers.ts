import type { InferenceSession } from 'onnxruntime-web';
import type { ExecutionTarget } from '../../standard/graph.js';
import type { Device, FallbackPolicy } from '../backend.js';
import { allowedCandidates } from '../fallback-graph.js';
import { inTime, type ProviderOptions, watchLoss } from '../runtime-module.js';
import { gpuBufferTypes, openGPUDevice } from '../webgpu.js';
import { openMLContext, outputTypes } from '../webnn.js';
import { acceleratedRuntime, cpuRuntime, type Runtime } from './runtimes.js';

/** Where onnxruntime can keep tensors, and the device or context that they are on: no other can compute with them. */
export interface TensorLocation {
  readonly location: 'gpu-buffer' | 'ml-tensor';
  readonly owner: object;
  /** The element types that can stay there, by onnxruntime's names. */
  readonly types: ReadonlySet<string>;
}

/** Everything needed to create a session on one device. */
export interface Placement {
  readonly device: Device;
  readonly runtime: Runtime;
  readonly executionProvider: InferenceSession.ExecutionProviderConfig;
  /** Where tensors can stay; absent where they are in the module's own memory, and computing with them copies them. */
  readonly tensorLocation?: TensorLocation;
}

/** One way to run a graph. `place` rejects, saying why, where the browser or the machine does not offer it. */
export interface Candidate {
  readonly provider: Device['provider'];
  readonly target: ExecutionTarget;
  place(options: ProviderOptions): Promise<Placement>;
}

const wasm: Candidate = {
  provider: 'wasm',
  target: 'cpu',
  async place() {
    const runtime = await cpuRuntime();
    const threads = runtime.threads === 1 ? '1 thread' : `${runtime.threads} threads`;
    return {
      device: { target: 'cpu', provider: 'wasm', description: `WebAssembly SIMD, ${threads}` },
      runtime,
      executionProvider: 'wasm',
    };
  },
};

/**
 * WebAssembly in the module that drives WebGPU and WebNN, to compare them with: their graphs have loaded that module, and
 * the build for WebAssembly alone would be another 14 MB.
 */
export const reference: Candidate = {
  provider: 'wasm',
  target: 'cpu',
  async place() {
    const runtime = await acceleratedRuntime();
    return {
      device: { target: 'cpu', provider: 'wasm', description: 'WebAssembly SIMD' },
      runtime,
      executionProvider: 'wasm',
    };
  },
};

const webgpu: Candidate = {
  provider: 'webgpu',
  target: 'gpu',
  async place(options) {
    const { device, description } = await inTime(openGPUDevice(options), 'WebGPU');
    const runtime = await acceleratedRuntime();
    watchLoss(runtime, device, 'the WebGPU device', options);
    return {
      device: { target: 'gpu', provider: 'webgpu', description: `WebGPU, ${description}` },
      runtime,
      executionProvider: { name: 'webgpu', device },
      tensorLocation: { location: 'gpu-buffer', owner: device, types: gpuBufferTypes },
    };
  },
};

const webnn = (deviceType: 'npu' | 'gpu', target: ExecutionTarget): Candidate => ({
  provider: 'webnn',
  target,
  async place(options) {
    const context = await inTime(openMLContext(deviceType, options), 'WebNN');
    const runtime = await acceleratedRuntime();
    watchLoss(runtime, context, 'the WebNN context', options);
    return {
      device: { target, provider: 'webnn', description: `WebNN, ${deviceType}` },
      runtime,
      executionProvider: { name: 'webnn', deviceType, context },
      tensorLocation: { location: 'ml-tensor', owner: context, types: outputTypes(context) },
    };
  },
});

/** What is tried for an execution target, in this order, as far as a page allows it. */
export function candidatesFor(target: ExecutionTarget, policy: FallbackPolicy): readonly Candidate[] {
  return allowedCandidates(candidates[target], policy);
}

/**
 * What is tried for each execution target, in this order. onnxruntime's own list of providers is no substitute: it
 * does not go on to the next where a WebNN context cannot be created.
 */
const candidates: Readonly<Record<ExecutionTarget, readonly Candidate[]>> = {
  cpu: [wasm],
  gpu: [webgpu, wasm],
  tpu: [webnn('npu', 'tpu'), webnn('gpu', 'gpu'), webgpu, wasm],
};
