import { writeModel } from './onnx-model.js';

// Models that tests make themselves, where others use the fixtures: what they compute is plain enough to know beforehand.

/** A model, the data of its input `x`, and the numbers that its output `y` must have. */
export interface GeneratedCase {
  readonly name: string;
  readonly model: Uint8Array;
  readonly shape: readonly number[];
  readonly input: Float32Array;
  readonly outputShape: readonly number[];
  readonly expected: readonly number[];
}

interface Operator {
  readonly name: string;
  readonly shape: readonly number[];
  /** The operator's second operand, where it has one. */
  readonly constant?: readonly number[];
  readonly outputShape: readonly number[];
  /** What the operator computes, element by element of its output. */
  compute(x: Float32Array, constant: Float32Array): readonly number[];
}

const operators: readonly Operator[] = [
  {
    name: 'MatMul',
    shape: [3, 4],
    constant: [4, 2],
    outputShape: [3, 2],
    compute: (x, w) =>
      table([3, 2], ([row = 0, column = 0]) => sum(4, (inner) => at(x, row * 4 + inner) * at(w, inner * 2 + column))),
  },
  {
    name: 'Add',
    shape: [2, 3],
    constant: [3],
    outputShape: [2, 3],
    compute: (x, w) => table([2, 3], ([row = 0, column = 0]) => at(x, row * 3 + column) + at(w, column)),
  },
  {
    name: 'Relu',
    shape: [2, 5],
    outputShape: [2, 5],
    compute: (x) => Array.from(x, (value) => Math.max(0, value)),
  },
  {
    name: 'Softmax',
    shape: [1, 6],
    outputShape: [1, 6],
    compute: (x) => {
      const total = x.reduce((soFar, value) => soFar + Math.exp(value), 0);
      return Array.from(x, (value) => Math.exp(value) / total);
    },
  },
  {
    name: 'Conv',
    shape: [1, 2, 4, 4],
    constant: [3, 2, 3, 3],
    outputShape: [1, 3, 2, 2],
    compute: (x, w) =>
      table([3, 2, 2], ([filter = 0, row = 0, column = 0]) =>
        sum(18, (tap) => {
          const [channel, down, right] = [Math.floor(tap / 9), Math.floor((tap % 9) / 3), tap % 3];
          return at(x, channel * 16 + (row + down) * 4 + column + right) * at(w, filter * 18 + tap);
        }),
      ),
  },
  {
    name: 'GlobalAveragePool',
    shape: [1, 2, 3, 3],
    outputShape: [1, 2, 1, 1],
    compute: (x) => table([2], ([channel = 0]) => sum(9, (inner) => at(x, channel * 9 + inner)) / 9),
  },
];

export const generatedCases: readonly GeneratedCase[] = operators.map((operator) => {
  const { name, shape, outputShape } = operator;
  const input = numbers(shape, 1);
  const constant = numbers(operator.constant ?? [], 2);
  const operands = operator.constant
    ? [{ name: 'w', type: 'FP32', shape: operator.constant, data: new Uint8Array(constant.buffer) } as const]
    : [];
  const model = writeModel({
    operator: name,
    inputs: [{ name: 'x', type: 'FP32', shape }, ...operands],
    output: { name: 'y', type: 'FP32', shape: outputShape },
  });
  return { name, model, shape, input, outputShape, expected: operator.compute(input, constant) };
});

/**
 * A model that takes a photo as SqueezeNet does, and has three classes: the mean of its red, of its green and of its blue.
 */
export const colourModel = writeModel({
  operator: 'GlobalAveragePool',
  inputs: [{ name: 'data', type: 'FP32', shape: [1, 3, 224, 224] }],
  output: { name: 'scores', type: 'FP32', shape: [1, 3, 1, 1] },
});

/** The names that the demo has for the first classes of a photo model. */
export const colourLabels = { red: 'tench', green: 'goldfish', blue: 'great white shark' } as const;

/** Numbers between -2 and 2, with no pattern that a wrong order would keep. */
function numbers(shape: readonly number[], seed: number): Float32Array {
  const length = shape.reduce((product, side) => product * side, 1);
  return Float32Array.from({ length }, (_, index) => (((index + seed) * 7919) % 401) / 100 - 2);
}

function at(values: Float32Array, index: number): number {
  return values[index] ?? Number.NaN;
}

function sum(count: number, term: (index: number) => number): number {
  return Array.from({ length: count }, (_, index) => term(index)).reduce((total, value) => total + value, 0);
}

/** The elements of a tensor, in order, each made of its indices. */
function table(shape: readonly number[], element: (indices: readonly number[]) => number): number[] {
  const [side, ...rest] = shape;
  if (side === undefined) return [element([])];
  return Array.from({ length: side }, (_, index) => table(rest, (indices) => element([index, ...indices]))).flat();
}
