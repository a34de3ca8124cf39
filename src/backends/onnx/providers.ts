import type { InferenceSession } from 'onnxruntime-web';
import { messageOf } from '../../standard/error.js';
import type { ExecutionTarget } from '../../standard/graph.js';
import type { Device, FallbackPolicy } from '../backend.js';
import { isFatal } from './errors.js';
import { acceleratedRuntime, cpuRuntime, type Runtime } from './runtimes.js';
import { gpuBufferTypes, openGPUDevice } from './webgpu.js';
import { openMLContext, outputTypes } from './webnn.js';

/** Where onnxruntime can keep tensors, and the device or context that they are on: no other can compute with them. */
export interface Residence {
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
  readonly residence?: Residence;
}

export interface ProviderOptions {
  /** Whether WebGPU may run on a software adapter, which is far slower than WebAssembly: for tests. */
  readonly allowSoftwareAdapter: boolean;
  /**
   * Called when an onnxruntime module or the device that it works with breaks down, which only another thread can mend.
   * The module answers nothing more then. Default: its callers get what it throws.
   */
  readonly onBroken?: (reason: string) => void;
}

/** Gives up a module. */
export function giveUp(runtime: Runtime, reason: string, { onBroken }: ProviderOptions): void {
  runtime.fault ??= reason;
  if (!onBroken) return;
  runtime.queue.stop();
  onBroken(reason);
}

/**
 * Does something with a module while it is the caller's, and gives the module up where that breaks it.
 *
 * @param isReplaceable whether something else can take over, so that the module may stay broken if nobody else needs it
 */
export async function guard<Result>(
  runtime: Runtime,
  options: ProviderOptions,
  action: () => Promise<Result>,
  isReplaceable = false,
): Promise<Result> {
  try {
    return await action();
  } catch (cause) {
    if (isFatal(cause)) {
      runtime.fault ??= messageOf(cause);
      if (!isReplaceable || runtime.sessions > 1) giveUp(runtime, runtime.fault, options);
    }
    throw cause;
  }
}

/** One way to run a graph. `place` rejects, saying why, where the browser or the machine does not offer it. */
export interface Candidate {
  readonly provider: Device['provider'];
  readonly target: ExecutionTarget;
  place(options: ProviderOptions): Promise<Placement>;
}

/** How long a browser may take to answer whether it has a device, in ms. */
const probeLimit = 10_000;

/** @throws Error in words where there is no answer: drivers have been seen to hang */
function inTime<Value>(answer: Promise<Value>, what: string): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} did not answer in ${probeLimit} ms`)), probeLimit);
  return Promise.race([answer, promise]).finally(() => clearTimeout(timer));
}

const watched = new WeakSet<object>();

/** A device that is lost takes the module along: it holds on to the first that it was given. */
function watchLoss(runtime: Runtime, device: object, what: string, options: ProviderOptions): void {
  const lost: unknown = Reflect.get(device, 'lost');
  if (!(lost instanceof Promise) || watched.has(device)) return;
  watched.add(device);
  lost.then((info) => giveUp(runtime, `${what} was lost: ${info?.message || 'the browser does not say why'}`, options));
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
  async place(options) {
    const { device, description } = await inTime(openGPUDevice(options.allowSoftwareAdapter), 'WebGPU');
    const runtime = await acceleratedRuntime();
    watchLoss(runtime, device, 'the WebGPU device', options);
    return {
      device: { target: 'gpu', provider: 'webgpu', description: `WebGPU, ${description}` },
      runtime,
      executionProvider: { name: 'webgpu', device },
      residence: { location: 'gpu-buffer', owner: device, types: gpuBufferTypes },
    };
  },
};

const webnn = (deviceType: 'npu' | 'gpu', target: ExecutionTarget): Candidate => ({
  provider: 'webnn',
  target,
  async place(options) {
    const context = await inTime(openMLContext(deviceType), 'WebNN');
    const runtime = await acceleratedRuntime();
    watchLoss(runtime, context, 'the WebNN context', options);
    return {
      device: { target, provider: 'webnn', description: `WebNN, ${deviceType}` },
      runtime,
      executionProvider: { name: 'webnn', deviceType, context },
      residence: { location: 'ml-tensor', owner: context, types: outputTypes(context) },
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
