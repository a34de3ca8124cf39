import { messageOf } from '../standard/error.js';
import { openByteReader } from './byte-reader.js';
import type { Watchdog } from './download-watchdog.js';
import { shownUrl } from './model-url.js';
import { TransientError } from './request.js';

/** How many bytes are read at once. */
const readBytes = 256 << 10;

/**
 * Reads a body to its end.
 *
 * @param take gets the bytes, which may be written over afterwards; the next are read when it is done
 * @throws TransientError where the body breaks off; the signal's reason; what `take` throws
 */
export async function readBody(
  url: string,
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  watchdog: Watchdog,
  take: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const reader = openByteReader(body, readBytes);
  const cancel = () => void reader.cancel(signal.reason).catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    for (;;) {
      watchdog.start();
      const bytes = await reader.read().catch((cause) => {
        throw new TransientError(`${shownUrl(url)} broke off (${messageOf(cause)}): try again`, { cause });
      });
      watchdog.stop(bytes?.byteLength ?? 0);
      signal.throwIfAborted();
      if (!bytes) return;
      await take(bytes);
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    await reader.cancel().catch(() => undefined);
  }
}
