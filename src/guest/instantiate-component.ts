import { withoutResidents } from '../bindings/held-tensor.js';
import { createWitBinding } from '../bindings/wit.js';
import type { EngineLink } from '../engine/link.js';
import { messageOf, WasiNNError } from '../standard/error.js';
import { type ComponentInterface, readComponent } from './component.js';
import { fetchBytes } from './fetch-bytes.js';
import { dropFunction } from './handle-record.js';
import type { Host } from './host.js';
import { camelCase, functionOf, type GuestFunction, type Instance, qualify } from './instance.js';
import { createResources } from './resources.js';
import { type ComponentWaiting, type TranspiledComponent, transpile } from './transpile.js';
import { transpileOnce } from './transpile-cache.js';
import type { TranspiledGuest } from './transpiled-guest.js';

type Imports = Record<string, unknown>;

/** What jco makes of a component, ready to be instantiated. */
interface Transpiled {
  /** The module that exports `instantiate`. */
  readonly glue: unknown;
  /** Compiles the core module that the glue has a name for. */
  compile(name: string): Promise<WebAssembly.Module>;
}

/**
 * Instantiates a component, which is transpiled here: a program (`wasi:cli/run`), or a library.
 *
 * @throws WasiNNError `invalid-argument` for bytes that are no component, `unsupported-operation` where it
 *   imports what is not provided here, or has no way to wait
 */
export async function instantiateComponent(bytes: Uint8Array<ArrayBuffer>, host: Host): Promise<Instance> {
  const component = readComponent(bytes);
  const suspend = host.outputsMayStay ? 'suspend-reading' : 'suspend';
  return start(component, host, suspend, async (waiting) => {
    return loadScript(await transpileOnce(bytes, waiting, () => transpile(bytes, component, waiting)));
  });
}

/**
 * Instantiates a component that was transpiled in a build step.
 *
 * @throws WasiNNError as {@link instantiateComponent}, or where one of its parts cannot be fetched
 */
export function instantiateTranspiled(guest: TranspiledGuest, host: Host): Promise<Instance> {
  return start(guest.component, host, 'suspend-reading', (waiting) => loadParts(guest, waiting));
}

async function start(
  component: ComponentInterface,
  host: Host,
  suspend: ComponentWaiting,
  load: (waiting: ComponentWaiting) => Promise<Transpiled>,
): Promise<Instance> {
  refuseUnknownImports(component);
  const { link, jspi } = await host.connect(component.imports.some(mayWait));
  const waiting = jspi ? suspend : 'block';
  const imports = await provideImports(component, waiting === 'suspend' ? withoutResidents(link) : link, host);
  const exports = await instantiateGlue(await load(waiting), imports);
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
  { environment, output, contexts }: Host,
): Promise<Imports> {
  const { tensor, graph, inference, errors } = createWitBinding(link, contexts);
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

async function loadScript({ script, coreModules }: TranspiledComponent): Promise<Transpiled> {
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  try {
    const glue: unknown = await import(/* @vite-ignore */ url);
    return { glue, compile: (name) => WebAssembly.compile(coreModules.get(name) ?? new Uint8Array()) };
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function loadParts({ glue, coreModules }: TranspiledGuest, waiting: ComponentWaiting): Promise<Transpiled> {
  const url = waiting === 'block' ? glue.block : glue.suspend;
  const loaded: unknown = await import(/* @vite-ignore */ url).catch((cause) => {
    throw new WasiNNError('runtime-error', `instantiate: ${url} could not be loaded (${messageOf(cause)})`, { cause });
  });
  return { glue: loaded, compile: async (name) => WebAssembly.compile(await fetchBytes(coreModules[name] ?? name)) };
}

async function instantiateGlue({ glue, compile }: Transpiled, imports: Imports): Promise<object> {
  const exports: unknown = await expectFunction(glue, 'instantiate')(compile, imports);
  if (typeof exports === 'object' && exports !== null) return exports;
  throw new WasiNNError('runtime-error', 'instantiate: the transpiled component has no exports');
}

function expectFunction(holder: unknown, name: string): GuestFunction {
  const found = functionOf(holder, name);
  if (found) return found;
  throw new WasiNNError('runtime-error', `instantiate: the transpiled component has no function ${name}`);
}

/** Those of the component itself, those of its interfaces, and the one that drops resources. */
function exportedFunctions({ functions, interfaces }: ComponentInterface, exports: object): Map<string, GuestFunction> {
  const resources = createResources();
  const found = new Map<string, GuestFunction>([[dropFunction, resources.drop]]);
  for (const name of functions.map(camelCase)) found.set(name, resources.find(exports, name));
  for (const [interfaceName, members] of interfaces) {
    const holder: unknown = Reflect.get(exports, interfaceName);
    for (const name of members.map(camelCase)) {
      found.set(qualify(interfaceName, name), resources.find(holder, name, interfaceName));
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
