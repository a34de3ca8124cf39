import { createWitBinding } from '../bindings/wit.js';
import { type ComponentInterface, mayWait } from '../rpc/component-interface.js';
import { glueName } from '../rpc/glue-names.js';
import { camelCase, functionOf, type GuestFunction, type Instance, qualify } from '../rpc/guest-exports.js';
import { dropFunction } from '../rpc/handle-record.js';
import type { PreparedComponent } from '../rpc/prepared-guest.js';
import type { ProgramEnvironment } from '../rpc/program-environment.js';
import { withoutDeviceTensors } from '../rpc/tensor-reference.js';
import { messageOf, quote, WasiNNError } from '../standard/error.js';
import { isObjectWith } from '../standard/is-object-with.js';
import { grantInterface, type Interface } from './grant.js';
import { grantWasiNN, refuseUngranted } from './granted-interfaces.js';
import type { Host } from './host.js';
import { instantiateCore } from './instantiate-core.js';
import { createPageInput } from './page-input.js';
import { createFilesystem } from './preview2-filesystem.js';
import { createResources } from './resources.js';
import { createPreview2, exitCodeOf } from './wasi-preview2.js';

/** Captured: the thread loses them before guest code runs (`confine.ts`). */
const { Blob, URL } = globalThis;

type Imports = ReadonlyMap<string, Interface>;

/** The exports, in an object: they may have a function `then`, and would be taken for a promise. */
interface Exports {
  readonly exports: object;
}

/**
 * Instantiates a component: a program (`wasi:cli/run`), or a library.
 *
 * @throws WasiNNError `unsupported-operation` where it imports what is not granted, `runtime-error` where its glue
 *   cannot be loaded
 */
export async function instantiateComponent(
  { component, glue, coreModules, waiting }: PreparedComponent,
  host: Host,
): Promise<Instance> {
  const { proposals } = host.environment;
  refuseUngranted(component.imports, proposals);
  const suspends = waiting !== 'block';
  const { client } = await host.connect(mayWait(component, false), suspends ? 'suspend' : 'block');
  refuseFunctions(host.environment.imports);
  const wasi = component.imports.every((name) => name.startsWith('wasi:nn/'))
    ? undefined
    : createPreview2(host.environment, host.output, createPageInput(host.input, suspends));
  const nn = createWitBinding(
    waiting === 'suspend' ? withoutDeviceTensors(client) : client,
    host.contexts,
    host.report,
    // A component without WASI cannot read its files itself, but a language model's settings may name one.
    wasi?.readFile ?? createFilesystem(host.environment).readFile,
  );
  const imports: Imports = new Map([...(wasi?.interfaces ?? []), ...grantWasiNN(nn, proposals)]);
  const { exports } = await instantiateGlue(await loadGlue(glue), coreModules, imports);
  const run = findRun(component, exports);
  return {
    functions: exportedFunctions(component, exports),
    ...(run
      ? { run: async () => ({ exitCode: await runProgram(run), files: wasi?.writtenFiles() ?? new Map() }) }
      : {}),
  };
}

/** A component imports interfaces with types of WIT, which no function of the page has. */
function refuseFunctions(imports: ProgramEnvironment['imports']): void {
  if (imports.size === 0) return;
  throw new WasiNNError(
    'unsupported-operation',
    'imports: only core modules can import functions of the page: compose the component with one that provides what it imports',
  );
}

/** Loads the module that exports `instantiate`. */
async function loadGlue(glue: PreparedComponent['glue']): Promise<unknown> {
  if ('url' in glue) return importFrom(glue.url, glue.url);
  const url = URL.createObjectURL(new Blob([glue.script], { type: 'text/javascript' }));
  try {
    return await importFrom(url, 'the transpiled component', blobAdvice);
  } finally {
    URL.revokeObjectURL(url);
  }
}

const blobAdvice =
  'a Content-Security-Policy must allow it by script-src blob:, or a build step must transpile the component (docs/security.md)';

async function importFrom(
  url: string,
  what: string,
  advice = 'check that it is served as JavaScript',
): Promise<unknown> {
  try {
    // Each bundler has its own comment that leaves an import as it is.
    return await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ url);
  } catch (cause) {
    const reason = `instantiate: ${what} could not be loaded (${messageOf(cause)}): ${advice}`;
    throw new WasiNNError('runtime-error', reason, { cause });
  }
}

async function instantiateGlue(
  glue: unknown,
  coreModules: PreparedComponent['coreModules'],
  imports: Imports,
): Promise<Exports> {
  const instantiate = expectFunction(glue, 'instantiate');
  const getCoreModule = (name: string) => coreModules.get(name);
  try {
    const answer: unknown = await instantiate(getCoreModule, toImportObject(imports), instantiateCore);
    if (isObjectWith(answer, 'exports') && typeof answer.exports === 'object' && answer.exports !== null) {
      return { exports: answer.exports };
    }
  } catch (cause) {
    throw explainMissing(cause);
  }
  throw new WasiNNError('runtime-error', 'instantiate: the transpiled component has no exports');
}

/** An object without a prototype, as every interface in it is. */
function toImportObject(imports: Imports): Interface {
  return grantInterface(Object.fromEntries(imports));
}

/** jco's glue looks for every function that it imports before it instantiates any part of the component. */
function explainMissing(cause: unknown): unknown {
  const [, name] = /^unexpectedly undefined \w+ import '([^']*)'/.exec(messageOf(cause)) ?? [];
  if (name === undefined) return cause;
  return new WasiNNError(
    'unsupported-operation',
    `instantiate: the component imports ${quote(name)}, which the interface that it imports it from does not have here: build it for WASI 0.2 and a published wasi-nn`,
    { cause },
  );
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
    const holder: unknown = Reflect.get(exports, interfaceInGlue(interfaceName));
    for (const name of members) {
      const call = resources.find(holder, toExported(name), interfaceName, camelCase(glueName(name)));
      found.set(qualify(interfaceName, toExported(name)), call);
    }
  }
  return found;
}

/** jco keeps the name of an interface of a package, `wasi:cli/run`, and spells a plain one as a variable. */
function interfaceInGlue(name: string): string {
  const inGlue = glueName(name);
  return inGlue.includes(':') ? inGlue : camelCase(inGlue);
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
