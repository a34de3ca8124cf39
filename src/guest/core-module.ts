import { type CoreModuleFunction, createCoreModuleBinding } from '../bindings/core-module.js';
import {
  camelCase,
  type GuestFunction,
  type Instance,
  maxExportedCharacters,
  maxExportedFunctions,
} from '../rpc/guest-exports.js';
import type { PromiseIntegration } from '../rpc/jspi.js';
import type { ProgramEnvironment } from '../rpc/program-environment.js';
import { messageOf, WasiNNError } from '../standard/error.js';
import { explainMissing } from './explain-missing.js';
import type { Host } from './host.js';
import { createPageFunctions } from './page-functions.js';
import { createPageInput } from './page-input.js';
import { createPreview1, type Preview1 } from './wasi-preview1.js';

/**
 * Instantiates a core module: a program (`_start`), or a library, whose `_initialize` is called first where it has one.
 *
 * @throws WasiNNError `unsupported-operation` where it imports what is not provided here, or has no way to wait; Error
 *   where the guest traps, which names the function that trapped
 */
export async function instantiateModule(
  module: WebAssembly.Module,
  { environment, output, contexts, report, connect, page, input }: Host,
): Promise<Instance> {
  let memory: WebAssembly.Memory | undefined;
  const { client, jspi } = await connect(WebAssembly.Module.imports(module).some((from) => waits(from, environment)));
  const wasi = createPreview1(environment, output, createPageInput(input, jspi !== undefined));
  const binding = createCoreModuleBinding(
    client,
    () => memory,
    report,
    contexts,
    (bytes) => output('stdout', bytes),
    wasi.readFile,
  );
  const granted: Granted = new Map([
    ...createPageFunctions(environment.imports, page, jspi),
    ['wasi_snapshot_preview1', environment.stdin === 'page' ? suspendReads(wasi, jspi) : wasi.functions],
    ['wasi_ephemeral_nn', toImports(binding.wasi_ephemeral_nn, jspi)],
    ['wasi_nn', toImports(binding.wasi_nn, jspi)],
  ]);
  refuseExcess(module);
  const { exports } = await start(module, grantImports(module, granted));
  if (exports.memory instanceof WebAssembly.Memory) memory = exports.memory;
  if (memory) wasi.attach(memory);
  const functions = toFunctions(exports, jspi);
  await initialize(functions.get('_initialize'), wasi);
  const main = functions.get('_start');
  return {
    functions: withCamelCase(functions),
    ...(main ? { run: async () => ({ exitCode: await runProgram(main, wasi), files: wasi.writtenFiles() }) } : {}),
    ...(memory ? { memory } : {}),
  };
}

/** @throws WasiNNError `invalid-argument` where the imports have other types than what is granted; Error for a trap */
async function start(module: WebAssembly.Module, imports: WebAssembly.Imports): Promise<WebAssembly.Instance> {
  try {
    return await WebAssembly.instantiate(module, imports);
  } catch (cause) {
    if (cause instanceof WebAssembly.RuntimeError) throw trapped('its start function or a segment', cause);
    if (!(cause instanceof WebAssembly.LinkError)) throw cause;
    throw new WasiNNError('invalid-argument', `instantiate: the module cannot be linked: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** @throws Error for a trap, and where the guest exits */
async function initialize(call: GuestFunction | undefined, wasi: Preview1): Promise<void> {
  try {
    await call?.();
  } catch (thrown) {
    const code = wasi.exitCode(thrown);
    if (code === undefined) throw trapped('_initialize', thrown);
    throw new Error(`instantiate: the guest exited with code ${code} in _initialize`, { cause: thrown });
  }
}

/** The trap of a guest, with the function that trapped. The page shows the stack, so it stays that of the guest. */
function trapped(where: string, cause: unknown): Error {
  const error = new Error(`instantiate: the guest trapped in ${where}: ${messageOf(cause)}`, { cause });
  if (cause instanceof Error && cause.stack !== undefined) error.stack = cause.stack;
  return error;
}

/** The page makes a function for each name. */
function refuseExcess(module: WebAssembly.Module): void {
  const names = WebAssembly.Module.exports(module).filter(({ kind }) => kind === 'function');
  const characters = names.reduce((total, { name }) => total + name.length, 0);
  // Each function may get a second name.
  if (names.length * 2 <= maxExportedFunctions && characters * 2 <= maxExportedCharacters) return;
  throw new WasiNNError(
    'too-large',
    `instantiate: the module exports ${names.length} functions with names of ${characters} characters together; at most ${maxExportedFunctions / 2} and ${maxExportedCharacters / 2} are allowed`,
  );
}

/** Adds names in camel case. Where such a name is another function's own, it stays that function's. */
function withCamelCase(functions: ReadonlyMap<string, GuestFunction>): ReadonlyMap<string, GuestFunction> {
  return new Map([...Array.from(functions, ([name, call]) => [camelCase(name), call] as const), ...functions]);
}

/** Whether an import may wait: for wasi-nn, of whatever function, or for the page. */
function waits({ module, name }: WebAssembly.ModuleImportDescriptor, environment: ProgramEnvironment): boolean {
  if (module === 'wasi_snapshot_preview1') return environment.stdin === 'page' && name === 'fd_read';
  return module === 'wasi_ephemeral_nn' || module === 'wasi_nn' || environment.imports.has(module);
}

/** The functions of preview 1, of which the one that reads suspends the guest while it waits for the page. */
function suspendReads(
  { functions, awaitInput }: Preview1,
  jspi: PromiseIntegration | undefined,
): ReadonlyMap<string, WebAssembly.ExportValue> {
  const read = functions.get('fd_read');
  if (!jspi || !read) return functions;
  const suspending = new jspi.Suspending((...values: (number | bigint)[]) => {
    const waiting = awaitInput(values[0]);
    return waiting === undefined ? read(...values) : waiting.then(() => read(...values));
  });
  return new Map<string, WebAssembly.ExportValue>([...functions, ['fd_read', suspending]]);
}

/** Functions by the modules and the names that guests import them by. */
type Granted = ReadonlyMap<string, ReadonlyMap<string, WebAssembly.ExportValue>>;

/** Functions that wait suspend the guest where it must be; the rest are called as they are, which costs less. */
function toImports(
  functions: Readonly<Record<string, CoreModuleFunction>>,
  jspi: PromiseIntegration | undefined,
): ReadonlyMap<string, WebAssembly.ExportValue> {
  const entries = Object.entries(functions).map(([name, { suspends, call }]) => {
    return [name, jspi && suspends ? new jspi.Suspending(call) : call] as const;
  });
  return new Map(entries);
}

/**
 * Gives a module what it imports. The objects have no prototype and no other members, so that no name leads anywhere
 * else: every plain object has a `constructor`, from which one comes to `Function`.
 *
 * @throws WasiNNError `unsupported-operation` where the module imports anything that is not granted
 */
function grantImports(module: WebAssembly.Module, granted: Granted): WebAssembly.Imports {
  const imports: WebAssembly.Imports = Object.create(null);
  const missing: WebAssembly.ModuleImportDescriptor[] = [];
  for (const descriptor of WebAssembly.Module.imports(module)) {
    const { module: from, name, kind } = descriptor;
    const value = kind === 'function' ? granted.get(from)?.get(name) : undefined;
    const holder: WebAssembly.ModuleImports = imports[from] ?? Object.create(null);
    if (value === undefined) missing.push(descriptor);
    else imports[from] = Object.assign(holder, { [name]: value });
  }
  if (missing.length > 0) throw new WasiNNError('unsupported-operation', explainMissing(missing));
  return imports;
}

function toFunctions(
  exports: WebAssembly.Exports,
  jspi: PromiseIntegration | undefined,
): ReadonlyMap<string, GuestFunction> {
  const functions = new Map<string, GuestFunction>();
  for (const [name, value] of Object.entries(exports)) {
    if (typeof value !== 'function') continue;
    const call = jspi ? jspi.promising(value) : value;
    functions.set(name, (...values) => Reflect.apply(call, undefined, values));
  }
  return functions;
}

async function runProgram(start: GuestFunction, wasi: Preview1): Promise<number> {
  try {
    await start();
    return 0;
  } catch (thrown) {
    const code = wasi.exitCode(thrown);
    if (code === undefined) throw thrown;
    return code;
  }
}
