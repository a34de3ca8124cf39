import { describe, expect, it } from 'vitest';
import { createSharedMemoryPool } from './shared-memory-pool.js';

const mebibyte = 1 << 20;

describe('a pool of shared memory', () => {
  it('gives the same memory again where it is long enough', () => {
    const pool = createSharedMemoryPool();
    const first = pool.take(1000);
    pool.giveBack(new Uint8Array(first, 0, 10));
    const longer = pool.take(1001);
    expect(longer).not.toBe(first);
    expect([first.byteLength, longer.byteLength]).toEqual([1000, 1001]);
    expect(pool.take(999)).toBe(first);
  });

  it('gives memory to one user at a time', () => {
    const pool = createSharedMemoryPool();
    const bytes = new Uint8Array(pool.take(1000));
    pool.giveBack(bytes);
    pool.giveBack(bytes);
    expect(pool.take(1000)).not.toBe(pool.take(1000));
  });

  it('keeps 64 MiB at most', () => {
    const pool = createSharedMemoryPool();
    const taken = [40, 40, 24].map((length) => pool.take(length * mebibyte));
    for (const buffer of taken) pool.giveBack(new Uint8Array(buffer));
    const again = [40, 40, 24].map((length) => pool.take(length * mebibyte));
    expect(again.map((buffer, index) => buffer === taken[index])).toEqual([true, false, true]);
  });

  it('does not take memory that is not shared', () => {
    const pool = createSharedMemoryPool();
    pool.giveBack(new Uint8Array(1000));
    expect(pool.take(1000)).toBeInstanceOf(SharedArrayBuffer);
  });
});
