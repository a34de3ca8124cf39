import { messageOf, WasiNNError } from '../standard/error.js';
import type { PowerPreference, Verify } from '../standard/graph.js';
import type { Queue } from './queue.js';

/** One WebAssembly module of a runtime, and the queue that every call into it must pass through. */
export interface RuntimeModule {
  readonly queue: Queue;
  /** How many sessions it has. */
  sessions: number;
  /** Why the module broke down, if it did. Its answers are wrong from then on, and this thread cannot load it again. */
  fault?: string;
}

export interface ProviderOptions {
  /** Whether WebGPU may run on a software adapter, which is far slower than WebAssembly: for tests. */
  readonly allowSoftwareAdapter: boolean;
  /** Which GPU is preferred where there are several. Default `high-performance`. */
  readonly powerPreference?: PowerPreference;
  /** When outputs are compared with WebAssembly's, where a model does not say so itself. Default `first`. */
  readonly verify?: Verify;
  /**
   * Called when a runtime's module or the device that it works with breaks down, which only another thread can mend. The
   * module answers nothing more then. Default: its callers get what it throws.
   */
  readonly onBroken?: (reason: string) => void;
}

/** Gives up a module. */
export function giveUp(module: RuntimeModule, reason: string, { onBroken }: ProviderOptions): void {
  module.fault ??= reason;
  if (!onBroken) return;
  module.queue.stop();
  onBroken(reason);
}

/**
 * Does something with a module while it is the caller's, and gives the module up where that breaks it.
 *
 * @param isReplaceable whether something else can take over, so that the module may stay broken if nobody else needs it
 */
export async function guard<Result>(
  module: RuntimeModule,
  options: ProviderOptions,
  action: () => Promise<Result>,
  isReplaceable = false,
): Promise<Result> {
  try {
    return await action();
  } catch (cause) {
    noteFailure(module, cause, options, !isReplaceable || module.sessions > 1);
    throw cause;
  }
}

/** @param isNeeded whether somebody cannot go on without the module: otherwise it stays broken, and no engine ends for it */
function noteFailure(module: RuntimeModule, cause: unknown, options: ProviderOptions, isNeeded: boolean): void {
  if (!isFatal(cause)) return;
  module.fault ??= messageOf(cause);
  if (isNeeded) giveUp(module, module.fault, options);
}

/**
 * Has a module make a session, when it is the caller's turn.
 *
 * @param make called while the module is the caller's
 * @param isLast whether nothing is left to be tried where that fails
 * @throws what `make` throws; where the module has broken down and nothing is left, the call waits for another engine
 */
export async function createIn<Made>(
  module: RuntimeModule,
  options: ProviderOptions,
  make: (queue: Queue) => Promise<Made>,
  isLast: boolean,
): Promise<Made> {
  if (module.fault !== undefined) throw await brokenBefore(module, module.fault, options, isLast);
  try {
    const made = await make(module.queue);
    module.sessions++;
    return made;
  } catch (cause) {
    // Where something else can take the model, it need not wait for another engine.
    noteFailure(module, cause, options, isLast || module.sessions > 0);
    throw cause;
  }
}

/** The error of a module that broke down earlier. Where nothing else can serve, the call waits for another engine. */
async function brokenBefore(
  module: RuntimeModule,
  fault: string,
  options: ProviderOptions,
  isLast: boolean,
): Promise<WasiNNError> {
  if (isLast && options.onBroken) {
    giveUp(module, fault, options);
    return new Promise(() => undefined);
  }
  return new WasiNNError('runtime-error', `the runtime has broken down: ${fault}`);
}

/** The modules that each device takes along. */
const watching = new WeakMap<object, WeakSet<RuntimeModule>>();

/** A device that is lost takes the module along: it holds on to the first that it was given. */
export function watchLoss(module: RuntimeModule, device: object, what: string, options: ProviderOptions): void {
  const lost: unknown = Reflect.get(device, 'lost');
  const modules = watching.get(device) ?? new WeakSet();
  if (!(lost instanceof Promise) || modules.has(module)) return;
  watching.set(device, modules.add(module));
  lost.then((info) => giveUp(module, `${what} was lost: ${info?.message || 'the browser does not say why'}`, options));
}

/**
 * An error of onnxruntime's own: a call has failed, and the module goes on. What follows the code can quote names from the
 * model, so nothing in it says what has happened, but for C++'s own name of memory that has run out, at its beginning.
 */
const ownError = /^[\w'(). ]{0,100}ERROR_CODE: \d+, ERROR_MESSAGE: (std::bad_alloc)?/;

/** How the texts of Emscripten, and of JavaScript's engines where a module has no memory or stack left, begin. */
const brokenModule =
  /^(?:Aborted\(|abort\(|no available backend found|out of memory|WebAssembly\.Memory|Array buffer allocation|Maximum call stack|too much recursion)/i;

/**
 * Whether what was thrown means that the module is of no use any more: a trap, an abort, a bare number from C++, memory or
 * stack that has run out. A device reports its own loss (`watchLoss`).
 */
export function isFatal(cause: unknown): boolean {
  if (cause instanceof WasiNNError) return cause.cause !== undefined && isFatal(cause.cause);
  if (cause instanceof WebAssembly.RuntimeError || typeof cause === 'number') return true;
  const text = messageOf(cause);
  const own = ownError.exec(text);
  return own ? own[1] !== undefined : brokenModule.test(text);
}

/** How long a browser may take to answer whether it has a device, in ms. */
const probeLimit = 10_000;

/** @throws Error in words where there is no answer: drivers have been seen to hang */
export function inTime<Value>(answer: Promise<Value>, what: string): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} did not answer in ${probeLimit} ms`)), probeLimit);
  return Promise.race([answer, promise]).finally(() => clearTimeout(timer));
}

/** Where a device is not to be had: the browser lacks it, or does not permit it to this page. */
export function unavailable(cause: unknown): never {
  const isRefusal =
    cause instanceof DOMException && (cause.name === 'NotAllowedError' || cause.name === 'SecurityError');
  throw new WasiNNError(isRefusal ? 'security' : 'unsupported-operation', messageOf(cause), { cause });
}
