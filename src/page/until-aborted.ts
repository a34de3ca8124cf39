/**
 * Does something, and settles as that does, or rejects with the signal's reason as soon as the signal is aborted.
 * Nothing is done where it is aborted already.
 *
 * The rejection needs no code of this frame to run later. So it reaches a caller in another frame even while this frame
 * is being removed, after which the browser runs none of this frame's promise reactions.
 */
export function untilAborted<Value>(signal: AbortSignal, action: () => Promise<Value>): Promise<Value> {
  return new LastingPromise<Value>((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = () => reject(signal.reason);
    const forget = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort);
    action().then(resolve, reject).finally(forget);
  });
}

/**
 * The promises of the outermost frame that this frame may access; this frame's own where there is no other. In Firefox,
 * code of another frame that awaits a promise of a removed frame waits for ever, even when the promise has been rejected.
 */
const LastingPromise = lastingPromise();

function lastingPromise(): PromiseConstructor {
  if (typeof window === 'undefined') return Promise;
  let outermost: PromiseConstructor = Promise;
  try {
    for (let frame: Window = window; frame.parent !== frame; frame = frame.parent) {
      const candidate: unknown = Reflect.get(frame.parent, 'Promise');
      if (isPromiseConstructor(candidate)) outermost = candidate;
    }
  } catch {
    // The next frame is of another origin: nothing there can call this frame either.
  }
  return outermost;
}

function isPromiseConstructor(candidate: unknown): candidate is PromiseConstructor {
  return typeof candidate === 'function' && 'withResolvers' in candidate;
}
