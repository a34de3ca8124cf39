import { describe, expect, it } from 'vitest';
import { buffersGivenAway, transfer } from './transfer.js';

describe('buffersGivenAway', () => {
  it('finds marked bytes wherever they stand, each buffer once', () => {
    const pixels = transfer(new Uint8Array(4));
    const scores = transfer(new Float32Array(2));
    const half = new Uint8Array(pixels.buffer, 2);
    const values = [{ image: { pixels } }, [scores, null, undefined], half, 'text', 1n];
    expect(buffersGivenAway(values)).toEqual([pixels.buffer, scores.buffer]);
  });

  it('leaves bytes alone that are not marked, and such as cannot be given away', () => {
    expect(buffersGivenAway([new Uint8Array(4), new Uint8Array(new SharedArrayBuffer(4))])).toEqual([]);
  });
});

describe('transfer', () => {
  it('gives the bytes back as they are', () => {
    const bytes = new Float32Array([1, 2]);
    expect(transfer(bytes)).toBe(bytes);
    expect([...bytes]).toEqual([1, 2]);
  });
});
