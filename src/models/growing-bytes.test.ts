import { describe, expect, it } from 'vitest';
import { patternBytes } from './file-server.fixture.js';
import { GrowingBytes } from './growing-bytes.js';

function fill(pieces: readonly Uint8Array[], expected?: number): Uint8Array {
  const bytes = new GrowingBytes();
  for (const piece of pieces) bytes.append(piece, expected);
  return bytes.take();
}

describe('GrowingBytes', () => {
  const pieces = [patternBytes(100, 1), patternBytes(3 << 20, 2), patternBytes(0), patternBytes(1, 3)];
  const whole = Buffer.concat(pieces);

  it.each([
    ['nobody knows how many come', undefined],
    ['as many come as are expected', whole.byteLength],
    ['more come than are expected', 1000],
    ['fewer come than are expected', whole.byteLength + 1000],
  ])('puts bytes together where %s, with no buffer larger than they are', (_what, expected) => {
    const bytes = fill(pieces, expected);
    expect(Buffer.compare(bytes, whole)).toBe(0);
    expect(bytes.buffer.byteLength).toBe(whole.byteLength);
  });

  it('is empty where nothing came, and again when its bytes were taken', () => {
    expect(fill([])).toHaveLength(0);
    const bytes = new GrowingBytes();
    bytes.append(patternBytes(10));
    bytes.take();
    expect(bytes.take()).toHaveLength(0);
  });

  it('refuses what fits no memory', () => {
    const bytes = new GrowingBytes();
    expect(() => bytes.append(patternBytes(1), 2 ** 50)).toThrow(
      expect.objectContaining({ code: 'too-large', message: expect.stringContaining(String(2 ** 50)) }),
    );
  });
});
