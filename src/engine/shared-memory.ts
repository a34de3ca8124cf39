const pageBytes = 1 << 16;

/**
 * Makes memory that threads can share, as the buffer of a WebAssembly memory: WebKit has builds that hide
 * `SharedArrayBuffer` itself.
 *
 * @param byteLength rounded up to whole pages of 64 KiB
 * @throws TypeError where the browser has no shared memory at all
 */
export function createSharedMemory(byteLength: number): SharedArrayBuffer {
  const pages = Math.ceil(byteLength / pageBytes);
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  if (isShared(buffer)) return buffer;
  throw new TypeError('the browser has no shared memory');
}

export function isShared(buffer: ArrayBufferLike): buffer is SharedArrayBuffer {
  return !(buffer instanceof ArrayBuffer);
}
