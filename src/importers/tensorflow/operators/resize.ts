import { cast } from '../../onnx/casts.js';
import { constantOf, int64s } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import { type Attributes, float } from '../../onnx/model.js';
import { concat, int64Vector, lengthOf } from '../../onnx/operations.js';
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
    const isKnown = typeof from === 'number' && to !== undefined && from > 0 && to > 0;
    return isKnown && from * to <= largestMatrix ? [{ from, to }] : [];
  });
  return sizes.length === 2 ? sizes : undefined;
}

function resizeLinearly(operation: Operation): Value {
  const image = floatImage(operation);
  const coordinates = coordinatesOf(operation);
  const sizes = knownSizes(operation, image);
  if (!sizes || coordinates === 'half_pixel') {
    return resize(operation, image, { mode: 'linear', coordinate_transformation_mode: coordinates });
  }
  return weigh(
    operation,
    image,
    sizes.map((size) => weightMatrix(size, coordinates, linearWeights)),
  );
}

function resizeCubically(operation: Operation): Value {
  const image = floatImage(operation);
  const coordinates = coordinatesOf(operation);
  const isHalfPixel = coordinates === 'half_pixel';
  const sizes = knownSizes(operation, image);
  if (sizes) {
    const weights = isHalfPixel ? cubicWeights(-0.5, false) : cubicWeights(-0.75, true);
    return weigh(
      operation,
      image,
      sizes.map((size) => weightMatrix(size, coordinates, weights)),
    );
  }
  return resize(operation, image, {
    mode: 'cubic',
    coordinate_transformation_mode: coordinates,
    cubic_coeff_a: float(isHalfPixel ? -0.5 : -0.75),
    exclude_outside: isHalfPixel ? 1 : 0,
  });
}

/** One row for each element of the result, with what it takes of each element of the axis. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly elements: Float32Array;
}

function weigh(operation: Operation, image: Value, [vertical, horizontal]: readonly Matrix[]): Value {
  if (!vertical || !horizontal) throw new RangeError('an image has two spatial axes');
  const { graph } = operation;
  const [batch = '?', channels = '?', height = '?'] = image.shape ?? [];
  const right = constantOf(graph, 'float32', transposed(horizontal), [horizontal.columns, horizontal.rows]);
  const left = constantOf(graph, 'float32', vertical.elements, [vertical.rows, vertical.columns]);
  const wide = graph.add('MatMul', [image, right], {
    type: 'float32',
    shape: [batch, channels, height, horizontal.rows],
  });
  const shape = [batch, channels, vertical.rows, horizontal.rows];
  return toLayout(operation, graph.add('MatMul', [left, wide], { type: 'float32', shape }), 4);
}

/** What a place takes of the elements around it: their indexes, which may be beyond the axis, and their weights. */
type Weights = (source: number, length: number) => readonly (readonly [index: number, weight: number])[];

function weightMatrix({ from, to }: { from: number; to: number }, coordinates: Coordinates, weights: Weights): Matrix {
  const elements = new Float32Array(from * to);
  for (let row = 0; row < to; row++) {
    for (const [index, weight] of weights(sourceOf(row, from, to, coordinates), from)) {
      const at = row * from + Math.min(Math.max(index, 0), from - 1);
      elements[at] = (elements[at] ?? 0) + weight;
    }
  }
  return { rows: to, columns: from, elements };
}

const linearWeights: Weights = (source) => {
  const lower = Math.floor(source);
  return [
    [lower, 1 - (source - lower)],
    [lower + 1, source - lower],
  ];
};

/** @param isClamped whether elements beyond the axis are those at its ends; otherwise they count for nothing */
function cubicWeights(a: number, isClamped: boolean): Weights {
  return (source, length) => {
    const lower = Math.floor(source);
    // TensorFlow takes the weights from a table with this many steps.
    const offset = Math.round((source - lower) * 1024) / 1024;
    const all = [-1, 0, 1, 2].map((step) => [lower + step, cubic(Math.abs(step - offset), a)] as const);
    if (isClamped) return all;
    const inside = all.filter(([index]) => index >= 0 && index < length);
    const sum = inside.reduce((total, [, weight]) => total + weight, 0);
    return inside.map(([index, weight]) => [index, weight / sum] as const);
  };
}

function cubic(distance: number, a: number): number {
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  return distance < 2 ? ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a : 0;
}

function transposed({ rows, columns, elements }: Matrix): Float32Array {
  return elements.map((_, index) => elements[(index % rows) * columns + Math.floor(index / rows)] ?? 0);
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
