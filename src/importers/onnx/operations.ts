import { cast, foldedElements } from './casts.js';
import { constantOf, decode, int64s, integersOf, numbersTensor } from './constants.js';
import type { ElementType } from './element-types.js';
import type { GraphBuilder, Value } from './graph-builder.js';
import type { Dimension, Shape, Tensor } from './model.js';
import { broadcast, isStatic, normalizeAxes } from './shapes.js';

// Nodes that more than one format needs. Each knows the type and shape of what it adds where those of its inputs are
// known, and computes constants of shapes and axes itself, so that later operators see their numbers.

/** A value of axes, sizes or the like as ONNX wants them: 64-bit integers with one axis. */
export function int64Vector(graph: GraphBuilder, value: Value): Value {
  const integers = cast(graph, value, 'int64');
  return integers.shape?.length === 1 ? integers : reshape(graph, integers, [-1]);
}

/** @param perm which axis of the value each axis of the result is */
export function transpose(graph: GraphBuilder, value: Value, perm: readonly number[]): Value {
  if (perm.every((axis, index) => axis === index)) return value;
  const shape = value.shape && perm.map((axis) => value.shape?.[axis] ?? '?');
  return graph.add('Transpose', [value], { type: value.type, shape }, { attributes: { perm } });
}

/** Exchanges the last two axes. */
export function transposeMatrices(graph: GraphBuilder, value: Value, rank: number): Value {
  const perm = Array.from({ length: rank }, (_, axis) => axis);
  return transpose(graph, value, [...perm.slice(0, -2), rank - 1, rank - 2]);
}

/** From batch, spatial axes, channels to batch, channels, spatial axes. */
export function channelsFirst(graph: GraphBuilder, value: Value, rank: number): Value {
  return transpose(graph, value, [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 1)]);
}

/** From batch, channels, spatial axes to batch, spatial axes, channels. */
export function channelsLast(graph: GraphBuilder, value: Value, rank: number): Value {
  return transpose(graph, value, [0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2), 1]);
}

/** @param shape with at most one -1, the length that is left over. A zero is a length of zero. */
export function reshape(graph: GraphBuilder, value: Value, shape: readonly number[]): Value {
  const result = resolveReshape(value.shape, shape);
  if (value.constant && isStatic(result)) return graph.constant({ ...value.constant, dims: result });
  const known = { type: value.type, shape: result };
  const attributes = shape.includes(0) ? { allowzero: 1 } : {};
  return graph.add('Reshape', [value, int64s(graph, shape)], known, { attributes });
}

/** @param axes may count from the end, where the value's rank is known */
export function squeeze(graph: GraphBuilder, value: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return value;
  const gone = new Set(normalizeAxes(axes, value.shape?.length ?? 0));
  const shape = value.shape?.filter((_, axis) => !gone.has(axis));
  if (value.constant && isStatic(shape)) return reshape(graph, value, shape);
  return graph.add('Squeeze', [value, int64s(graph, axes)], { type: value.type, shape });
}

/** @param axes of the result; may count from its end, where the value's rank is known */
export function unsqueeze(graph: GraphBuilder, value: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return value;
  const shape = value.shape && insertAxes(value.shape, axes);
  if (value.constant && isStatic(shape)) return reshape(graph, value, shape);
  return graph.add('Unsqueeze', [value, int64s(graph, axes)], { type: value.type, shape });
}

/** Joins values along an axis; the value itself where there is one. */
export function concat(graph: GraphBuilder, values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (first && values.length === 1) return first;
  const folded = foldConcat(values);
  if (folded) return graph.constant(folded);
  const shape = concatShape(values, axis);
  return graph.add('Concat', values, { type: first?.type, shape }, { attributes: { axis } });
}

/** Cuts a range out of one axis; negative ends count from the axis's end. */
export function slice(graph: GraphBuilder, value: Value, axis: number, start: number, end: number): Value {
  const folded = foldList(value, (numbers) => numbers.slice(start, end));
  if (folded) return graph.constant(folded);
  const inputs = [value, int64s(graph, [start]), int64s(graph, [end]), int64s(graph, [axis])];
  const [at] = normalizeAxes([axis], value.shape?.length ?? 0);
  const length = value.shape?.[at ?? 0];
  const shape =
    typeof length === 'number'
      ? value.shape?.map((old, index) => (index === at ? sliced(length, start, end) : old))
      : undefined;
  return graph.add('Slice', inputs, { type: value.type, shape });
}

/** Cuts a value along an axis into parts of these lengths. */
export function split(graph: GraphBuilder, value: Value, axis: number, lengths: readonly number[]): Value[] {
  const [at] = normalizeAxes([axis], value.shape?.length ?? 0);
  const results = lengths.map((length) => ({
    type: value.type,
    shape: value.shape?.map((old, index) => (index === at ? length : old)),
  }));
  return graph.addMultiple('Split', [value, int64s(graph, lengths)], results, { attributes: { axis } });
}

/** Takes slices of an axis by their indices, which replace the axis in the result. */
export function gather(graph: GraphBuilder, value: Value, indices: Value, axis: number): Value {
  const at = axis < 0 && value.shape ? axis + value.shape.length : axis;
  const numbers = integersOf(indices);
  const dims = indices.constant?.dims;
  const folded = foldList(value, (list) => numbers?.map((index) => list.at(index) ?? Number.NaN), dims);
  if (folded) return graph.constant(folded);
  const shape = value.shape &&
    indices.shape && [...value.shape.slice(0, at), ...indices.shape, ...value.shape.slice(at + 1)];
  return graph.add('Gather', [value, indices], { type: value.type, shape }, { attributes: { axis: at } });
}

/** Adds, subtracts, multiplies or divides; integers that are constants at once. */
export function arithmetic(graph: GraphBuilder, operator: keyof typeof foldable, left: Value, right: Value): Value {
  const folded = foldArithmetic(left, right, foldable[operator]);
  return folded ? graph.constant(folded) : binary(graph, operator, left, right);
}

const foldable = {
  Add: (left: number, right: number) => left + right,
  Sub: (left: number, right: number) => left - right,
  Mul: (left: number, right: number) => left * right,
  Div: (left: number, right: number) => Math.trunc(left / right),
} as const;

/** An operator of two operands that broadcasts them as NumPy does. */
export function binary(graph: GraphBuilder, operator: string, left: Value, right: Value, type = left.type): Value {
  return graph.add(operator, [left, right], { type, shape: broadcast(left.shape, right.shape) });
}

/** An operator of one operand whose result has its type and shape. */
export function unary(graph: GraphBuilder, operator: string, value: Value): Value {
  return graph.add(operator, [value], { type: value.type, shape: value.shape });
}

/** The shape of a value as 64-bit integers; a constant where it is known. */
export function shapeOf(graph: GraphBuilder, value: Value): Value {
  if (isStatic(value.shape)) return int64s(graph, value.shape);
  return graph.add('Shape', [value], { type: 'int64', shape: [value.shape?.length ?? '?'] });
}

/** One length of a value's shape, as 64-bit integers of the shape [1]. */
export function lengthOf(graph: GraphBuilder, value: Value, axis: number): Value {
  const length = value.shape?.at(axis);
  if (typeof length === 'number') return int64s(graph, [length]);
  const attributes = axis === -1 ? { start: -1 } : { start: axis, end: axis + 1 };
  return graph.add('Shape', [value], { type: 'int64', shape: [1] }, { attributes });
}

/** A tensor of one number. */
export function filled(graph: GraphBuilder, type: ElementType, number: number, dims: readonly number[]): Value {
  const count = dims.reduce((product, length) => product * length, 1);
  if (count <= foldedElements) return constantOf(graph, type, new Array<number>(count).fill(number), dims);
  const value = { kind: 'tensor', tensor: numbersTensor(type, [number], [1]) } as const;
  return graph.add('ConstantOfShape', [int64s(graph, dims)], { type, shape: dims }, { attributes: { value } });
}

function sliced(length: number, start: number, end: number): number {
  const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + length : at, 0), length);
  return Math.max(clamp(end) - clamp(start), 0);
}

function insertAxes(shape: Shape, axes: readonly number[]): Shape {
  const rank = shape.length + axes.length;
  const added = new Set(normalizeAxes(axes, rank));
  const rest = [...shape];
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.shift() ?? '?')));
}

function resolveReshape(old: Shape | undefined, shape: readonly number[]): Shape {
  if (!shape.includes(-1)) return shape;
  const rest = shape.reduce((product, length) => (length === -1 ? product : product * length), 1);
  const count = isStatic(old) ? old.reduce((product, length) => product * length, 1) : undefined;
  const left = count !== undefined && rest > 0 && count % rest === 0 ? count / rest : '?';
  return shape.map((length) => (length === -1 ? left : length));
}

function concatShape(values: readonly Value[], axis: number): Shape | undefined {
  const [first] = values;
  const shape = first?.shape;
  if (!shape || values.some((value) => !value.shape)) return undefined;
  const [at] = normalizeAxes([axis], shape.length);
  const lengths = values.map((value) => value.shape?.[at ?? 0]);
  const total = lengths.reduce<Dimension>(
    (sum, length) => (typeof sum === 'number' && typeof length === 'number' ? sum + length : '?'),
    0,
  );
  return shape.map((length, index) => (index === at ? total : length));
}

/** Constants that are lists: shapes put together of parts. */
function foldConcat(values: readonly Value[]): Tensor | undefined {
  const type = values[0]?.type;
  const parts = values.map((value) =>
    value.shape?.length === 1 && value.type === type ? integersOf(value) : undefined,
  );
  if (type === undefined || !parts.every((part) => part !== undefined)) return undefined;
  const numbers = parts.flat();
  return numbers.length <= foldedElements ? numbersTensor(type, numbers, [numbers.length]) : undefined;
}

/** A constant list of 64- or 32-bit integers, changed. */
function foldList(
  { constant, type }: Value,
  change: (numbers: readonly number[]) => readonly number[] | undefined,
  dims?: readonly number[],
): Tensor | undefined {
  if (constant?.dims.length !== 1 || (type !== 'int64' && type !== 'int32')) return undefined;
  const numbers = constant.data.byteLength <= foldedElements ? change(decode(constant)) : undefined;
  return numbers?.every(Number.isSafeInteger) ? numbersTensor(type, numbers, dims ?? [numbers.length]) : undefined;
}

function foldArithmetic(
  left: Value,
  right: Value,
  compute: (left: number, right: number) => number,
): Tensor | undefined {
  const { type } = left;
  if (type !== right.type || (type !== 'int64' && type !== 'int32')) return undefined;
  const dims = broadcast(left.constant?.dims, right.constant?.dims);
  const [a, b] = [integersOf(left, 64), integersOf(right, 64)];
  if (!a || !b || !isStatic(dims) || dims.length > 1) return undefined;
  const count = dims[0] ?? 1;
  const numbers = Array.from({ length: count }, (_, index) =>
    compute(a[a.length === 1 ? 0 : index] ?? Number.NaN, b[b.length === 1 ? 0 : index] ?? Number.NaN),
  );
  return numbers.every(Number.isSafeInteger) ? numbersTensor(type, numbers, dims) : undefined;
}
