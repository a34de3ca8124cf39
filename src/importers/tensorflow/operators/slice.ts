import { int64s, scalar } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import type { Dimension } from '../../onnx/model.js';
import { concat, int64Vector, reshape, slice, unsqueeze } from '../../onnx/operations.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { axisOf, type Converter, input, knownElements, knownInput, type Operation, rankOf } from '../operation.js';
import { rangeCount, readSliceParts, type SlicePart } from '../slices.js';

/** ONNX takes ends beyond an axis for its end. */
const beyond = 2 ** 31 - 1;

interface Range {
  readonly axis: number;
  readonly starts: Value;
  readonly ends: Value;
  readonly stride: number;
  readonly length: Dimension;
}

/**
 * Cuts ranges out of the axes first, takes single elements of others then, and adds new axes last, so that the axes have
 * the numbers of the input as long as they are needed.
 */
function stridedSlice(operation: Operation): Value {
  const value = input(operation, 0);
  const count = input(operation, 1).shape?.[0];
  if (typeof count !== 'number' || count > 64) throw new UnsupportedVariant('a begin of unknown length');
  const parts = readSliceParts(operation, count);
  const axes = axesOf(parts, value);

  const ranges = parts.flatMap((part, index) => {
    const range = part.kind === 'range' ? rangeOf(operation, part, index, axes[index] ?? 0) : undefined;
    return range ? [range] : [];
  });
  let result = cutRanges(operation, value, ranges);
  for (let index = count - 1; index >= 0; index--) {
    if (parts[index]?.kind === 'index') result = takeIndex(operation, result, index, axes[index] ?? 0);
  }
  return unsqueeze(operation.graph, result, newAxes(parts, axes));
}

/** For each part the axis of the input that it is about, or would be about. */
function axesOf(parts: readonly SlicePart[], value: Value): number[] {
  let axis = 0;
  return parts.map((part) => {
    const own = axis;
    if (part.kind === 'ellipsis') {
      const others = parts.filter(({ kind }) => kind === 'range' || kind === 'index').length;
      axis += Math.max(rankOf(value) - others, 0);
    } else if (part.kind !== 'new axis') axis++;
    return own;
  });
}

/** Undefined where the whole axis stays. */
function rangeOf(
  operation: Operation,
  part: Extract<SlicePart, { kind: 'range' }>,
  index: number,
  axis: number,
): Range | undefined {
  const { graph } = operation;
  const stride = knownElements(operation, 3)?.[index];
  if (stride === undefined || stride === 0) throw new UnsupportedVariant('strides that are not known, or are zero');
  if (part.isFromStart && part.isToEnd && stride === 1) return undefined;
  const begin = knownElements(operation, 1)?.[index];
  const end = knownElements(operation, 2)?.[index];
  const at = (position: number, known: number | undefined, open: number | undefined) =>
    open === undefined && known === undefined
      ? slice(graph, int64Vector(graph, input(operation, position)), 0, index, index + 1)
      : int64s(graph, [open ?? known ?? 0]);
  return {
    axis,
    starts: at(1, begin, part.isFromStart ? (stride > 0 ? 0 : beyond) : undefined),
    ends: at(2, end, part.isToEnd ? (stride > 0 ? beyond : -beyond) : undefined),
    stride,
    length: rangeLength(input(operation, 0).shape?.[axis], part, begin, end, stride),
  };
}

function rangeLength(
  length: Dimension | undefined,
  part: Extract<SlicePart, { kind: 'range' }>,
  begin: number | undefined,
  end: number | undefined,
  stride: number,
): Dimension {
  const isKnown = (part.isFromStart || begin !== undefined) && (part.isToEnd || end !== undefined);
  if (typeof length !== 'number' || !isKnown) return '?';
  return rangeCount(length, part, begin ?? 0, end ?? 0, stride);
}

function cutRanges(operation: Operation, value: Value, ranges: readonly Range[]): Value {
  if (ranges.length === 0) return value;
  const { graph } = operation;
  const lengths = new Map(ranges.map(({ axis, length }) => [axis, length]));
  const inputs = [
    value,
    concat(
      graph,
      ranges.map(({ starts }) => starts),
      0,
    ),
    concat(
      graph,
      ranges.map(({ ends }) => ends),
      0,
    ),
    int64s(
      graph,
      ranges.map(({ axis }) => axis),
    ),
    int64s(
      graph,
      ranges.map(({ stride }) => stride),
    ),
  ];
  const shape = value.shape?.map((length, axis) => lengths.get(axis) ?? length);
  return graph.add('Slice', inputs, { type: value.type, shape });
}

/** One element of an axis, which goes. */
function takeIndex(operation: Operation, value: Value, index: number, axis: number): Value {
  const { graph } = operation;
  const known = knownElements(operation, 1)?.[index];
  const position =
    known === undefined
      ? reshape(graph, slice(graph, int64Vector(graph, input(operation, 1)), 0, index, index + 1), [])
      : scalar(graph, known, 'int64');
  const shape = value.shape?.filter((_, other) => other !== axis);
  return graph.add('Gather', [value, position], { type: value.type, shape }, { attributes: { axis } });
}

/** The new axes, as the result has them. */
function newAxes(parts: readonly SlicePart[], axes: readonly number[]): number[] {
  let shift = 0;
  return parts.flatMap((part, index) => {
    if (part.kind === 'index') shift--;
    if (part.kind !== 'new axis') return [];
    return [(axes[index] ?? 0) + shift++];
  });
}

/** As many elements as `size` says, -1 for all that are left. */
function sliceBySize(operation: Operation): Value {
  const { graph } = operation;
  const value = input(operation, 0);
  const begin = knownElements(operation, 1);
  const size = knownElements(operation, 2);
  if (begin && size) {
    const ends = begin.map((from, axis) => (size[axis] === -1 ? beyond : from + (size[axis] ?? 0)));
    const shape = value.shape?.map((length, axis) => sizeOf(length, begin[axis] ?? 0, size[axis] ?? 0));
    const inputs = [
      value,
      int64s(graph, begin),
      int64s(graph, ends),
      int64s(
        graph,
        begin.map((_, axis) => axis),
      ),
    ];
    return graph.add('Slice', inputs, { type: value.type, shape });
  }
  const starts = int64Vector(graph, input(operation, 1));
  const lengths = int64Vector(graph, input(operation, 2));
  const isRest = graph.add('Equal', [lengths, scalar(graph, -1, 'int64')], { type: 'bool', shape: lengths.shape });
  const sums = graph.add('Add', [starts, lengths], { type: 'int64', shape: lengths.shape });
  const ends = graph.add('Where', [isRest, scalar(graph, beyond, 'int64'), sums], {
    type: 'int64',
    shape: lengths.shape,
  });
  const axes = int64s(
    graph,
    Array.from({ length: rankOf(value) }, (_, axis) => axis),
  );
  const shape = value.shape?.map((_, axis) => ((size?.[axis] ?? -1) >= 0 ? (size?.[axis] ?? '?') : '?'));
  return graph.add('Slice', [value, starts, ends, axes], { type: value.type, shape });
}

function sizeOf(length: Dimension, begin: number, size: number): Dimension {
  if (size !== -1) return size;
  if (begin === 0) return length;
  return typeof length === 'number' ? Math.max(length - begin, 0) : '?';
}

/** Turns the order of axes round. */
function reverse(operation: Operation): Value {
  const { graph } = operation;
  const value = input(operation, 0);
  const axes = knownInput(operation, 1).map((axis) => axisOf(value, axis));
  if (axes.length === 0) return value;
  const all = (number: number) =>
    int64s(
      graph,
      axes.map(() => number),
    );
  return graph.add('Slice', [value, all(beyond), all(-beyond), int64s(graph, axes), all(-1)], value);
}

export const slices: Readonly<Record<string, Converter>> = {
  ReverseV2: reverse,
  Slice: sliceBySize,
  StridedSlice: stridedSlice,
};
