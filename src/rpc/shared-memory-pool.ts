import { createSharedMemory, isShared } from './shared-memory.js';

/**
 * Shared memory that tensors take turns in: a browser takes longer to make new memory than to copy a tensor into memory
 * that it has.
 */
export interface SharedMemoryPool {
  /** Memory of at least this length, with what its last user has left there. It is the caller's until it is given back. */
  take(byteLength: number): SharedArrayBuffer;
  /**
   * Gives back the memory of some bytes, where it is shared. What has come in a message must not be given to the pool that
   * it was taken from: it is another object for the same memory.
   */
  giveBack(bytes: Uint8Array): void;
}

/** How much memory waits for its next use, in bytes. What is more is left to the garbage collector. */
const maximumBytes = 1 << 26;

export function createSharedMemoryPool(): SharedMemoryPool {
  const unused = new Set<SharedArrayBuffer>();

  return {
    take(byteLength) {
      for (const buffer of unused) {
        if (buffer.byteLength < byteLength) continue;
        unused.delete(buffer);
        return buffer;
      }
      return createSharedMemory(byteLength);
    },
    giveBack({ buffer }) {
      if (!isShared(buffer)) return;
      const waiting = [...unused].reduce((total, { byteLength }) => total + byteLength, 0);
      if (waiting + buffer.byteLength <= maximumBytes) unused.add(buffer);
    },
  };
}
