import { createPreview1 } from '../src/guest/wasi-preview1.js';
import { emptyEnvironment } from '../src/rpc/program-environment.js';
import { createBinaryReader } from '../src/transpiler/binary-reader.js';

export type Files = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** A function of wasi-nn that stands in for a host's. It gets the memory of the guest, and the arguments of the call. */
export type StandIn = (memory: WebAssembly.Memory, values: readonly unknown[]) => number;

export interface CommandOptions {
  readonly args: readonly string[];
  readonly files?: Files;
  /** Functions of wasi-nn by their names. Those that are absent answer with 0. */
  readonly nn?: Readonly<Record<string, StandIn>>;
  /** Called with the path of each file that the guest opens. */
  readonly onOpen?: (path: string) => void;
}

/**
 * Runs a guest of the suite without a host of wasi-nn, for what it says of itself.
 *
 * @param module what {@link commandModule} finds in the guest
 * @returns what the guest wrote to its standard output
 */
export function runCommand(module: WebAssembly.Module, { args, files = {}, nn = {}, onOpen }: CommandOptions): string {
  const decoder = new TextDecoder();
  let output = '';
  const environment = { ...emptyEnvironment, args: ['guest', ...args], files: new Map(Object.entries(files)) };
  const wasi = createPreview1(environment, (stream, bytes) => {
    if (stream === 'stdout') output += decoder.decode(bytes, { stream: true });
  });
  const imports: Record<string, Record<string, WebAssembly.ExportValue>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const standIn = (...values: readonly unknown[]) => nn[name]?.(memoryOf(instance), values) ?? 0;
    imports[from] ??= {};
    imports[from][name] = wasi.functions.get(name) ?? standIn;
  }
  const openFile = wasi.functions.get('path_open');
  if (onOpen && openFile && imports.wasi_snapshot_preview1) {
    imports.wasi_snapshot_preview1.path_open = (...values: readonly (number | bigint)[]) => {
      onOpen(readText(memoryOf(instance), values[2], values[3]));
      return openFile(...values);
    };
  }
  const instance = new WebAssembly.Instance(module, imports);
  const start = instance.exports._start;
  if (typeof start !== 'function') throw new Error('the guest is no command');
  wasi.attach(memoryOf(instance));
  try {
    start();
  } catch (thrown) {
    if (wasi.exitCode(thrown) === undefined) throw thrown;
  }
  return output;
}

function memoryOf({ exports: { memory } }: WebAssembly.Instance): WebAssembly.Memory {
  if (isMemory(memory)) return memory;
  throw new Error('the guest exports no memory');
}

/** The backend of onnxruntime puts a class of its own in the place of `WebAssembly.Memory`, so `instanceof` is of no use. */
function isMemory(value: unknown): value is WebAssembly.Memory {
  return Object.prototype.toString.call(value) === '[object WebAssembly.Memory]';
}

/** The text that a guest passes by its address and its length in bytes. Empty where it lies outside of the memory. */
export function readText(memory: WebAssembly.Memory, address: unknown, length: unknown): string {
  const start = Number(address) >>> 0;
  return new TextDecoder().decode(new Uint8Array(memory.buffer).subarray(start, start + (Number(length) >>> 0)));
}

/** In a component's preamble, after the magic: its version, and the layer that tells it from a core module. */
const componentLayer = 1;
const coreModuleSection = 1;

/** The program of a guest: the core module itself, or the one of a component's core modules that is the program. */
export function commandModule(wasm: Uint8Array): WebAssembly.Module {
  if (wasm[6] !== componentLayer) return new WebAssembly.Module(new Uint8Array(wasm));
  const reader = createBinaryReader(wasm, 8);
  while (!reader.atEnd()) {
    const id = reader.byte();
    const content = reader.section();
    if (id !== coreModuleSection) continue;
    const module = new WebAssembly.Module(new Uint8Array(content));
    if (WebAssembly.Module.exports(module).some(({ name }) => name === '_start')) return module;
  }
  throw new Error('the component has no program');
}
