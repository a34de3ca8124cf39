import { messageOf } from '../standard/error.js';
import type { Watchdog } from './download-watchdog.js';
import { shownUrl } from './model-url.js';
import { TransientError } from './request.js';

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
  const reader = openReader(body);
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

interface BodyReader {
  /** @returns the next bytes, which the next call may write over; nothing at the end */
  read(): Promise<Uint8Array | undefined>;
  cancel(reason?: unknown): Promise<void>;
}

/** How many bytes are read at once. */
const readBytes = 256 << 10;

/**
 * Reads a body into the same memory again and again, where the browser can: buffers that are left to the garbage
 * collector add up to more than 100 MiB before it comes.
 */
function openReader(body: ReadableStream<Uint8Array>): BodyReader {
  const reader = openByteReader(body);
  if (!reader) {
    const other = body.getReader();
    return { read: async () => (await other.read()).value, cancel: (reason) => other.cancel(reason) };
  }
  let buffer = new ArrayBuffer(readBytes);
  return {
    async read() {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return undefined;
      buffer = value.buffer;
      return new Uint8Array(buffer, value.byteOffset, value.byteLength);
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

function openByteReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: 'byob' });
  } catch {
    return undefined;
  }
}
