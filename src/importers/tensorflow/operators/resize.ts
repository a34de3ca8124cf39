import { constantOf, int64s } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import { type Attributes, float } from '../../onnx/model.js';
import { cast, concat, int64Vector, lengthOf } from '../../onnx/operations.js';
import { booleanAttribute } from '../attributes.js';
import { fromLayout, toLayout } from '../layout.js';
import { type Converter, elementsOf, input, knownElements, type Operation } from '../operation.js';

// Images that are made larger or smaller. TensorFlow has three ways to find the place in the image that an element of the
// result comes from, and WebNN has one, whatever the model says. Where the sizes are known, resizing is therefore written
// as a product of matrices, or as a choice of rows and columns, which all devices compute alike.

/** Matrices of more elements than this would take longer than they are worth. */
const largestMatrix = 2 ** 20;

type Coordinates = 'align_corners' | 'half_pixel' | 'asymmetric';

function coordinatesOf(operation: Operation): Coordinates {
  if (booleanAttribute(operation, 'align_corners')) return 'align_corners';
  return booleanAttribute(operation, 'half_pixel_centers') ? 'half_pixel' : 'asymmetric';
}

/** The place on an axis that an element of the result comes from; not yet within the axis. */
function sourceOf(index: number, from: number, to: number, coordinates: Coordinates): number {
  if (coordinates === 'align_corners') return to > 1 ? (index * (from - 1)) / (to - 1) : 0;
  return coordinates === 'half_pixel' ? ((index + 0.5) * from) / to - 0.5 : (index * from) / to;
}

/** The lengths of the spatial axes before and after; undefined where they are not all known. */
function knownSizes(operation: Operation, image: Value): { from: number; to: number }[] | undefined {
  const wanted = knownElements(operation, 1);
  const sizes = [0, 1].flatMap((axis) => {
    const from = image.shape?.[axis + 2];
    const to = wanted?.[axis];
    return typeof from === 'number' && to !== undefined && from > 0 && to > 0 ? [{ from, to }] : [];
  });
  return sizes.length === 2 ? sizes : undefined;
}

function resizeLinearly(operation: Operation): Value {
  const { graph } = operation;
  const image = floatImage(operation);
  const coordinates = coordinatesOf(operation);
  const sizes = knownSizes(operation, image);
  if (!sizes || coordinates === 'half_pixel' || sizes.some(({ from, to }) => from * to > largestMatrix)) {
    return resize(operation, image, { mode: 'linear', coordinate_transformation_mode: coordinates });
  }
  const [rows = 0, columns = 0] = sizes.map(({ to }) => to);
  const [vertical, horizontal] = sizes.map(({ from, to }) => linearMatrix(from, to, coordinates));
  const [batch = '?', channels = '?', height = '?'] = image.shape ?? [];
  const left = constantOf(graph, 'float32', vertical ?? [], [rows, (vertical?.length ?? 0) / rows]);
  const right = constantOf(graph, 'float32', transposed(horizontal ?? [], columns), [
    (horizontal?.length ?? 0) / columns,
    columns,
  ]);
  const wide = graph.add('MatMul', [image, right], { type: 'float32', shape: [batch, channels, height, columns] });
  const result = graph.add('MatMul', [left, wide], { type: 'float32', shape: [batch, channels, rows, columns] });
  return toLayout(operation, result, 4);
}

/** One row for each element of the result: what it takes of each element of the axis. */
function linearMatrix(from: number, to: number, coordinates: Coordinates): Float32Array {
  const matrix = new Float32Array(from * to);
  for (let index = 0; index < to; index++) {
    const source = Math.min(Math.max(sourceOf(index, from, to, coordinates), 0), from - 1);
    const lower = Math.floor(source);
    const upper = Math.min(lower + 1, from - 1);
    matrix[index * from + lower] = 1 - (source - lower);
    matrix[index * from + upper] = (matrix[index * from + upper] ?? 0) + source - lower;
  }
  return matrix;
}

function transposed(matrix: ArrayLike<number>, rows: number): Float32Array {
  const columns = matrix.length / rows;
  return Float32Array.from({ length: matrix.length }, (_, index) => {
    return matrix[(index % rows) * columns + Math.floor(index / rows)] ?? 0;
  });
}

function resizeToNearest(operation: Operation): Value {
  const image = fromLayout(operation, input(operation, 0), 4);
  const coordinates = coordinatesOf(operation);
  const sizes = knownSizes(operation, image);
  const isWhole = coordinates !== 'align_corners' && sizes?.every(({ from, to }) => to % from === 0);
  if (!sizes || isWhole) {
    // Enlarged by whole numbers, all ways come to the same, of which this is the one that devices know.
    const coordinate_transformation_mode = isWhole ? 'asymmetric' : coordinates;
    const nearest_mode = isWhole || coordinates === 'asymmetric' ? 'floor' : 'round_prefer_ceil';
    return resize(operation, image, { mode: 'nearest', coordinate_transformation_mode, nearest_mode });
  }
  const result = sizes.reduce((value, { from, to }, axis) => {
    const indexes = Array.from({ length: to }, (_, index) => nearest(index, from, to, coordinates));
    const shape = value.shape?.map((length, other) => (other === axis + 2 ? to : length));
    const attributes = { axis: axis + 2 };
    return operation.graph.add(
      'Gather',
      [value, int64s(operation.graph, indexes)],
      { type: value.type, shape },
      { attributes },
    );
  }, image);
  return toLayout(operation, result, 4);
}

function nearest(index: number, from: number, to: number, coordinates: Coordinates): number {
  const source = sourceOf(index, from, to, coordinates);
  return Math.min(Math.max(Math.floor(coordinates === 'asymmetric' ? source : source + 0.5), 0), from - 1);
}

function resizeCubically(operation: Operation): Value {
  const coordinates = coordinatesOf(operation);
  const isHalfPixel = coordinates === 'half_pixel';
  return resize(operation, floatImage(operation), {
    mode: 'cubic',
    coordinate_transformation_mode: coordinates,
    cubic_coeff_a: float(isHalfPixel ? -0.5 : -0.75),
    exclude_outside: isHalfPixel ? 1 : 0,
  });
}

/** Images of integers are interpolated as floats. */
function floatImage(operation: Operation): Value {
  return cast(operation.graph, fromLayout(operation, input(operation, 0), 4), 'float32');
}

function resize(operation: Operation, image: Value, attributes: Attributes): Value {
  const { graph, conversion } = operation;
  const [rows = '?', columns = '?'] = elementsOf(conversion, input(operation, 1)) ?? [];
  const shape = [image.shape?.[0] ?? '?', image.shape?.[1] ?? '?', rows, columns];
  const sizes = concat(
    graph,
    [lengthOf(graph, image, 0), lengthOf(graph, image, 1), int64Vector(graph, input(operation, 1))],
    0,
  );
  const inputs = [image, undefined, undefined, sizes];
  return toLayout(operation, graph.add('Resize', inputs, { type: image.type, shape }, { attributes }), 4);
}

export const resizings: Readonly<Record<string, Converter>> = {
  ResizeBicubic: resizeCubically,
  ResizeBilinear: resizeLinearly,
  ResizeNearestNeighbor: resizeToNearest,
};
