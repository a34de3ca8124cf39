import type { Awaitable, InferenceClient } from '../rpc/inference-client.js';
import { toWasiNNError } from '../standard/error.js';
import { type ContextCount, createContextCount } from './context-count.js';
import { CoreModuleSession } from './core-module-session.js';
import { errno, toErrno } from './errno.js';
import { GuestMemory } from './guest-memory.js';
import { noFiles, type ReadFile } from './prompt-images.js';
import { harmless, type ReportError } from './report-error.js';
import { EndOfSequence } from './text-errors.js';
import { createWamrFunctions } from './wamr.js';
import { createWasmEdgeFunctions } from './wasmedge.js';
import { createWitxFunctions, type GuestFunction } from './witx.js';

/** A function for a core module to import. */
export interface CoreModuleFunction {
  /**
   * Whether the function may answer with a promise, where its client does. Whoever imports it then has to suspend the
   * guest (`WebAssembly.Suspending`).
   */
  readonly suspends: boolean;
  /** Takes i32 arguments and gives the errno, 0 to 8 or, for language models, 100 to 103; it neither throws nor rejects. */
  readonly call: (...args: number[]) => Awaitable<number>;
}

/** The modules that a core module of either kind imports, each with its functions by their names. */
export interface CoreModuleBinding {
  /** The standard's preview 1 (wasi-nn.witx) and what WasmEdge adds to it. */
  readonly wasi_ephemeral_nn: Readonly<Record<string, CoreModuleFunction>>;
  /** WAMR's own, which it has deprecated. */
  readonly wasi_nn: Readonly<Record<string, CoreModuleFunction>>;
}

/** The functions that wait for an answer of the engine. */
const suspending: ReadonlySet<string> = new Set([
  'load',
  'load_by_name',
  'load_by_name_with_config',
  'compute',
  'compute_single',
  'get_output',
  'get_output_single',
]);

/**
 * Makes the import modules for one core-module guest.
 *
 * @param memory the guest's memory, which is there only after the guest has been instantiated; asked at each access
 * @param onError gets every failure: the guest gets its number alone
 * @param print writes to the guest's standard output, where a language model is to write its text there. Default: nowhere
 * @param readFile reads the image of a language model's prompt, where it is a file of the guest
 */
export function createCoreModuleBinding(
  client: InferenceClient,
  memory: () => WebAssembly.Memory | undefined,
  onError?: ReportError,
  contexts: ContextCount = createContextCount(),
  print: (bytes: Uint8Array<ArrayBuffer>) => void = () => undefined,
  readFile: ReadFile = noFiles,
): CoreModuleBinding {
  const report = harmless(onError);

  function toCoreModuleFunction(name: string, run: GuestFunction): CoreModuleFunction {
    const guestMemory = new GuestMemory(name, memory);
    const fail = (cause: unknown) => {
      const error = toWasiNNError(cause, name, 'unknown');
      if (!(error instanceof EndOfSequence)) report(error, name);
      return toErrno(error);
    };
    return {
      suspends: suspending.has(name),
      call: (...args) => {
        try {
          // Every function reports that the guest has no memory, before it reports anything else.
          void guestMemory.buffer;
          const answer = run(guestMemory, ...args.map((arg) => arg >>> 0));
          return answer instanceof Promise ? answer.then(() => errno.success).catch(fail) : errno.success;
        } catch (cause) {
          return fail(cause);
        }
      },
    };
  }

  function toModule(functions: Readonly<Record<string, GuestFunction>>): Record<string, CoreModuleFunction> {
    return Object.fromEntries(Object.entries(functions).map(([name, run]) => [name, toCoreModuleFunction(name, run)]));
  }

  const reportUnload = (cause: unknown) => report(toWasiNNError(cause, 'unload', 'unknown'), 'unload');
  const session = new CoreModuleSession({ client, count: contexts, onUnloadFailure: reportUnload, print, readFile });
  const witx = createWitxFunctions(session);
  return {
    wasi_ephemeral_nn: toModule({ ...witx, ...createWasmEdgeFunctions(session) }),
    wasi_nn: toModule(createWamrFunctions(session, witx)),
  };
}
