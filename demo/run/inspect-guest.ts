import { readComponent } from '../../src/transpiler/component.js';

/** What is known of a guest before it runs. */
export interface GuestFacts {
  readonly kind: 'component' | 'core module';
  /** What it asks its host for: interfaces of a component, functions of a core module. */
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  /** Whether it has a beginning of its own, and so can be run. */
  readonly isProgram: boolean;
  /** How it speaks wasi-nn. */
  readonly speaks: string;
}

/** The first eight bytes of a component; a core module has another version. */
const componentPreamble = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

/**
 * Reads what a guest is from its bytes, which may be anything.
 *
 * @throws Error where they are no WebAssembly
 */
export async function inspectGuest(bytes: Uint8Array<ArrayBuffer>): Promise<GuestFacts> {
  const isComponent = componentPreamble.every((byte, index) => bytes[index] === byte);
  return isComponent ? inspectComponent(bytes) : inspectModule(bytes);
}

function inspectComponent(bytes: Uint8Array): GuestFacts {
  const { imports, functions, interfaces } = readComponent(bytes);
  const exports = [...interfaces.keys(), ...functions];
  const isProgram = exports.some((name) => name.startsWith('wasi:cli/run@'));
  return { kind: 'component', imports, exports, isProgram, speaks: speech(imports) };
}

async function inspectModule(bytes: Uint8Array<ArrayBuffer>): Promise<GuestFacts> {
  const module = await WebAssembly.compile(bytes);
  const imports = WebAssembly.Module.imports(module).map(({ module, name }) => `${module} ${name}`);
  const exports = WebAssembly.Module.exports(module).map(({ name }) => name);
  return { kind: 'core module', imports, exports, isProgram: exports.includes('_start'), speaks: speech(imports) };
}

function speech(imports: readonly string[]): string {
  const version = imports.map((name) => /^wasi:nn\/[^@]+@(.+)$/.exec(name)?.[1]).find(Boolean);
  if (version) return `wasi:nn ${version}`;
  const functions = imports.filter((name) => name.startsWith('wasi_ephemeral_nn '));
  if (functions.some((name) => /config|single|unload/.test(name)))
    return "wasi_ephemeral_nn, with WasmEdge's additions";
  if (functions.length > 0) return 'wasi_ephemeral_nn';
  if (imports.some((name) => name.startsWith('wasi_nn '))) return "WAMR's wasi_nn";
  return 'no wasi-nn';
}
