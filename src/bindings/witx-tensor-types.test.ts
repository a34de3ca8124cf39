import { describe, expect, it } from 'vitest';
import type { TensorType } from '../standard/tensor.js';
import { readTensorType, type TensorTypeEra } from './witx-tensor-types.js';

const shape = [2, 3];
const eras: readonly (TensorTypeEra | undefined)[] = ['early', 'current', undefined];

function tensor(typeNumber: number, byteLength: number, dimensions: readonly number[] = shape) {
  return { typeNumber, byteLength, dimensions };
}

describe('a number that both eras use alike', () => {
  it.each([
    [0, 'FP16', 12],
    [1, 'FP32', 24],
  ] satisfies [number, TensorType, number][])('%d is %s and proves nothing', (number, type, byteLength) => {
    for (const era of eras) {
      expect(readTensorType(tensor(number, byteLength), type, era)).toEqual({ type });
      expect(readTensorType(tensor(number, 0, [0]), type, era)).toEqual({ type });
    }
  });
});

describe('a number that the eras use differently', () => {
  const rows: [number: number, byteLength: number, type: TensorType, era: TensorTypeEra][] = [
    [2, 6, 'U8', 'early'],
    [3, 24, 'I32', 'early'],
    [2, 48, 'FP64', 'current'],
    [3, 6, 'U8', 'current'],
    [4, 24, 'I32', 'current'],
    [5, 48, 'I64', 'current'],
  ];

  it.each(rows)('%d with %d bytes for 6 elements is %s: %s', (number, byteLength, type, era) => {
    expect(readTensorType(tensor(number, byteLength), type, undefined)).toEqual({ type, era });
    expect(readTensorType(tensor(number, byteLength), 'FP16', era)).toEqual({ type, era });
  });

  it.each(rows)(
    '%d with %d bytes for 6 elements is refused to a guest of the other era',
    (number, byteLength, type, era) => {
      const known = era === 'early' ? 'current' : 'early';
      const read = () => readTensorType(tensor(number, byteLength), type, known);
      expect(read).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
      expect(read).toThrow(/earlier tensors showed that \d means (U8|I32|FP64|no type) to this guest/);
    },
  );

  it('counts one element for a scalar', () => {
    expect(readTensorType(tensor(2, 1, []), 'U8', undefined)).toEqual({ type: 'U8', era: 'early' });
    expect(readTensorType(tensor(2, 8, []), 'FP64', undefined)).toEqual({ type: 'FP64', era: 'current' });
  });

  it.each([
    [2, 7, '6 bytes as U8 or 48 bytes as FP64, but 7 came'],
    [3, 48, '24 bytes as I32 or 6 bytes as U8, but 48 came'],
    [4, 0, '24 bytes as I32, but 0 came'],
  ])('%d with %d bytes for 6 elements is refused', (number, byteLength, text) => {
    for (const era of eras) {
      expect(() => readTensorType(tensor(number, byteLength), 'U8', era)).toThrow(
        expect.objectContaining({
          code: 'invalid-argument',
          message: `set_input: a tensor of type ${number} and shape [2, 3] has ${text}`,
        }),
      );
    }
  });
});

describe('an empty tensor', () => {
  const empty = (number: number) => tensor(number, 0, [4, 0]);

  it.each([
    [2, 'U8'],
    [2, 'FP64'],
    [3, 'I32'],
    [3, 'U8'],
    [4, 'I32'],
    [5, 'I64'],
  ] satisfies [number, TensorType][])(
    'of type %d is %s where the graph wants that, and proves nothing',
    (number, type) => {
      for (const era of eras) expect(readTensorType(empty(number), type, era)).toEqual({ type });
    },
  );

  it.each([
    [2, 'early', 'U8'],
    [3, 'early', 'I32'],
    [2, 'current', 'FP64'],
    [3, 'current', 'U8'],
    [2, undefined, 'FP64'],
    [3, undefined, 'U8'],
    [4, undefined, 'I32'],
  ] satisfies [number, TensorTypeEra | undefined, TensorType][])(
    'of type %d, to a graph that wants neither, from a guest of era %s is %s',
    (number, era, type) => {
      expect(readTensorType(empty(number), 'FP32', era)).toEqual({ type });
    },
  );
});

describe('a number of no era', () => {
  it.each([6, 7, 255])('%d is refused', (number) => {
    for (const era of eras) {
      expect(() => readTensorType(tensor(number, 6), 'U8', era)).toThrow(
        `set_input: there is no tensor type ${number}`,
      );
    }
  });
});

describe('an absurd shape', () => {
  it.each([2, 3, 4, 5])('is refused for type %d, not computed with', (number) => {
    const huge = Array.from({ length: 64 }, () => 0xffffffff);
    expect(() => readTensorType(tensor(number, 8, huge), 'U8', undefined)).toThrow('but 8 came');
  });
});
