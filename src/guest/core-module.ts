import { createLegacyBinding, type LegacyFunction } from '../bindings/legacy.js';
import type { EngineLink } from '../engine/link.js';
import { WasiNNError } from '../standard/error.js';
import { camelCase, type GuestFunction, type Instance } from './instance.js';
import { promiseIntegration } from './jspi.js';
import type { OutputSink, ProgramEnvironment } from './program.js';
import { createPreview1, type Preview1 } from './wasi-preview1.js';

/**
 * Instantiates a core module: a program (`_start`), or a library, whose `_initialize` is called first where it has one.
 *
 * @throws WasiNNError `unsupported-operation` where it imports what is not provided here, or must be suspended in a
 *   browser that cannot
 */
export async function instantiateModule(
  module: WebAssembly.Module,
  link: EngineLink,
  environment: ProgramEnvironment,
  output: OutputSink,
): Promise<Instance> {
  let memory: WebAssembly.Memory | undefined;
  const wasi = createPreview1(environment, output);
  const legacy = createLegacyBinding(link, () => memory);
  const waits = WebAssembly.Module.imports(module).some(({ module: from, name }) => {
    return isLegacyModule(from) && legacy[from][name]?.suspends;
  });
  const provided: WebAssembly.Imports = {
    wasi_snapshot_preview1: wasi.imports,
    wasi_ephemeral_nn: toImports(legacy.wasi_ephemeral_nn, waits),
    wasi_nn: toImports(legacy.wasi_nn, waits),
  };
  refuseMissing(module, provided);

  const { exports } = await WebAssembly.instantiate(module, provided);
  if (exports.memory instanceof WebAssembly.Memory) memory = exports.memory;
  if (memory) wasi.attach(memory);
  const functions = toFunctions(exports, waits);
  await functions.get('_initialize')?.();
  const start = functions.get('_start');
  return {
    functions: new Map(
      [...functions].flatMap(([name, call]) => [
        [name, call],
        [camelCase(name), call],
      ]),
    ),
    ...(start ? { run: () => runProgram(start, wasi) } : {}),
    ...(memory ? { memory } : {}),
  };
}

function isLegacyModule(name: string): name is 'wasi_ephemeral_nn' | 'wasi_nn' {
  return name === 'wasi_ephemeral_nn' || name === 'wasi_nn';
}

/** Functions that wait for the engine suspend the guest; the rest are called as they are, which costs less. */
function toImports(functions: Readonly<Record<string, LegacyFunction>>, waits: boolean): WebAssembly.ModuleImports {
  const entries = Object.entries(functions).map(([name, { suspends, call }]) => {
    return [name, waits && suspends ? new (promiseIntegration().Suspending)(call) : call] as const;
  });
  return Object.fromEntries(entries);
}

function refuseMissing(module: WebAssembly.Module, provided: WebAssembly.Imports): void {
  const missing = WebAssembly.Module.imports(module)
    .filter(({ module: from, name }) => !provided[from]?.[name])
    .map(({ module: from, name }) => `${from}.${name}`);
  if (missing.length === 0) return;
  throw new WasiNNError(
    'unsupported-operation',
    `instantiate: the module imports ${missing.join(', ')}, which nothing here provides: only wasi_snapshot_preview1, wasi_ephemeral_nn and wasi_nn are there`,
  );
}

function toFunctions(exports: WebAssembly.Exports, waits: boolean): ReadonlyMap<string, GuestFunction> {
  const functions = new Map<string, GuestFunction>();
  for (const [name, value] of Object.entries(exports)) {
    if (typeof value !== 'function') continue;
    const call = waits ? promiseIntegration().promising(value) : value;
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
