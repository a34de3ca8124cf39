import { describe, expect, it } from 'vitest';
import { duration, median, size } from './quantities.js';

describe('duration', () => {
  it.each([
    [0.42, '0.4 ms'],
    [9.96, '10 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
  ])('says %d ms in words', (milliseconds, words) => {
    expect(duration(milliseconds)).toBe(words);
  });
});

describe('size', () => {
  it.each([
    [0, '0 B'],
    [347_018, '347 kB'],
    [4_950_000, '5.0 MB'],
    [4.2e9, '4.2 GB'],
  ])('says %d bytes in words', (bytes, words) => {
    expect(size(bytes)).toBe(words);
  });
});

describe('median', () => {
  it('is the middle one, or lies between the two in the middle', () => {
    expect(median([])).toBeUndefined();
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});
