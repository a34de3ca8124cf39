export interface ByteReader {
  /** @returns the next bytes, which the next call may write over; nothing at the end */
  read(): Promise<Uint8Array | undefined>;
  cancel(reason?: unknown): Promise<void>;
}

/**
 * Reads a stream into the same memory again and again, where the browser can: buffers that are left to the garbage
 * collector add up to more than 100 MiB before it comes.
 *
 * @param readBytes how many bytes are read at once
 */
export function openByteReader(stream: ReadableStream<Uint8Array>, readBytes: number): ByteReader {
  const reader = openReusingReader(stream);
  if (!reader) {
    const other = stream.getReader();
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

function openReusingReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: 'byob' });
  } catch {
    return undefined;
  }
}
