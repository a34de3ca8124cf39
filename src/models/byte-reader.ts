export interface ByteReader {
  /** @returns the next bytes, which the next call may write over; nothing at the end */
  read(): Promise<Uint8Array | undefined>;
  cancel(reason?: unknown): Promise<void>;
}

/** Chromium 153 frees the stream of a Blob while a read of it waits, unless something holds it: the read never ends then. */
const openStreams = new Set<ReadableStream>();

/**
 * Reads a stream into the same memory again and again, where the browser can: buffers that are left to the garbage
 * collector add up to more than 100 MiB before it comes. Whoever has read enough calls `cancel`, also at the end.
 *
 * @param readBytes how many bytes are read at once
 */
export function openByteReader(stream: ReadableStream<Uint8Array>, readBytes: number): ByteReader {
  const { read, cancel } = openReusingReader(stream, readBytes) ?? openDefaultReader(stream);
  openStreams.add(stream);
  return {
    read,
    cancel(reason) {
      openStreams.delete(stream);
      return cancel(reason);
    },
  };
}

function openDefaultReader(stream: ReadableStream<Uint8Array>): ByteReader {
  const reader = stream.getReader();
  return { read: async () => (await reader.read()).value, cancel: (reason) => reader.cancel(reason) };
}

function openReusingReader(stream: ReadableStream<Uint8Array>, readBytes: number): ByteReader | undefined {
  const reader = getReusingReader(stream);
  if (!reader) return undefined;
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

function getReusingReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: 'byob' });
  } catch {
    return undefined;
  }
}
