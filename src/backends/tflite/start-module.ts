import { messageOf, WasiNNError } from '../../standard/error.js';
import type { LiteRtFiles } from './litert-files.js';
import { expectLiteRt, installation, type LiteRtModule, otherRelease } from './litert-module.js';

export interface StartedModule {
  readonly litert: LiteRtModule;
  /** The module's whole memory as it is now. */
  heap(): Uint8Array;
  /**
   * Gives back what a call that has failed has left on the module's stack, while no other call is under way. The module is
   * built without C++ exceptions: it throws JavaScript's, which leave its stack as it is. After some hundred failures it
   * would overwrite its other memory.
   */
  unwind(): void;
}

/** What a loader calls instead of instantiating its code itself. */
type InstantiateWasm = (
  imports: WebAssembly.Imports,
  receive: (instance: WebAssembly.Instance, code: WebAssembly.Module) => void,
) => object;

/** What a loader's script defines: a function that makes a module. */
type ModuleFactory = (options: Readonly<Record<string, unknown>>) => unknown;

/**
 * Loads and starts a module.
 *
 * @param threads how many threads it is to start; nothing for a build without threads
 * @param onErrorLine is passed each line that the module writes to standard error
 * @throws WasiNNError `unsupported-operation` where LiteRT.js is missing or of another release, with what to install
 */
export async function startModule(
  { loader, wasm }: LiteRtFiles,
  threads: number | undefined,
  onErrorLine: (line: string) => void,
): Promise<StartedModule> {
  const createModule = await loadFactory(loader);
  const stack = stackFunctions(createModule);
  const code = await compile(wasm).catch(notLoaded);
  const memory = threads === undefined ? undefined : sharedMemory();
  const output = {
    print: () => undefined,
    printErr: (line: unknown) => onErrorLine(String(line).trim()),
    ...(memory && { wasmMemory: memory, mainScriptUrlOrBlob: threadScript(loader) }),
  };
  const create = () => instantiate(createModule, code, output);
  const [module, { exports }] = await (threads === undefined ? create() : withCores(threads, create));
  const litert = expectLiteRt(module);
  const save = exports[stack.save];
  const restore = exports[stack.restore];
  if (typeof save !== 'function' || typeof restore !== 'function') throw otherRelease('stack');
  const top: unknown = save();
  return {
    litert,
    // A module with threads learns late that its memory has grown.
    heap: () => (memory ? new Uint8Array(memory.buffer) : litert.HEAPU8),
    unwind: () => restore(top),
  };
}

/** Has a loader make a module of code that is compiled already. It passes on no error of that, so this does. */
function instantiate(
  createModule: ModuleFactory,
  code: WebAssembly.Module,
  options: Readonly<Record<string, unknown>>,
): Promise<[module: unknown, instance: WebAssembly.Instance]> {
  return new Promise((resolve, reject) => {
    const instantiateWasm: InstantiateWasm = (imports, receive) => {
      const instantiating = WebAssembly.instantiate(code, imports);
      instantiating.then((instance) => receive(instance, code)).catch(reject);
      Promise.all([creating, instantiating]).then(resolve, reject);
      return {};
    };
    const creating = Promise.resolve().then(() => createModule({ ...options, instantiateWasm }));
    creating.catch(reject);
  });
}

/** The names that a module exports the functions of its stack by. Its loader alone knows them. */
function stackFunctions(createModule: ModuleFactory): { readonly save: string; readonly restore: string } {
  const source = Function.prototype.toString.call(createModule);
  const nameOf = (name: string) => new RegExp(`\\b${name} = wasmExports\\["(\\w+)"\\]`).exec(source)?.[1];
  const [save, restore] = [nameOf('_emscripten_stack_get_current'), nameOf('__emscripten_stack_restore')];
  if (save === undefined || restore === undefined) throw otherRelease('stack');
  return { save, restore };
}

async function compile(wasm: URL): Promise<WebAssembly.Module> {
  const response = await fetch(wasm);
  if (!response.ok) throw new Error(`${wasm.href} answered ${response.status}`);
  if (response.headers.get('Content-Type') === 'application/wasm') return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
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
 * Starts a module as if the machine had so many cores. It starts a thread for each, and has no option for fewer.
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

/** A script that is imported again does not run again. */
const factories = new Map<string, Promise<ModuleFactory>>();

function loadFactory(loader: URL): Promise<ModuleFactory> {
  const known = factories.get(loader.href);
  if (known !== undefined) return known;
  const loading = lastLoading.then(() => importLoader(loader));
  factories.set(loader.href, loading);
  lastLoading = loading.catch(() => factories.delete(loader.href));
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
    await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ loader.href);
  } catch (cause) {
    notLoaded(cause);
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

function notLoaded(cause: unknown): never {
  const text = `load: LiteRT.js, which runs TensorFlow Lite models, could not be loaded (${messageOf(cause)}); if it is missing, ${installation}`;
  throw new WasiNNError('unsupported-operation', text, { cause });
}
