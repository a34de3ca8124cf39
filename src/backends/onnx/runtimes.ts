import type * as OnnxRuntime from 'onnxruntime-web';
import type { RuntimeModule } from '../runtime-module.js';
import { threadCount } from '../thread-count.js';
import { makeInvokersWithoutText } from './embind-invokers.js';
import { watchHeaps } from './heaps.js';
import { isInScript } from './runtime-script.js';

/**
 * The builds of onnxruntime-web, each a WebAssembly module of its own that is fetched only when it is needed:
 * `wasm` (14 MB) has the CPU alone, `jspi` (17 MB) and `webgpu` (27 MB, for browsers without JSPI) have WebGPU and
 * WebNN too.
 */
type Build = 'wasm' | 'jspi' | 'webgpu';

/** One onnxruntime module. */
export interface Runtime extends RuntimeModule {
  readonly ort: typeof OnnxRuntime;
  readonly threads: number;
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
  if (build !== 'wasm') makeInvokersWithoutText();
  const ort = await builds[build]();
  const threads = isInScript(ort, globalThis.location?.href) ? 1 : threadCount();
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return { ort, threads, breakdown: new AbortController() };
}
