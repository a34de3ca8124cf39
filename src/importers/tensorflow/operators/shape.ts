import { cast } from '../../onnx/casts.js';
import { int64s } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import type { Dimension, Shape } from '../../onnx/model.js';
import { concat, int64Vector, reshape, shapeOf, split, squeeze, transpose, unsqueeze } from '../../onnx/operations.js';
import { isStatic } from '../../onnx/shapes.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { integerAttribute, integersAttribute, typeAttribute } from '../attributes.js';
import { firstAxis, lastAgain, transposedFrom } from '../layout.js';
import {
  axisOf,
  type Converter,
  elementsOf,
  input,
  inputsFrom,
  knownInput,
  knownNumber,
  type Operation,
  rankOf,
} from '../operation.js';

// Operators that change a tensor's shape or join tensors, or answer with a shape.

function shapeOfValue(operation: Operation, value: Value): Value {
  return cast(operation.graph, shapeOf(operation.graph, value), typeAttribute(operation, 'out_type') ?? 'int32');
}

function sizeOf(operation: Operation): Value {
  const value = input(operation, 0);
  const size = operation.graph.add('Size', [value], { type: 'int64', shape: [] });
  return cast(operation.graph, size, typeAttribute(operation, 'out_type') ?? 'int32');
}

function reshapeTo(operation: Operation): Value {
  const { graph, conversion } = operation;
  const value = input(operation, 0);
  const wanted = elementsOf(conversion, input(operation, 1));
  if (wanted?.every((length) => typeof length === 'number')) return reshape(graph, value, wanted);
  const shape = wanted?.map((length) => (length === -1 ? '?' : length)) ?? unknownShape(input(operation, 1));
  const target = wanted && writtenShape(wanted, value.shape);
  const attributes = target ? {} : { allowzero: 1 };
  const inputs = [value, target ? int64s(graph, target) : int64Vector(graph, input(operation, 1))];
  return graph.add('Reshape', inputs, { type: value.type, shape }, { attributes });
}

/**
 * A shape of which not all lengths are known, as a constant: 0 keeps the length that the axis has, and -1 is what is left
 * over. Undefined where that does not say it.
 */
function writtenShape(wanted: Shape, old: Shape | undefined): number[] | undefined {
  if (wanted.includes(0)) return undefined;
  const isLeftOver = (length: Dimension) => length === -1 || length === '?';
  const kept = wanted.map((length, axis) => {
    if (typeof length === 'number' && length !== -1) return length;
    return !isLeftOver(length) && old?.[axis] === length ? 0 : -1;
  });
  const open = wanted.filter((length) => typeof length === 'string' || length === -1);
  const simple = wanted.map((length) => (typeof length === 'number' ? length : -1));
  if (open.length === 1) return simple;
  return kept.filter((length) => length === -1).length <= 1 ? kept : undefined;
}

/** The shape of a tensor whose shape is a tensor that is not known. */
export function unknownShape(lengths: Value): Shape | undefined {
  const rank = lengths.shape?.[0];
  return typeof rank === 'number' && rank <= 254 ? new Array<Dimension>(rank).fill('?') : undefined;
}

function squeezeAxes(operation: Operation): Value {
  const value = input(operation, 0);
  const axes = integersAttribute(operation, 'squeeze_dims').map((axis) => axisOf(value, axis));
  if (axes.length > 0) return squeeze(operation.graph, value, axes);
  if (!isStatic(value.shape)) return operation.graph.add('Squeeze', [value], { type: value.type });
  const ones = value.shape.flatMap((length, axis) => (length === 1 ? [axis] : []));
  return squeeze(operation.graph, value, ones);
}

function expand(operation: Operation): Value {
  return unsqueeze(operation.graph, input(operation, 0), [knownNumber(operation, 1)]);
}

function permute(operation: Operation): Value {
  const value = input(operation, 0);
  const perm = knownInput(operation, 1);
  const image = transposedFrom(operation, value);
  // What was transposed only to be transposed back is taken as it was.
  if (image && perm.every((axis, index) => firstAxis(axis, perm.length) === index)) return image;
  return transpose(
    operation.graph,
    value,
    perm.map((axis) => (axis < 0 ? axis + perm.length : axis)),
  );
}

function joinAlong(operation: Operation, values: readonly Value[], axisNumber: number): Value {
  const ranked = values.find((value) => value.shape);
  if (!ranked) return concat(operation.graph, values, axisNumber);
  const axis = axisOf(ranked, axisNumber);
  const images = values.map((value) => transposedFrom(operation, value));
  const known = images.filter((image) => image !== undefined);
  if (known.length < values.length) return concat(operation.graph, values, axis);
  const rank = rankOf(ranked);
  return lastAgain(operation, concat(operation.graph, known, firstAxis(axis, rank)), rank);
}

function pack(operation: Operation): Value {
  const axis = integerAttribute(operation, 'axis');
  const values = inputsFrom(operation, 0).map((value) => unsqueeze(operation.graph, value, [axis]));
  return concat(operation.graph, values, axis);
}

/** As many outputs as the axis is long, each without it. */
function unpack(operation: Operation): readonly Value[] {
  const value = input(operation, 0);
  const axis = axisOf(value, integerAttribute(operation, 'axis'));
  const count = integerAttribute(operation, 'num');
  return cut(operation, value, axis, new Array<number>(checkedCount(count)).fill(1)).map((part) =>
    squeeze(operation.graph, part, [axis]),
  );
}

function splitEvenly(operation: Operation): readonly Value[] {
  const value = input(operation, 1);
  const axis = axisOf(value, knownNumber(operation, 0));
  const count = checkedCount(integerAttribute(operation, 'num_split', 1));
  const length = value.shape?.[axis];
  if (typeof length === 'number') {
    if (length % count !== 0) throw new RangeError(`an axis of ${length} has no ${count} equal parts`);
    return cut(operation, value, axis, new Array<number>(count).fill(length / count));
  }
  const shape = value.shape?.map((old, index) => (index === axis ? '?' : old));
  const attributes = { axis, num_outputs: count };
  const results = Array.from({ length: count }, () => ({ type: value.type, shape }));
  return operation.graph.addMultiple('Split', [value], results, { attributes });
}

function splitByLengths(operation: Operation): readonly Value[] {
  const value = input(operation, 0);
  const axis = axisOf(value, knownNumber(operation, 2));
  const lengths = knownInput(operation, 1);
  const length = value.shape?.[axis];
  const rest = lengths.reduce((sum, part) => (part === -1 ? sum : sum - part), typeof length === 'number' ? length : 0);
  if (lengths.includes(-1) && typeof length !== 'number') throw new UnsupportedVariant('a part of unknown length');
  return cut(
    operation,
    value,
    axis,
    lengths.map((part) => (part === -1 ? rest : part)),
  );
}

function cut(operation: Operation, value: Value, axis: number, lengths: readonly number[]): Value[] {
  if (lengths.length === 1) return [value];
  return split(operation.graph, value, axis, lengths);
}

/** Nodes with more outputs than this are in no model. */
const mostOutputs = 65_536;

function checkedCount(count: number): number {
  if (Number.isInteger(count) && count >= 1 && count <= mostOutputs) return count;
  throw new UnsupportedVariant(`${count} outputs`);
}

export const shapes: Readonly<Record<string, Converter>> = {
  Concat: (operation) => joinAlong(operation, inputsFrom(operation, 1), knownNumber(operation, 0)),
  ConcatV2: (operation) =>
    joinAlong(operation, inputsFrom(operation, 0, -1), knownNumber(operation, operation.inputs.length - 1)),
  EnsureShape: (operation) => input(operation, 0),
  ExpandDims: expand,
  Pack: pack,
  Reshape: reshapeTo,
  Shape: (operation) => shapeOfValue(operation, input(operation, 0)),
  ShapeN: (operation) => inputsFrom(operation, 0).map((value) => shapeOfValue(operation, value)),
  Size: sizeOf,
  Split: splitEvenly,
  SplitV: splitByLengths,
  Squeeze: squeezeAxes,
  Transpose: permute,
  Unpack: unpack,
};
