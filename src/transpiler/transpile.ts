import type { AsyncMode } from '@bytecodealliance/jco-transpile/component';
import { messageOf, WasiNNError } from '../standard/error.js';
import { checkResourceKinds, keepByteOrderMarks, markStaticsAsync } from './amend-glue.js';
import type { ComponentInterface } from './component.js';
import type { ComponentWaiting } from './waiting.js';

/** A component turned into what a browser can run. */
export interface TranspiledComponent {
  /** The source of an ES module that exports `instantiate`. */
  readonly script: string;
  /** The core modules in it, by the names that the script asks for. */
  readonly coreModules: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** The functions of wasi-nn that wait for the engine. */
const waitingImports = [
  'wasi:nn/graph#load',
  'wasi:nn/graph#load-by-name',
  'wasi:nn/inference#[method]graph-execution-context.compute',
];

/** The one that waits where an output has stayed on a device. Each call then takes some 10 µs more, of whatever tensor. */
const readingImport = 'wasi:nn/tensor#[method]tensor.data';

/** jco has failed in a way that leaves its instance unusable: a panic, or memory that ran out. */
export class TranspilerBroken extends WasiNNError {}

/**
 * Transpiles a component with jco, which is loaded only now: 3.5 MB that a page with transpiled guests does without.
 *
 * @param waiting the exports of a component that is suspended answer with promises
 */
export async function transpile(
  bytes: Uint8Array<ArrayBuffer>,
  component: ComponentInterface,
  waiting: ComponentWaiting,
): Promise<TranspiledComponent> {
  const suspends = waiting !== 'block';
  const { $init, generate } = await import('@bytecodealliance/jco-transpile/component');
  await $init;
  const { files } = run(() =>
    generate(bytes, {
      name: 'guest',
      noTypescript: true,
      noNodejsCompat: true,
      base64Cutoff: 0,
      instantiation: { tag: 'async' },
      ...(suspends ? { asyncMode: suspendIn(component, waiting === 'suspend-reading') } : {}),
    }),
  );
  const coreModules = new Map(
    files.filter(([name]) => name.endsWith('.wasm')).map(([name, file]) => [name, ownBuffer(file)]),
  );
  const made = new TextDecoder().decode(files.find(([name]) => name === 'guest.js')?.[1]);
  const script = keepByteOrderMarks(checkResourceKinds(suspends ? markStaticsAsync(made) : made));
  return { script, coreModules };
}

/**
 * Runs jco.
 *
 * @throws WasiNNError `invalid-argument` for what jco refuses; {@link TranspilerBroken} where jco itself fails
 */
function run<Result>(generate: () => Result): Result {
  try {
    return generate();
  } catch (cause) {
    const reason = `instantiate: the component cannot be transpiled: ${messageOf(cause)}`;
    // jco answers what it refuses with an error that has a payload.
    if (cause instanceof Error && Object.hasOwn(cause, 'payload')) {
      throw new WasiNNError('invalid-argument', reason, { cause });
    }
    throw new TranspilerBroken('invalid-argument', reason, { cause });
  }
}

function suspendIn({ functions, interfaces }: ComponentInterface, readingWaits: boolean): AsyncMode {
  const nested = [...interfaces].flatMap(([name, members]) => members.map((member) => `${name}#${member}`));
  // A constructor cannot answer with a promise.
  const exports = [...functions, ...nested.filter((name) => !name.includes('[constructor]'))];
  const imports = readingWaits ? [...waitingImports, readingImport] : waitingImports;
  return { tag: 'jspi', val: { imports, exports } };
}

function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
