import { describe, expect, it } from 'vitest';
import { fromHalf } from './half.js';

describe('fromHalf', () => {
  it.each([
    ['zero', 0x0000, 0],
    ['a negative zero', 0x8000, -0],
    ['one', 0x3c00, 1],
    ['a fraction', 0xb555, -0.333251953125],
    ['the largest number', 0x7bff, 65504],
    ['the least normal number', 0x0400, 2 ** -14],
    ['the least number', 0x0001, 2 ** -24],
    ['infinity', 0xfc00, Number.NEGATIVE_INFINITY],
    ['what is no number', 0x7e00, Number.NaN],
  ])('reads %s', (_, bits, expected) => {
    expect(fromHalf(bits)).toBe(expected);
  });
});
