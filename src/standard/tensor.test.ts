import { describe, expect, it } from 'vitest';
import { byteLengthOf, describeTensor, elementBytes, isTensorType, type TensorType, tensorTypes } from './tensor.js';

describe('tensorTypes', () => {
  it("are the standard's seven, in the standard's order", () => {
    expect(tensorTypes).toEqual(['FP16', 'FP32', 'FP64', 'BF16', 'U8', 'I32', 'I64']);
  });

  it('each have a width', () => {
    expect(elementBytes).toEqual({ FP16: 2, FP32: 4, FP64: 8, BF16: 2, U8: 1, I32: 4, I64: 8 });
  });
});

describe('isTensorType', () => {
  it.each(tensorTypes)('takes %s', (type) => {
    expect(isTensorType(type)).toBe(true);
  });

  it.each(['fp32', 'float32', '', 'toString', 1, null, undefined])('does not take %j', (value) => {
    expect(isTensorType(value)).toBe(false);
  });
});

describe('byteLengthOf', () => {
  it.each([
    ['FP32', [1, 3, 224, 224], 602_112],
    ['FP16', [2, 3], 12],
    ['BF16', [2, 3], 12],
    ['FP64', [5], 40],
    ['U8', [7, 1], 7],
    ['I32', [2, 2], 16],
    ['I64', [3], 24],
    ['FP32', [0], 0],
    ['I64', [4, 0, 4], 0],
  ] satisfies [TensorType, number[], number][])('of %s %j is %d', (type, dimensions, bytes) => {
    expect(byteLengthOf(type, dimensions)).toBe(bytes);
  });

  it.each(tensorTypes)('of a scalar %s is that of one element', (type) => {
    expect(byteLengthOf(type, [])).toBe(elementBytes[type]);
  });

  it('does not wrap around where the shape is absurd', () => {
    expect(byteLengthOf('FP32', [0xffffffff, 0xffffffff])).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
    expect(byteLengthOf('U8', [0x10000, 0x10000])).toBe(2 ** 32);
  });
});

describe('describeTensor', () => {
  it.each([
    ['FP32', [1, 3, 224, 224], 'FP32 [1, 3, 224, 224]'],
    ['I64', [], 'I64 []'],
    ['bool', ['batch', 3], 'bool [batch, 3]'],
  ] satisfies [string, (number | string)[], string][])('says %s and %j as %s', (type, shape, text) => {
    expect(describeTensor(type, shape)).toBe(text);
  });
});
