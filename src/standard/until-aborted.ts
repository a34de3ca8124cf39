/**
 * Does something, and settles as that does, or rejects with the signal's reason as soon as the signal is aborted.
 * Nothing is done where it is aborted already.
 *
 * The rejection needs no code of this realm to run later. So it reaches a caller in another frame even while this frame
 * is being removed, after which the browser runs none of this frame's promise reactions.
 */
export function untilAborted<Value>(signal: AbortSignal, action: () => Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = () => reject(signal.reason);
    const forget = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort);
    action().then(resolve, reject).finally(forget);
  });
}
