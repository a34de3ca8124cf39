import { type Arguments, type Operator, operator, variant } from '../operator.js';
import type { Tensor } from '../tensor.js';
import { mismatch, type TensorGraph } from '../tensor-graph.js';
import { itemsOf, numberOf } from '../values.js';
import { type LinearMap, mapAxis } from './linear-maps.js';

interface Axis {
  readonly axis: number;
  readonly length: number;
  readonly size: number;
  /** How far the operand's coordinate goes on for each element of the result. */
  readonly ratio: number;
}

/** The operators have a list of factors, or one argument for each axis. */
const parameters = (axes: number, aligned: boolean) =>
  `input|self output_size ${aligned ? 'align_corners ' : ''}${
    axes === 1
      ? 'scales|scale_factors'
      : axes === 2
        ? 'scale_factors|scales_h scales_w'
        : 'scale_factors|scales_d scales_h scales_w'
  }`;

function factorsOf(call: Arguments, axes: number): (number | undefined)[] {
  const names = axes === 1 ? ['scales'] : axes === 2 ? ['scales_h', 'scales_w'] : ['scales_d', 'scales_h', 'scales_w'];
  const list = itemsOf(call.value(axes === 1 ? 'scales' : 'scale_factors'));
  if (list) return list.map(numberOf);
  return names.map((name) => (call.has(name) ? call.number(name) : undefined));
}

export function resizedAxes(call: Arguments, x: Tensor, axes: number): Axis[] {
  const sizes = call.has('output_size') ? call.integers('output_size') : undefined;
  const factors = factorsOf(call, axes);
  return Array.from({ length: axes }, (_, index) => {
    const axis = x.rank - axes + index;
    const length = x.shape[axis] ?? 1;
    const factor = factors[index];
    const size = sizes?.[index] ?? Math.floor(length * (factor ?? Number.NaN));
    if (!(size > 0)) throw mismatch(`a tensor of the shape [${x.shape}] is resized to ${size} elements`);
    return { axis, length, size, ratio: factor ? 1 / factor : length / size };
  });
}

function clampIndex(index: number, length: number): number {
  return Math.min(Math.max(index, 0), length - 1);
}

/** The nearest element: below the coordinate, or below the middle of the result's element. */
function nearest(exact: boolean) {
  return (graph: TensorGraph, call: Arguments, axes: number): Tensor => {
    const x = call.tensor('input');
    const resized = resizedAxes(call, x, axes);
    if (resized.every(({ length, size, ratio }) => size % length === 0 && ratio === length / size)) {
      return resizeBy(graph, x, resized, 'nearest', 'asymmetric');
    }
    return resized.reduce((result, { axis, length, size, ratio }) => {
      const offset = exact ? 0.5 : 0;
      const indexes = Array.from({ length: size }, (_, at) => clampIndex(Math.floor((at + offset) * ratio), length));
      const shape = result.shape.map((old, each) => (each === axis ? size : old));
      return graph.add('Gather', [result, graph.int64s(indexes)], { type: x.type, shape }, { axis });
    }, x);
  };
}

function resizeBy(
  graph: TensorGraph,
  x: Tensor,
  resized: readonly Axis[],
  mode: string,
  transformation: string,
): Tensor {
  const shape = [...x.shape.slice(0, x.rank - resized.length), ...resized.map(({ size }) => size)];
  const attributes = { mode, coordinate_transformation_mode: transformation, nearest_mode: 'floor' };
  return graph.add('Resize', [x, undefined, undefined, graph.int64s(shape)], { type: x.type, shape }, attributes);
}

/** Where the middle of a result's element lies in the operand. */
function coordinate({ length, size, ratio }: Axis, at: number, aligned: boolean): number {
  if (!aligned) return (at + 0.5) * ratio - 0.5;
  return size > 1 ? (at * (length - 1)) / (size - 1) : 0;
}

function linearMap(axis: Axis, aligned: boolean): LinearMap {
  return Array.from({ length: axis.size }, (_, at) => {
    const place = Math.max(0, coordinate(axis, at, aligned));
    const low = clampIndex(Math.floor(place), axis.length);
    const rest = place - low;
    return [
      [low, 1 - rest],
      [clampIndex(low + 1, axis.length), rest],
    ] as const;
  });
}

function linear(graph: TensorGraph, call: Arguments, axes: number): Tensor {
  const x = call.tensor('input');
  const aligned = call.flag('align_corners');
  const resized = resizedAxes(call, x, axes);
  const plain = !aligned && resized.every(({ length, size, ratio }) => ratio === length / size);
  if (plain && axes === 2 && x.rank === 4) return resizeBy(graph, x, resized, 'linear', 'half_pixel');
  // WebNN ignores the other ways to transform coordinates, and says nothing.
  return resized.reduce(
    (result, axis) =>
      axis.size === axis.length ? result : mapAxis(graph, result, axis.axis, linearMap(axis, aligned)),
    x,
  );
}

/** Keys' cubic convolution. */
function cubicWeight(distance: number, steepness: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return ((steepness + 2) * d - (steepness + 3)) * d * d + 1;
  return d < 2 ? ((d - 5) * d + 8) * d * steepness - 4 * steepness : 0;
}

function cubic(graph: TensorGraph, call: Arguments, axes: number): Tensor {
  const x = call.tensor('input');
  const aligned = call.flag('align_corners');
  return resizedAxes(call, x, axes).reduce((result, axis) => {
    const map = Array.from({ length: axis.size }, (_, at) => {
      const place = coordinate(axis, at, aligned);
      const low = Math.floor(place);
      return [-1, 0, 1, 2].map(
        (step) => [clampIndex(low + step, axis.length), cubicWeight(place - low - step, -0.75)] as const,
      );
    });
    return mapAxis(graph, result, axis.axis, map);
  }, x);
}

/** Smaller images are averaged over what an element covers. */
function antialiased(support: number, weight: (distance: number) => number) {
  return (graph: TensorGraph, call: Arguments, axes: number): Tensor => {
    const x = call.tensor('input');
    if (call.flag('align_corners')) throw variant('antialias with align_corners');
    return resizedAxes(call, x, axes).reduce((result, { axis, length, size, ratio }) => {
      const scale = Math.max(ratio, 1);
      const map = Array.from({ length: size }, (_, at) => {
        const middle = (at + 0.5) * ratio;
        const start = Math.max(0, Math.trunc(middle - support * scale + 0.5));
        const end = Math.min(length, Math.trunc(middle + support * scale + 0.5));
        const weights = Array.from({ length: end - start }, (_, step) => weight((start + step - middle + 0.5) / scale));
        const total = weights.reduce((sum, each) => sum + each, 0);
        return weights.map((each, step) => [start + step, each / total] as const);
      });
      return mapAxis(graph, result, axis, map);
    }, x);
  };
}

type Resize = (graph: TensorGraph, call: Arguments, axes: number) => Tensor;

function resize(axes: number, convert: Resize, aligned = true): Operator {
  return operator(parameters(axes, aligned), (graph, call) => convert(graph, call, axes));
}

export const resizeOperators: Record<string, Operator> = {
  upsample_nearest1d: resize(1, nearest(false), false),
  upsample_nearest2d: resize(2, nearest(false), false),
  upsample_nearest3d: resize(3, nearest(false), false),
  _upsample_nearest_exact1d: resize(1, nearest(true), false),
  _upsample_nearest_exact2d: resize(2, nearest(true), false),
  _upsample_nearest_exact3d: resize(3, nearest(true), false),
  upsample_linear1d: resize(1, linear),
  upsample_bilinear2d: resize(2, linear),
  upsample_trilinear3d: resize(3, linear),
  upsample_bicubic2d: resize(2, cubic),
  _upsample_bilinear2d_aa: resize(
    2,
    antialiased(1, (distance) => Math.max(0, 1 - Math.abs(distance))),
  ),
  _upsample_bicubic2d_aa: resize(
    2,
    antialiased(2, (distance) => cubicWeight(distance, -0.5)),
  ),
};
