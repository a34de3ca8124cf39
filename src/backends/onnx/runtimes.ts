import type * as OnnxRuntime from 'onnxruntime-web';
import { watchHeaps } from './heaps.js';
import { createQueue, type Queue } from './queue.js';

/**
 * The builds of onnxruntime-web, each a WebAssembly module of its own that is fetched only when it is needed:
 * `wasm` (14 MB) has the CPU alone, `jspi` (17 MB) and `webgpu` (27 MB, for browsers without JSPI) have WebGPU and
 * WebNN too.
 */
type Build = 'wasm' | 'jspi' | 'webgpu';

/** One onnxruntime module, and the queue that every call into it must pass through. */
export interface Runtime {
  readonly ort: typeof OnnxRuntime;
  readonly threads: number;
  readonly queue: Queue;
  /** How many sessions it has. */
  sessions: number;
  /** What broke it, if anything did: nothing that is asked of it then can be trusted, and it cannot be loaded anew. */
  fault?: string;
}

const builds: Readonly<Record<Build, () => Promise<typeof OnnxRuntime>>> = {
  wasm: () => import('onnxruntime-web/wasm'),
  jspi: () => import('onnxruntime-web/jspi'),
  webgpu: () => import('onnxruntime-web/webgpu'),
};

const runtimes = new Map<Build, Promise<Runtime>>();

/** The module that runs on the CPU. */
export function cpuRuntime(): Promise<Runtime> {
  return runtime('wasm');
}

/** The module that drives WebGPU and WebNN: the smaller and faster one where the browser can suspend WebAssembly. */
export function acceleratedRuntime(): Promise<Runtime> {
  return runtime('Suspending' in WebAssembly ? 'jspi' : 'webgpu');
}

function runtime(build: Build): Promise<Runtime> {
  const known = runtimes.get(build);
  if (known) return known;
  const loading = start(build);
  runtimes.set(build, loading);
  // A download that failed may succeed when it is asked for again.
  loading.catch(() => runtimes.delete(build));
  return loading;
}

async function start(build: Build): Promise<Runtime> {
  watchHeaps();
  const ort = await builds[build]();
  const threads = threadCount();
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return { ort, threads, queue: createQueue(), sessions: 0 };
}

/**
 * All cores up to eight: in a worker of our own no core must be left to the page's thread, which is why
 * onnxruntime's own choice (half of them, at most four) is too careful. Threads need a cross-origin isolated page.
 */
function threadCount(): number {
  if (!globalThis.crossOriginIsolated) return 1;
  return Math.min(8, navigator.hardwareConcurrency || 1);
}
