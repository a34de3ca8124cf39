import type { ModelEntry } from './model-options.js';
import { shownUrl } from './model-url.js';
import { TransientError } from './request.js';

/** Watches one request: time counts only while bytes are awaited. */
export interface Watchdog {
  /** Aborts with a {@link TransientError} when the request brings nothing for too long, or too little. */
  readonly signal: AbortSignal;
  /** Bytes are awaited from now on. */
  start(): void;
  /** None are awaited any more. @param received how many have come since `start` */
  stop(received?: number): void;
}

/** @param url the request's, for the error */
export function createWatchdog(
  url: string,
  { stallTimeout, minimumRate }: Pick<ModelEntry['fetch'], 'stallTimeout' | 'minimumRate'>,
): Watchdog {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let startedAt = 0;
  /** What has come since the rate was last looked at, in bytes, and how long it was awaited, in ms. */
  let came = 0;
  let awaited = 0;

  const end = (fault: string) => controller.abort(new TransientError(`${shownUrl(url)} brought ${fault}: try again`));
  const endStalled = () => end(`nothing for ${stallTimeout} ms`);

  return {
    signal: controller.signal,
    start() {
      clearTimeout(timer);
      if (awaited >= stallTimeout) {
        if (came * 1000 < minimumRate * awaited) {
          end(`${came} bytes in ${Math.round(awaited)} ms, less than ${minimumRate} a second (fetch.minimumRate)`);
          return;
        }
        came = 0;
        awaited = 0;
      }
      startedAt = performance.now();
      timer = setTimeout(endStalled, stallTimeout);
    },
    stop(received) {
      clearTimeout(timer);
      // How long the first byte takes is the server's time to think, and says nothing of the rate.
      if (received === undefined) return;
      came += received;
      awaited += performance.now() - startedAt;
    },
  };
}
