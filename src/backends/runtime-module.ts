import { abortable } from '../standard/abortable.js';
import { messageOf, WasiNNError } from '../standard/error.js';
import type { PowerPreference, Verify } from '../standard/graph.js';

/**
 * One WebAssembly module of a runtime. It does one thing at a time: concurrent calls hang, reject or compute wrong numbers in
 * most builds of onnxruntime-web and LiteRT.js.
 */
export interface RuntimeModule {
  /**
   * Aborted when the module has broken down, with the reason. Its answers are wrong from then on, and this thread cannot
   * load it again.
   */
  readonly breakdown: AbortController;
}

export interface ProviderOptions {
  /** Whether WebGPU may run on a software adapter, which is far slower than WebAssembly: for tests. */
  readonly allowSoftwareAdapter: boolean;
  /** Which GPU is preferred where there are several. Default `high-performance`. */
  readonly powerPreference?: PowerPreference;
  /** When outputs are compared with WebAssembly's, where a model does not say so itself. Default `first`. */
  readonly verify?: Verify;
  /**
   * Called when a runtime's module or its device breaks down. Only another thread can load the module again. A call that the
   * module works on rejects. Default: nothing is called.
   */
  readonly onBroken?: (reason: string) => void;
}

/** A device was lost, and the module that works with it is of no use any more. */
export class DeviceLostError extends Error {}

/**
 * Has a module do something. Where that breaks the module, the module does nothing more.
 *
 * @param isLast whether nothing else can take over where the module could not be started. Default: yes
 * @throws what `action` throws; WasiNNError where the module has broken down before; DeviceLostError where it loses its device
 */
export async function guard<Result>(
  module: RuntimeModule,
  { onBroken }: ProviderOptions,
  action: () => Promise<Result>,
  isLast = true,
): Promise<Result> {
  const { signal } = module.breakdown;
  if (signal.aborted) {
    const reason = messageOf(signal.reason);
    if (isLast) onBroken?.(reason);
    throw new WasiNNError('runtime-error', `the runtime has broken down: ${reason}`);
  }
  try {
    return await abortable(signal, action());
  } catch (cause) {
    if (isFatal(cause)) module.breakdown.abort(cause);
    // Another engine could not start the module either.
    if (hasAborted(cause) || (isLast && isFatal(cause))) onBroken?.(messageOf(cause));
    throw cause;
  }
}

/** The modules that each device takes along. */
const watching = new WeakMap<object, WeakSet<RuntimeModule>>();

/** A device that is lost takes the module along: it holds on to the first that it was given. */
export function watchLoss(module: RuntimeModule, device: object, what: string, { onBroken }: ProviderOptions): void {
  const lost: unknown = Reflect.get(device, 'lost');
  const modules = watching.get(device) ?? new WeakSet();
  if (!(lost instanceof Promise) || modules.has(module)) return;
  watching.set(device, modules.add(module));
  lost.then((info) => {
    const reason = `${what} was lost: ${info?.message || 'the browser does not say why'}`;
    module.breakdown.abort(new DeviceLostError(reason));
    onBroken?.(reason);
  });
}

/**
 * An error of onnxruntime's own: a call has failed, and the module goes on. What follows the code can quote names from the
 * model, so nothing in it says what has happened, but for C++'s own name of memory that has run out, at its beginning.
 */
const ownError = /^[\w'(). ]{0,100}ERROR_CODE: \d+, ERROR_MESSAGE: (std::bad_alloc)?/;

/** How onnxruntime begins where its module could not be started. */
const notStarted = /^no available backend found/i;

/** How the texts of Emscripten, and of JavaScript's engines where a module has no memory or stack left, begin. */
const brokenModule =
  /^(?:Aborted\(|abort\(|out of memory|WebAssembly\.Memory|Array buffer allocation|Maximum call stack|too much recursion)/i;

/** Whether what was thrown means that the module is of no use any more: it has aborted, or could not be started. */
export function isFatal(cause: unknown): boolean {
  const origin = originOf(cause);
  return hasAborted(cause) || (!(origin instanceof WasiNNError) && notStarted.test(messageOf(origin)));
}

/**
 * Whether what was thrown means that a module has broken down that had started: a trap, an abort, a bare number from C++,
 * memory or stack that has run out, a device that is lost.
 */
export function hasAborted(cause: unknown): boolean {
  const origin = originOf(cause);
  if (origin instanceof DeviceLostError || origin instanceof WebAssembly.RuntimeError) return true;
  if (typeof origin === 'number') return true;
  if (origin instanceof WasiNNError) return false;
  const text = messageOf(origin);
  const own = ownError.exec(text);
  return own ? own[1] !== undefined : brokenModule.test(text);
}

/** What one of the standard's errors was made of. */
function originOf(cause: unknown): unknown {
  return cause instanceof WasiNNError && cause.cause !== undefined ? originOf(cause.cause) : cause;
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
