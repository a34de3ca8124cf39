import { createWitBinding } from '../bindings/wit.js';
import type { EngineLink } from '../engine/link.js';
import { WasiNNError } from '../standard/error.js';
import { type ComponentInterface, readComponent } from './component.js';
import { type TranspiledComponent, transpile } from './transpile.js';

export type GuestFunction = (...values: readonly unknown[]) => unknown;

type Imports = Record<string, unknown>;

/**
 * Instantiates a component in this thread.
 *
 * @returns its exported functions, by their names in camel case
 * @throws WasiNNError `invalid-argument` for bytes that are no component, `unsupported-operation` where the browser or
 *   this host lacks what the component needs
 */
export async function instantiateComponent(
  bytes: Uint8Array<ArrayBuffer>,
  link: EngineLink,
): Promise<ReadonlyMap<string, GuestFunction>> {
  const component = readComponent(bytes);
  refuseUnknownImports(component);
  if (!('Suspending' in WebAssembly)) {
    throw new WasiNNError(
      'unsupported-operation',
      'instantiate: this browser cannot suspend WebAssembly (JSPI): use Chrome or Edge 137, Firefox 153, Safari 27 or later',
    );
  }
  const transpiled = await transpile(bytes, component);
  const exports = await runScript(transpiled, await provideImports(component, link));
  return new Map(component.functions.map(camelCase).map((name) => [name, functionOf(exports, name)]));
}

function refuseUnknownImports({ imports }: ComponentInterface): void {
  const missing = imports.filter((name) => !name.startsWith('wasi:'));
  if (missing.length === 0) return;
  throw new WasiNNError(
    'unsupported-operation',
    `instantiate: the component imports ${missing.join(', ')}, which nothing here provides: compose it with a component that does`,
  );
}

async function provideImports({ imports }: ComponentInterface, link: EngineLink): Promise<Imports> {
  const { tensor, graph, inference, errors } = createWitBinding(link);
  const nn = {
    'wasi:nn/tensor': tensor,
    'wasi:nn/graph': graph,
    'wasi:nn/inference': inference,
    'wasi:nn/errors': errors,
  };
  if (imports.every((name) => name.startsWith('wasi:nn/'))) return nn;
  const { WASIShim } = await import('@bytecodealliance/preview2-shim/instantiation');
  return { ...new WASIShim({ sandbox: { enableNetwork: false } }).getImportObject(), ...nn };
}

async function runScript({ script, coreModules }: TranspiledComponent, imports: Imports): Promise<object> {
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  try {
    const glue: unknown = await import(/* @vite-ignore */ url);
    const compile = (name: string) => WebAssembly.compile(coreModules.get(name) ?? new Uint8Array());
    const exports: unknown = await functionOf(glue, 'instantiate')(compile, imports);
    if (typeof exports === 'object' && exports !== null) return exports;
    throw new WasiNNError('runtime-error', 'instantiate: the transpiled component has no exports');
  } finally {
    URL.revokeObjectURL(url);
  }
}

function functionOf(holder: unknown, name: string): GuestFunction {
  const member: unknown = typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined;
  if (typeof member === 'function') return (...values) => Reflect.apply(member, undefined, values);
  throw new WasiNNError('runtime-error', `instantiate: the transpiled component has no function ${name}`);
}

/** `load-by-name` as jco spells it in JavaScript: `loadByName`. */
function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
