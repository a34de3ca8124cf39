import { createWitBinding } from '../bindings/wit.js';
import type { EngineLink } from '../engine/link.js';
import { WasiNNError } from '../standard/error.js';
import { type ComponentInterface, readComponent } from './component.js';
import type { Host } from './host.js';
import { camelCase, functionOf, type GuestFunction, type Instance, qualify } from './instance.js';
import { type TranspiledComponent, transpile } from './transpile.js';
import { transpileOnce } from './transpile-cache.js';

type Imports = Record<string, unknown>;

/**
 * Instantiates a component: a program (`wasi:cli/run`), or a library.
 *
 * @throws WasiNNError `invalid-argument` for bytes that are no component, `unsupported-operation` where it
 *   imports what is not provided here, or has no way to wait
 */
export async function instantiateComponent(bytes: Uint8Array<ArrayBuffer>, host: Host): Promise<Instance> {
  const component = readComponent(bytes);
  refuseUnknownImports(component);
  const { link, jspi } = host.connect(component.imports.some(mayWait));
  const imports = await provideImports(component, link, host);
  const suspends = jspi !== undefined;
  const variant = suspends ? 'suspends' : 'blocks';
  const transpiled = await transpileOnce(bytes, variant, () => transpile(bytes, component, suspends));
  const exports = await runScript(transpiled, imports);
  const run = findRun(component, exports);
  return {
    functions: exportedFunctions(component, exports),
    ...(run ? { run: () => runProgram(run) } : {}),
  };
}

function refuseUnknownImports({ imports }: ComponentInterface): void {
  const missing = imports.filter((name) => !name.startsWith('wasi:'));
  if (missing.length === 0) return;
  throw new WasiNNError(
    'unsupported-operation',
    `instantiate: the component imports ${missing.join(', ')}, which nothing here provides: compose it with a component that does`,
  );
}

/** Whether an interface has functions that wait for the engine. */
function mayWait(name: string): boolean {
  return name.startsWith('wasi:nn/graph@') || name.startsWith('wasi:nn/inference@');
}

async function provideImports(
  { imports }: ComponentInterface,
  link: EngineLink,
  { environment, output }: Host,
): Promise<Imports> {
  const { tensor, graph, inference, errors } = createWitBinding(link);
  const nn = {
    'wasi:nn/tensor': tensor,
    'wasi:nn/graph': graph,
    'wasi:nn/inference': inference,
    'wasi:nn/errors': errors,
  };
  if (imports.every((name) => name.startsWith('wasi:nn/'))) return nn;
  const { createPreview2 } = await import('./wasi-preview2.js');
  return { ...createPreview2(environment, output), ...nn };
}

async function runScript({ script, coreModules }: TranspiledComponent, imports: Imports): Promise<object> {
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  try {
    const glue: unknown = await import(/* @vite-ignore */ url);
    const compile = (name: string) => WebAssembly.compile(coreModules.get(name) ?? new Uint8Array());
    const exports: unknown = await expectFunction(glue, 'instantiate')(compile, imports);
    if (typeof exports === 'object' && exports !== null) return exports;
    throw new WasiNNError('runtime-error', 'instantiate: the transpiled component has no exports');
  } finally {
    URL.revokeObjectURL(url);
  }
}

function expectFunction(holder: unknown, name: string): GuestFunction {
  const found = functionOf(holder, name);
  if (found) return found;
  throw new WasiNNError('runtime-error', `instantiate: the transpiled component has no function ${name}`);
}

/** Those of the component itself, and those of its interfaces; resources and what belongs to them stay in the guest. */
function exportedFunctions({ functions, interfaces }: ComponentInterface, exports: object): Map<string, GuestFunction> {
  const found = new Map(functions.map(camelCase).map((name) => [name, expectFunction(exports, name)]));
  for (const [interfaceName, members] of interfaces) {
    for (const name of members.filter((member) => !member.startsWith('[')).map(camelCase)) {
      found.set(qualify(interfaceName, name), expectFunction(Reflect.get(exports, interfaceName), name));
    }
  }
  return found;
}

/** The function `run` of the exported interface `wasi:cli/run`, of whatever version. */
function findRun({ interfaces }: ComponentInterface, exports: object): GuestFunction | undefined {
  const name = [...interfaces.keys()].find((candidate) => candidate.startsWith('wasi:cli/run'));
  return name === undefined ? undefined : functionOf(Reflect.get(exports, name), 'run');
}

/** `run` answers with a result that says success or failure, or leaves through `wasi:cli/exit`. */
async function runProgram(run: GuestFunction): Promise<number> {
  const { exitCodeOf } = await import('./wasi-preview2.js');
  try {
    await run();
    return 0;
  } catch (thrown) {
    const code = exitCodeOf(thrown);
    if (code !== undefined) return code;
    if (thrown instanceof Error && Object.hasOwn(thrown, 'payload')) return 1;
    throw thrown;
  }
}
