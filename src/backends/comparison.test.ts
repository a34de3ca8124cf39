import { describe, expect, it } from 'vitest';
import type { NamedTensor, TensorInfo, TensorType } from '../standard/tensor.js';
import { findDifference, syntheticInputs } from './comparison.js';

const types: readonly TensorType[] = ['FP16', 'FP32', 'FP64', 'U8', 'I32', 'I64'];

function floats(...values: readonly number[]): NamedTensor[] {
  const data = new Uint8Array(Float32Array.from(values).buffer);
  return [['y', { type: 'FP32', dimensions: [values.length], data }]];
}

function bytes(...values: readonly number[]): NamedTensor[] {
  return [['y', { type: 'U8', dimensions: [values.length], data: Uint8Array.from(values) }]];
}

function halves(...bits: readonly number[]): NamedTensor[] {
  const data = new Uint8Array(Uint16Array.from(bits).buffer);
  return [['y', { type: 'FP16', dimensions: [bits.length], data }]];
}

describe('inputs that are made up', () => {
  it.each(types)('fit what a graph declares, and are the same each time: %s', (type) => {
    const inputs: TensorInfo[] = [
      { name: 'x', type, shape: ['batch', 3, '?'] },
      { name: 'scalar', type, shape: [] },
    ];
    const values = syntheticInputs(inputs);
    expect(values?.get('x')).toMatchObject({ type, dimensions: [1, 3, 1] });
    expect(values?.get('scalar')?.dimensions).toEqual([]);
    expect(values?.get('x')?.data.some((byte) => byte !== 0)).toBe(true);
    expect(values).toEqual(syntheticInputs(inputs));
    const outputs: NamedTensor[] = [...(values ?? [])];
    expect(findDifference(outputs, outputs)).toBeUndefined();
  });

  it.each(['BF16', 'bool', 'string'])('are none for %s', (type) => {
    expect(syntheticInputs([{ name: 'x', type, shape: [1] }])).toBeUndefined();
  });
});

describe('outputs agree', () => {
  it('as far as different hardware computes the same', () => {
    expect(findDifference(floats(1000, 0.001, -5), floats(1001, 0.002, -5.01))).toBeUndefined();
    expect(findDifference(floats(Number.NaN, 1), floats(Number.NaN, 1))).toBeUndefined();
    expect(findDifference(halves(0x3c00, 0x7c00), halves(0x3c08, 0x7c00))).toBeUndefined();
  });

  it.each([
    ['numbers', floats(1, 2.5), floats(1, 2), '"y" has 2.5 at position 1, where WebAssembly has 2'],
    ['small numbers', floats(0.002, 0.001), floats(0.001, 0.001), '"y" has 0.002'],
    ['a NaN', floats(1, Number.NaN), floats(1, 2), '"y" has NaN at position 1'],
    ['no NaN', floats(1, 2), floats(1, Number.NaN), 'where WebAssembly has NaN'],
    ['infinity', floats(Number.POSITIVE_INFINITY), floats(2), '"y" has Infinity'],
    ['no infinity', floats(2), floats(Number.POSITIVE_INFINITY), 'where WebAssembly has Infinity'],
    ['half-precision numbers', halves(0x3c00), halves(0x4000), '"y" has 1 at position 0, where WebAssembly has 2'],
    ['a truth value', bytes(1, 0), bytes(1, 1), '"y" has 0 at position 1'],
    ['bytes', bytes(7), bytes(9), '"y" has 7 at position 0'],
    ['a length', floats(1), floats(1, 2), '"y" is FP32 [1], where WebAssembly has FP32 [2]'],
    ['no output', [], floats(1), '"y" is missing'],
  ])('and do not: %s', (_what, actual, expected, text) => {
    expect(findDifference(actual, expected)).toContain(text);
  });

  it('where quantised numbers differ by 1, or all numbers are rounding errors', () => {
    expect(findDifference(bytes(7, 200), bytes(8, 199))).toBeUndefined();
    expect(findDifference(floats(1e-8, -3e-8), floats(-2e-8, 0))).toBeUndefined();
  });
});
