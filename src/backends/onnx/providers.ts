import type { InferenceSession } from 'onnxruntime-web';
import type { ExecutionTarget } from '../../standard/graph.js';
import type { Device, FallbackPolicy } from '../backend.js';
import { acceleratedRuntime, cpuRuntime, type Runtime } from './runtimes.js';
import { openGPUDevice } from './webgpu.js';
import { openMLContext } from './webnn.js';

/** Everything needed to create a session on one device. */
export interface Placement {
  readonly device: Device;
  readonly runtime: Runtime;
  readonly executionProvider: InferenceSession.ExecutionProviderConfig;
}

export interface ProviderOptions {
  /** Whether WebGPU may run on a software adapter, which is far slower than WebAssembly: for tests. */
  readonly allowSoftwareAdapter: boolean;
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

const webgpu: Candidate = {
  provider: 'webgpu',
  target: 'gpu',
  async place({ allowSoftwareAdapter }) {
    const { device, description } = await openGPUDevice(allowSoftwareAdapter);
    return {
      device: { target: 'gpu', provider: 'webgpu', description: `WebGPU, ${description}` },
      runtime: await acceleratedRuntime(),
      executionProvider: { name: 'webgpu', device },
    };
  },
};

const webnn = (deviceType: 'npu' | 'gpu', target: ExecutionTarget): Candidate => ({
  provider: 'webnn',
  target,
  async place() {
    const context = await openMLContext(deviceType);
    return {
      device: { target, provider: 'webnn', description: `WebNN, ${deviceType}` },
      runtime: await acceleratedRuntime(),
      executionProvider: { name: 'webnn', deviceType, context },
    };
  },
});

/** What is tried for an execution target, in this order, as far as a page allows it. */
export function candidatesFor(target: ExecutionTarget, policy: FallbackPolicy): readonly Candidate[] {
  const chain = candidates[target];
  if (policy === true) return chain;
  if (policy === false) return chain.slice(0, 1);
  return chain.filter(({ provider }, index) => index === 0 || policy.includes(provider));
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
