/**
 * Makes memory that threads can share. It is no buffer of a WebAssembly memory, each of which takes gigabytes of the
 * process's addresses; but WebKit has builds that hide `SharedArrayBuffer`, and there such a memory gives the constructor.
 *
 * @throws TypeError where the browser has no shared memory at all
 */
export function createSharedMemory(byteLength: number): SharedArrayBuffer {
  const construct = globalThis.SharedArrayBuffer ?? hiddenConstructor();
  return new construct(byteLength);
}

export function isShared(buffer: ArrayBufferLike): buffer is SharedArrayBuffer {
  return !(buffer instanceof ArrayBuffer);
}

function hiddenConstructor(): typeof SharedArrayBuffer {
  const { buffer } = new WebAssembly.Memory({ initial: 0, maximum: 0, shared: true });
  if (isShared(buffer)) return Object.getPrototypeOf(buffer).constructor;
  throw new TypeError('the browser has no shared memory');
}
