import type { ComponentInterface } from '../rpc/component-interface.js';
import { glueGlobals } from '../rpc/glue-globals.js';
import { glueName } from '../rpc/glue-names.js';
import type { ComponentWaiting } from '../rpc/waiting.js';
import { messageOf, WasiNNError } from '../standard/error.js';
import { amendGlue } from './amend-glue.js';
import { checks } from './checks.js';
import type { AsyncMode } from './jco.js';
import type { OpenedComponent } from './open-component.js';

/** A component turned into what a browser can run. */
export interface TranspiledComponent {
  /** The source of an ES module that exports `instantiate`. */
  readonly script: string;
  /** The core modules in it, by the names that the script asks for. */
  readonly coreModules: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** jco has failed in a way that leaves its instance unusable: a panic, or memory that ran out. */
export class TranspilerBroken extends WasiNNError {}

/** The functions of wasi-nn that wait for the engine. */
const waitingImports = [
  'wasi:nn/graph#load',
  'wasi:nn/graph#load-by-name',
  'wasi:nn/inference#[method]graph-execution-context.compute',
  'wasi:nn/prompt#[method]context.compute',
];

/**
 * Those that wait where an output has stayed on a device, and where the standard input comes from the page. Each call then takes
 * some 10 µs more, of whatever tensor or stream.
 */
const readingImports = [
  'wasi:nn/tensor#[method]tensor.data',
  'wasi:io/streams#[method]input-stream.read',
  'wasi:io/streams#[method]input-stream.blocking-read',
  'wasi:io/streams#[method]input-stream.skip',
  'wasi:io/streams#[method]input-stream.blocking-skip',
];

/**
 * Transpiles a component with jco, and checks the script that it makes. jco and the check are loaded only now: 4 MB that
 * a page with transpiled guests does without.
 *
 * @param waiting the exports of a component that is suspended answer with promises
 * @param load loads jco. Default: the one instance that this thread has
 * @throws WasiNNError `invalid-argument` for a component that jco refuses, `unsupported-operation` where its script is
 *   not as it should be, {@link TranspilerBroken} where jco itself fails
 */
export async function transpile(
  { bytes, component }: OpenedComponent,
  waiting: ComponentWaiting,
  load = () => import('./jco.js'),
): Promise<TranspiledComponent> {
  const suspends = waiting !== 'block';
  const { generate } = await start(load);
  const options = {
    name: 'guest',
    noTypescript: true,
    noNodejsCompat: true,
    base64Cutoff: 0,
    instantiation: { tag: 'async' },
    ...(suspends ? { asyncMode: suspendIn(component, waiting === 'suspend-reading') } : {}),
  } as const;
  const { files } = run(() => generate(bytes, options));
  const coreModules = new Map(
    files.filter(([name]) => name.endsWith('.wasm')).map(([name, file]) => [name, ownBuffer(file)]),
  );
  const made = new TextDecoder().decode(files.find(([name]) => name === 'guest.js')?.[1]);
  const script = amendGlue(made, { suspends, statics: allNames(component).filter(isStatic).length });
  await checkScript(script);
  return { script, coreModules };
}

/**
 * Checks the script that jco makes of a component (`check-glue.ts`).
 *
 * @throws WasiNNError `unsupported-operation`
 */
export async function checkScript(script: string): Promise<void> {
  const { checkGlue, checkLoading } = await import('./check-glue.js');
  try {
    if (checks.glue) checkGlue(script, glueGlobals);
    else checkLoading(script);
  } catch (cause) {
    const text = 'instantiate: the script that jco makes of the component is not as it should be';
    throw new WasiNNError('unsupported-operation', `${text}: ${messageOf(cause)}`, { cause });
  }
}

/** @throws TranspilerBroken where it cannot be loaded: the thread does not try again */
async function start<Jco extends { readonly $init: Promise<void> }>(load: () => Promise<Jco>): Promise<Jco> {
  try {
    const jco = await load();
    await jco.$init;
    return jco;
  } catch (cause) {
    const reason = `instantiate: the transpiler could not be loaded (${messageOf(cause)}): check that it is served`;
    throw new TranspilerBroken('runtime-error', reason, { cause });
  }
}

/**
 * Runs jco.
 *
 * @throws WasiNNError as {@link transpile}
 */
function run<Result>(generate: () => Result): Result {
  try {
    return generate();
  } catch (cause) {
    const reason = `instantiate: the component cannot be transpiled: ${messageOf(cause).replace(/\s+/g, ' ')}`;
    // jco answers what it refuses with an error that has a payload.
    if (cause instanceof Error && Object.hasOwn(cause, 'payload')) {
      throw new WasiNNError('invalid-argument', reason, { cause });
    }
    throw new TranspilerBroken('invalid-argument', reason, { cause });
  }
}

function suspendIn(component: ComponentInterface, readingWaits: boolean): AsyncMode {
  // A constructor cannot answer with a promise.
  const exports = allNames(component).filter((name) => !name.includes('[constructor]'));
  const imports = readingWaits ? [...waitingImports, ...readingImports] : waitingImports;
  return { tag: 'jspi', val: { imports, exports } };
}

/** All functions that are exported, as jco knows them. */
function allNames({ functions, interfaces }: ComponentInterface): readonly string[] {
  const nested = [...interfaces].flatMap(([name, members]) => {
    return members.map((member) => `${glueName(name)}#${glueName(member)}`);
  });
  return [...functions.map(glueName), ...nested];
}

function isStatic(name: string): boolean {
  return /(?:^|#)\[(?:async )?static\]/.test(name);
}

function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
