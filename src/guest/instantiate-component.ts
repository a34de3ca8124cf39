import { withoutResidents } from '../bindings/held-tensor.js';
import { createWitBinding } from '../bindings/wit.js';
import type { EngineLink } from '../engine/link.js';
import { messageOf, WasiNNError } from '../standard/error.js';
import { isObjectWith } from '../standard/is-object-with.js';
import { type ComponentInterface, mayWait } from '../transpiler/component.js';
import { glueName } from '../transpiler/glue-names.js';
import type { PreparedComponent } from '../transpiler/prepared-guest.js';
import { dropFunction } from './handle-record.js';
import type { Host } from './host.js';
import { camelCase, functionOf, type GuestFunction, type Instance, qualify } from './instance.js';
import { createResources } from './resources.js';

type Imports = Record<string, unknown>;

/** The exports, in an object: they may have a function `then`, and would be taken for a promise. */
interface Exports {
  readonly exports: object;
}

/**
 * Instantiates a component: a program (`wasi:cli/run`), or a library.
 *
 * @throws WasiNNError `unsupported-operation` where it imports what is not provided here, `runtime-error` where its glue
 *   cannot be loaded
 */
export async function instantiateComponent(
  { component, glue, coreModules, waiting }: PreparedComponent,
  host: Host,
): Promise<Instance> {
  refuseUnknownImports(component);
  const { link } = await host.connect(mayWait(component), waiting === 'block' ? 'block' : 'suspend');
  const imports = await provideImports(component, waiting === 'suspend' ? withoutResidents(link) : link, host);
  const { exports } = await instantiateGlue(await loadGlue(glue), coreModules, imports);
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

/** Loads the module that exports `instantiate`. */
async function loadGlue(glue: PreparedComponent['glue']): Promise<unknown> {
  if ('url' in glue) return importFrom(glue.url, glue.url);
  const url = URL.createObjectURL(new Blob([glue.script], { type: 'text/javascript' }));
  try {
    return await importFrom(url, 'the transpiled component');
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function importFrom(url: string, what: string): Promise<unknown> {
  try {
    return await import(/* @vite-ignore */ url);
  } catch (cause) {
    throw new WasiNNError('runtime-error', `instantiate: ${what} could not be loaded (${messageOf(cause)})`, { cause });
  }
}

async function instantiateGlue(
  glue: unknown,
  coreModules: PreparedComponent['coreModules'],
  imports: Imports,
): Promise<Exports> {
  const answer: unknown = await expectFunction(glue, 'instantiate')((name: string) => coreModules.get(name), imports);
  if (isObjectWith(answer, 'exports') && typeof answer.exports === 'object' && answer.exports !== null) {
    return { exports: answer.exports };
  }
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
  for (const name of functions) {
    found.set(toExported(name), resources.find(exports, toExported(name), undefined, camelCase(glueName(name))));
  }
  for (const [interfaceName, members] of interfaces) {
    const holder: unknown = Reflect.get(exports, glueName(interfaceName));
    for (const name of members) {
      const call = resources.find(holder, toExported(name), interfaceName, camelCase(glueName(name)));
      found.set(qualify(interfaceName, toExported(name)), call);
    }
  }
  return found;
}

/** A name of WIT as the page has it: of capital letters it has those alone that begin a word. */
function toExported(name: string): string {
  return camelCase(name.toLowerCase());
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
