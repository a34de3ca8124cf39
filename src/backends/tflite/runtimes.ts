import { WasiNNError } from '../../standard/error.js';
import type { RuntimeModule } from '../runtime-module.js';
import { threadCount } from '../thread-count.js';
import type { LiteRtFiles, Variant } from './litert-files.js';
import type { Deletable } from './litert-module.js';
import { type StartedModule, startModule } from './start-module.js';

/** One LiteRT.js module. */
export interface Runtime extends RuntimeModule, StartedModule {
  readonly variant: Variant;
  readonly threads: number;
  /** What models are loaded in: one for each WebGPU device, and one without. */
  environment(device: GPUDevice | null): Deletable;
  /** The errors that the module has written since they were last taken. */
  takeErrors(): string[];
}

export type FilesByVariant = Readonly<Record<Variant, LiteRtFiles>>;

const runtimes = new Map<Variant, Promise<Runtime>>();
const heaps: (() => Uint8Array)[] = [];

/** How many bytes the modules' memories have grown to. */
export function heapBytes(): number {
  return heaps.reduce((total, heap) => total + heap().byteLength, 0);
}

/** The module that runs on the CPU: the fastest that the browser and the page permit. */
export function cpuRuntime(files: FilesByVariant): Promise<Runtime> {
  if (!hasRelaxedSimd()) return runtime('compat', files);
  return runtime(threadCount() > 1 ? 'threaded' : 'relaxed', files);
}

/** The module that drives WebGPU and, where the browser can suspend WebAssembly, WebNN. */
export function acceleratedRuntime(files: FilesByVariant): Promise<Runtime> {
  if (!hasRelaxedSimd()) return runtime('compat', files);
  return runtime(canSuspend() ? 'jspi' : 'relaxed', files);
}

/** @throws WasiNNError `unsupported-operation` where no build of LiteRT.js that this browser can run has WebNN */
export function expectWebNN(): void {
  if (canSuspend() && hasRelaxedSimd()) return;
  throw new WasiNNError(
    'unsupported-operation',
    'LiteRT.js drives WebNN only in browsers that can suspend WebAssembly (JSPI) and have relaxed SIMD',
  );
}

function canSuspend(): boolean {
  return 'Suspending' in WebAssembly;
}

/** A function of two vectors that calls `i8x16.relaxed_swizzle`. */
const relaxedSimdModule = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x07, 0x01, 0x60, 0x02, 0x7b, 0x7b, 0x01, 0x7b],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x0a, 0x0b, 0x01, 0x09, 0x00, 0x20, 0x00, 0x20, 0x01, 0xfd, 0x80, 0x02, 0x0b],
);

function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(relaxedSimdModule);
}

function runtime(variant: Variant, files: FilesByVariant): Promise<Runtime> {
  const known = runtimes.get(variant);
  if (known) return known;
  const loading = startRuntime(variant, files[variant]);
  runtimes.set(variant, loading);
  // A download that failed may succeed when it is asked for again.
  loading.catch(() => runtimes.delete(variant));
  return loading;
}

/** What a module writes is kept within these bounds: texts contain names of the model. */
const maximumErrors = 20;
const maximumErrorLength = 500;

/**
 * Loads and starts a module.
 *
 * @throws WasiNNError `unsupported-operation` where LiteRT.js is missing or of another release, with what to install
 */
export async function startRuntime(variant: Variant, files: LiteRtFiles): Promise<Runtime> {
  const threads = variant === 'threaded' ? threadCount() : 1;
  let errors: string[] = [];
  function onErrorLine(line: string): void {
    if (line.startsWith('ERROR') && errors.length < maximumErrors) errors.push(line.slice(0, maximumErrorLength));
  }
  const { litert, heap, unwind } = await startModule(files, variant === 'threaded' ? threads : undefined, onErrorLine);
  heaps.push(heap);
  const environments = new Map<GPUDevice | null, Deletable>();
  return {
    litert,
    variant,
    threads,
    heap,
    unwind,
    breakdown: new AbortController(),
    environment(device) {
      const environment = environments.get(device) ?? litert.LiteRtEnvironment.create(device);
      environments.set(device, environment);
      return environment;
    },
    takeErrors() {
      const taken = errors;
      errors = [];
      return taken;
    },
  };
}
