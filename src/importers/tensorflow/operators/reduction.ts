import { cast } from '../../onnx/casts.js';
import { int64s } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import { int64Vector, unary } from '../../onnx/operations.js';
import { booleanAttribute, typeAttribute } from '../attributes.js';
import { firstAxis, lastAgain, transposedFrom } from '../layout.js';
import { axisOf, type Converter, input, knownElements, knownNumber, type Operation, rankOf } from '../operation.js';

const reduction = (operator: string): Converter => {
  return (operation) => reduce(operation, operator, input(operation, 0));
};

/** ONNX reduces no booleans. */
const logical = (operator: string): Converter => {
  return (operation) =>
    cast(operation.graph, reduce(operation, operator, cast(operation.graph, input(operation, 0), 'int32')), 'bool');
};

function reduce(operation: Operation, operator: string, value: Value): Value {
  const known = knownElements(operation, 1);
  const keepsAxes = booleanAttribute(operation, 'keep_dims');
  if (!known || !value.shape) {
    const attributes = { keepdims: keepsAxes ? 1 : 0, noop_with_empty_axes: 1 };
    const shape = keepsAxes ? value.shape?.map(() => '?') : undefined;
    const axes = int64Vector(operation.graph, input(operation, 1));
    return operation.graph.add(operator, [value, axes], { type: value.type, shape }, { attributes });
  }
  const axes = [...new Set(known.map((axis) => axisOf(value, axis)))].sort((left, right) => left - right);
  // Over no axes, each element is its own sum; the length of one number is its size.
  if (axes.length === 0) return operator === 'ReduceL2' ? unary(operation.graph, 'Abs', value) : value;
  return reduceImage(operation, operator, value, axes) ?? reduceOver(operation, operator, value, axes);
}

/** Where all spatial axes go, it does not matter where the channels are. */
function reduceImage(operation: Operation, operator: string, value: Value, axes: readonly number[]): Value | undefined {
  const image = transposedFrom(operation, value);
  const rank = rankOf(value);
  const isSpatial = axes.length === rank - 2 && axes.every((axis, index) => axis === index + 1);
  if (!image || !isSpatial) return undefined;
  const over = axes.map((axis) => firstAxis(axis, rank));
  const result = reduceOver(operation, operator, image, over);
  return booleanAttribute(operation, 'keep_dims') ? lastAgain(operation, result, rank) : result;
}

function reduceOver(operation: Operation, operator: string, value: Value, axes: readonly number[]): Value {
  const keepsAxes = booleanAttribute(operation, 'keep_dims');
  const shape = keepsAxes
    ? value.shape?.map((length, axis) => (axes.includes(axis) ? 1 : length))
    : value.shape?.filter((_, axis) => !axes.includes(axis));
  const inputs = [value, int64s(operation.graph, axes)];
  const attributes = { keepdims: keepsAxes ? 1 : 0 };
  return operation.graph.add(operator, inputs, { type: value.type, shape }, { attributes });
}

/** The index of the largest or smallest element along an axis, of the first where there are several. */
const extreme = (operator: string): Converter => {
  return (operation) => {
    const value = input(operation, 0);
    const axis = axisOf(value, knownNumber(operation, 1));
    const shape = value.shape?.filter((_, index) => index !== axis);
    const attributes = { axis, keepdims: 0 };
    const result = operation.graph.add(operator, [value], { type: 'int64', shape }, { attributes });
    return cast(operation.graph, result, typeAttribute(operation, 'output_type') ?? 'int64');
  };
};

const softmax = (operator: string): Converter => {
  return (operation) => {
    const value = input(operation, 0);
    return operation.graph.add(operator, [value], value, { attributes: { axis: -1 } });
  };
};

/** The sums of all elements up to each, along an axis. */
function cumulate(operation: Operation): Value {
  const value = input(operation, 0);
  const attributes = {
    exclusive: booleanAttribute(operation, 'exclusive') ? 1 : 0,
    reverse: booleanAttribute(operation, 'reverse') ? 1 : 0,
  };
  return operation.graph.add('CumSum', [value, input(operation, 1)], value, { attributes });
}

export const reductions: Readonly<Record<string, Converter>> = {
  All: logical('ReduceMin'),
  Any: logical('ReduceMax'),
  ArgMax: extreme('ArgMax'),
  ArgMin: extreme('ArgMin'),
  Cumsum: cumulate,
  EuclideanNorm: reduction('ReduceL2'),
  LogSoftmax: softmax('LogSoftmax'),
  Max: reduction('ReduceMax'),
  Mean: reduction('ReduceMean'),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  Softmax: softmax('Softmax'),
  Sum: reduction('ReduceSum'),
};
