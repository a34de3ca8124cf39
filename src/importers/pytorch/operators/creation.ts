import type { ElementType } from '../../onnx/element-types.js';
import { excessive } from '../failure.js';
import { type Arguments, concreteNumber, type Operator, operator } from '../operator.js';
import { Tensor } from '../tensor.js';
import { mismatch, type TensorGraph } from '../tensor-graph.js';
import { FloatNumber, type PythonValue } from '../values.js';
import { typeArgument } from './promotion.js';

/** Ranges up to this length are constants, so that they can be sizes and indexes. Longer ones onnxruntime computes. */
const constantLength = 4096;

/** Of a range of floats. */
const maximumLength = 2 ** 16;

function typeOfNumber(value: PythonValue): ElementType {
  if (value instanceof Tensor) return value.type;
  if (typeof value === 'boolean') return 'bool';
  return value instanceof FloatNumber ? 'float32' : 'int64';
}

/** A tensor of one number. */
function filled(value: number): Operator {
  return operator('size', (graph, call) => graph.filled(typeArgument(call) ?? 'float32', value, call.integers('size')));
}

/** One of the shape and type of another tensor. */
function filledLike(value: number): Operator {
  return operator('self dtype', (graph, call) => {
    const x = call.tensor('self');
    return graph.filled(typeArgument(call) ?? x.type, value, x.shape);
  });
}

/** One of the type of another tensor. */
function filledNew(value: number): Operator {
  return operator('self size dtype', (graph, call) =>
    graph.filled(typeArgument(call) ?? call.tensor('self').type, value, call.integers('size')),
  );
}

function fillWith(graph: TensorGraph, call: Arguments, shape: readonly number[], byDefault?: ElementType): Tensor {
  const type = typeArgument(call) ?? byDefault ?? typeOfNumber(call.value('fill_value'));
  return graph.filled(type, call.number('fill_value'), shape);
}

/** Of end; of start and end; of start, end and step. */
const arange: Operator = operator('start end step', (graph, call) => {
  const alone = !call.has('end');
  const names = alone ? ['start'] : ['start', 'end', 'step'];
  const start = alone ? 0 : call.number('start', 0);
  const end = call.number(alone ? 'start' : 'end');
  const step = call.number('step', 1);
  const isFloat = names.some((name) => typeOfNumber(call.value(name)).startsWith('float'));
  const length = Math.max(0, Math.ceil((end - start) / step));
  const type = typeArgument(call) ?? (isFloat ? 'float32' : 'int64');
  if (!(length <= constantLength)) {
    const ends = [start, end, step].map((number) => graph.scalar(isFloat ? 'float32' : 'int64', number));
    const range = graph.add('Range', ends, { type: isFloat ? 'float32' : 'int64', shape: [length] });
    return graph.cast(range, type);
  }
  return graph.numbers(
    type,
    Array.from({ length }, (_, index) => start + index * step),
    [length],
  );
});

const linspace: Operator = operator('start end steps', (graph, call) => {
  const [start, end, steps] = [call.number('start'), call.number('end'), call.integer('steps')];
  if (!(steps >= 0 && steps <= maximumLength)) throw excessive(`makes a range of ${steps} numbers`);
  const step = steps > 1 ? (end - start) / (steps - 1) : 0;
  const numbers = Array.from({ length: steps }, (_, index) => start + index * step);
  return graph.numbers(typeArgument(call) ?? 'float32', numbers, [steps]);
});

/** A tensor of a number, or of lists of numbers. */
const tensor: Operator = operator('data|s|self', (graph, call) => {
  const data = call.value('data');
  const shape = listShape(data);
  const numbers = [data].flat(10);
  const types = numbers.map(typeOfNumber);
  const implied = types.find((type) => type === 'float32') ?? types[0] ?? 'float32';
  const values = numbers.map((value) => concreteNumber(graph, value) ?? Number.NaN);
  const size = shape.reduce((product, length) => product * length, 1);
  if (size !== values.length) throw mismatch('a tensor is made of lists of different lengths');
  return graph.numbers(typeArgument(call) ?? implied, values, shape);
});

function listShape(value: PythonValue, depth = 0): number[] {
  return Array.isArray(value) && depth < 10 ? [value.length, ...listShape(value[0], depth + 1)] : [];
}

const eye: Operator = operator('n m', (graph, call) => {
  const [rows, columns] = [call.integer('n'), call.has('m') ? call.integer('m') : call.integer('n')];
  const ones = graph.filled(typeArgument(call) ?? 'float32', 1, [rows, columns]);
  const lower = graph.add('Trilu', [ones, graph.scalar('int64', 0)], ones, { upper: 0 });
  return graph.add('Trilu', [lower, graph.scalar('int64', 0)], ones, { upper: 1 });
});

export const creationOperators: Record<string, Operator> = {
  zeros: filled(0),
  ones: filled(1),
  // What is not initialised may be anything.
  empty: filled(0),
  zeros_like: filledLike(0),
  ones_like: filledLike(1),
  empty_like: filledLike(0),
  new_zeros: filledNew(0),
  new_ones: filledNew(1),
  new_empty: filledNew(0),
  full: operator('size fill_value', (graph, call) => fillWith(graph, call, call.integers('size'))),
  full_like: operator('self fill_value', (graph, call) =>
    fillWith(graph, call, call.tensor('self').shape, call.tensor('self').type),
  ),
  new_full: operator('self size fill_value', (graph, call) =>
    fillWith(graph, call, call.integers('size'), call.tensor('self').type),
  ),
  fill: operator('self fill_value|value', (graph, call) =>
    fillWith(graph, call, call.tensor('self').shape, call.tensor('self').type),
  ),
  zero: filledLike(0),
  arange,
  linspace,
  tensor,
  scalar_tensor: tensor,
  as_tensor: tensor,
  eye,
};
