import { countDown } from './countdown.js';

/**
 * How a page detects that one of its workers has ended by itself. Browsers report that in no event. So each worker holds
 * a Web Lock as long as it lives, and the page requests the same lock: the browser grants it when the worker is gone.
 */

/** Captured when this module loads, because a confined worker loses `navigator.locks`. */
const locks: LockManager | undefined = globalThis.navigator?.locks;

/** A page's watch over one worker. */
export interface WorkerWatch {
  /** The name of the lock, which the page sends to the worker in its first message. */
  readonly lock: string;
  /** To be called when the worker reports that it holds the lock. */
  started(): void;
  /** Ends the watch. To be called before the page terminates the worker. */
  stop(): void;
}

/**
 * Watches a worker from its start on.
 *
 * @param kind what the worker is for, as part of the lock's name: `engine`
 * @param startMilliseconds how long the worker may take until it reports that it holds the lock
 * @param onEnd called once, with the cause in words, when the worker has ended or did not start in time
 */
export function watchWorker(kind: string, startMilliseconds: number, onEnd: (cause: string) => void): WorkerWatch {
  const lock = `wasi-nn ${kind} ${Date.now()} ${Math.random()}`;
  const stopped = new AbortController();
  const { signal } = stopped;
  const end = (cause: string) => {
    if (signal.aborted) return;
    stopped.abort();
    onEnd(cause);
  };
  const stopCountdown = countDown(startMilliseconds, () => end(`it did not start in ${startMilliseconds} ms`));
  signal.addEventListener('abort', stopCountdown);

  return {
    lock,
    started() {
      stopCountdown();
      if (!locks) return;
      const granted = locks.request(lock, { signal }, async () => undefined);
      // Rejected where the watch is stopped, and where the browser refuses locks altogether.
      granted.then(
        () => end('it ended by itself'),
        () => undefined,
      );
    },
    stop: () => stopped.abort(),
  };
}

/**
 * Takes the lock in the worker's thread, which only the end of the thread releases. Resolves when it is held, or when
 * the browser has no locks or refuses them, as it does in a sandboxed frame: nothing reports the worker's end then.
 */
export function holdWorkerLock(lock: string): Promise<void> {
  return new Promise((resolve) => {
    if (!locks) return resolve();
    const hold = () => {
      resolve();
      return new Promise<void>(() => undefined);
    };
    locks.request(lock, hold).catch(() => resolve());
  });
}
