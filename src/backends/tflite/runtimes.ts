import { messageOf, WasiNNError } from '../../standard/error.js';
import { createQueue } from '../queue.js';
import type { RuntimeModule } from '../runtime-module.js';
import { threadCount } from '../thread-count.js';
import type { LiteRtFiles, Variant } from './litert-files.js';
import { type Deletable, expectLiteRt, installation, type LiteRtModule } from './litert-module.js';

/** One LiteRT.js module, and the queue that every call into it must pass through. */
export interface Runtime extends RuntimeModule {
  readonly litert: LiteRtModule;
  readonly variant: Variant;
  readonly threads: number;
  /** The module's whole memory as it is now. */
  heap(): Uint8Array;
  /** What models are loaded in: one for each WebGPU device, and one without. */
  environment(device: GPUDevice | null): Deletable;
  /** The errors that the module has written since they were last taken. */
  takeErrors(): string[];
}

/** Makes the script of a module's loader say what it defines. */
type ModuleFactory = (options: Readonly<Record<string, unknown>>) => unknown;

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

export function canSuspend(): boolean {
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
export async function startRuntime(variant: Variant, { loader, wasm }: LiteRtFiles): Promise<Runtime> {
  const createModule = await loadFactory(loader);
  const threads = variant === 'threaded' ? threadCount() : 1;
  let errors: string[] = [];
  const memory = variant === 'threaded' ? sharedMemory() : undefined;
  const options = {
    locateFile: () => wasm.href,
    print: () => undefined,
    printErr(line: unknown) {
      const text = String(line).trim();
      if (text.startsWith('ERROR') && errors.length < maximumErrors) errors.push(text.slice(0, maximumErrorLength));
    },
    ...(memory && { wasmMemory: memory, mainScriptUrlOrBlob: threadScript(loader) }),
  };
  const create = async () => createModule(options);
  const litert = expectLiteRt(await (variant === 'threaded' ? withCores(threads, create) : create()));
  // A module with threads learns late that its memory has grown.
  const heap = () => (memory ? new Uint8Array(memory.buffer) : litert.HEAPU8);
  heaps.push(heap);
  const environments = new Map<GPUDevice | null, Deletable>();
  return {
    litert,
    variant,
    threads,
    heap,
    queue: createQueue(),
    sessions: 0,
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

/** The loaders' own sizes, in pages. */
function sharedMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 256, maximum: 32_768, shared: true });
}

/** A thread starts from the loader's script; where that is of another origin, from a script of our own that loads it. */
function threadScript({ href, origin }: URL): string | Blob {
  if (origin === globalThis.location.origin) return href;
  return new Blob([`importScripts(${JSON.stringify(href)});`], { type: 'text/javascript' });
}

/**
 * Starts a module as if the machine had so many cores. It starts a thread for each, and cannot be told to start fewer.
 */
async function withCores<Result>(cores: number, action: () => Promise<Result>): Promise<Result> {
  Object.defineProperty(navigator, 'hardwareConcurrency', { value: cores, configurable: true });
  try {
    return await action();
  } finally {
    Reflect.deleteProperty(navigator, 'hardwareConcurrency');
  }
}

/** Loaders define themselves by a global function, so they are loaded one after another. */
let lastLoading: Promise<unknown> = Promise.resolve();

function loadFactory(loader: URL): Promise<ModuleFactory> {
  const loading = lastLoading.then(() => importLoader(loader));
  lastLoading = loading.catch(() => undefined);
  return loading;
}

/**
 * Loads a loader. These are scripts for pages and CommonJS, which have no exports as modules; but one that finds an AMD
 * `define` passes itself to that. So a strict Content-Security-Policy permits what it permits modules.
 */
async function importLoader(loader: URL): Promise<ModuleFactory> {
  const defined: unknown[] = [];
  const define = Object.assign((_dependencies: unknown, make: () => unknown) => defined.push(make()), { amd: {} });
  Object.defineProperty(globalThis, 'define', { value: define, configurable: true });
  try {
    await import(/* @vite-ignore */ /* webpackIgnore: true */ loader.href);
  } catch (cause) {
    const text = `load: LiteRT.js, which runs TensorFlow Lite models, could not be loaded (${messageOf(cause)}); if it is missing, ${installation}`;
    throw new WasiNNError('unsupported-operation', text, { cause });
  } finally {
    Reflect.deleteProperty(globalThis, 'define');
  }
  const [factory] = defined;
  if (isFactory(factory)) return factory;
  throw new WasiNNError('unsupported-operation', `load: ${loader.href} is no loader of LiteRT.js; ${installation}`);
}

function isFactory(value: unknown): value is ModuleFactory {
  return typeof value === 'function';
}
