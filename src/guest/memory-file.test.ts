import { describe, expect, it } from 'vitest';
import { FileSpace, MemoryFile, OutOfSpaceError } from './memory-file.js';

const bytes = (...values: readonly number[]) => Uint8Array.from(values);

describe('MemoryFile', () => {
  it('reads what was written, and zeros in between', () => {
    const file = new MemoryFile(new FileSpace());
    file.write(3, bytes(1, 2));
    file.write(0, bytes(9));
    expect(file.read(0, 100)).toEqual(bytes(9, 0, 0, 1, 2));
    expect(file.read(4, 1)).toEqual(bytes(2));
    expect(file.read(2 ** 60, 1)).toEqual(bytes());
  });

  it('leaves the bytes that it was given as they are', () => {
    const given = bytes(1, 2, 3);
    new MemoryFile(new FileSpace(), given).write(0, bytes(9));
    expect(given).toEqual(bytes(1, 2, 3));
  });

  it('has zeros where it was cut and grown again', () => {
    const file = new MemoryFile(new FileSpace(), bytes(1, 2, 3));
    file.resize(1);
    file.resize(3);
    expect(file.read(0, 3)).toEqual(bytes(1, 0, 0));
  });

  it.each([2 ** 40, 2 ** 63, Number.NaN, Number.POSITIVE_INFINITY])('refuses a length of %d', (length) => {
    const file = new MemoryFile(new FileSpace(), bytes(1));
    expect(() => file.resize(length)).toThrow(OutOfSpaceError);
    expect(() => file.write(length, bytes(1))).toThrow(OutOfSpaceError);
    expect(file.read(0, 10)).toEqual(bytes(1));
  });

  it('takes no more than the space, by many small writes as by one', () => {
    const space = new FileSpace(10_000);
    const file = new MemoryFile(space);
    expect(() => {
      for (let written = 0; written < 20_000; written += 100) file.write(written, new Uint8Array(100));
    }).toThrow(OutOfSpaceError);
    expect(file.byteLength).toBe(10_000);
    expect(space.left).toBe(0);
  });

  it('counts what it grows by beyond what the page gave', () => {
    const space = new FileSpace(100);
    const file = new MemoryFile(space, new Uint8Array(1000));
    file.write(500, bytes(1));
    expect(space.left).toBe(100);
    file.resize(1050);
    expect(space.left).toBeLessThanOrEqual(50);
  });

  it('gives its space back with the last that holds it, and not before', () => {
    const space = new FileSpace(100);
    const file = new MemoryFile(space);
    file.hold();
    file.hold();
    file.resize(80);
    const left = space.left;
    file.release();
    expect(space.left).toBe(left);
    file.release();
    expect(space.left).toBe(100);
  });
});
