import { averageWithoutPadding } from '../../onnx/average-pool.js';
import { type Arguments, type Operator, operator, variant } from '../operator.js';
import { Tensor } from '../tensor.js';
import type { TensorGraph } from '../tensor-graph.js';
import { UnknownValue } from '../values.js';
import { perAxis } from './convolution.js';
import { mapAxis } from './linear-maps.js';

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly padding: readonly number[];
  readonly dilations: readonly number[];
  readonly spatial: readonly number[];
  /** What the last window reaches beyond the padding, where lengths are rounded up. */
  readonly excess: readonly number[];
}

function windowOf(call: Arguments, x: Tensor, axes: number): Window {
  const kernel = perAxis(call.integers('kernel_size'), axes);
  const stride = call.integers('stride', []);
  const strides = stride.length === 0 ? kernel : perAxis(stride, axes);
  const padding = perAxis(call.integers('padding', [0]), axes);
  const dilations = perAxis(call.integers('dilation', [1]), axes);
  const roundsUp = call.flag('ceil_mode');
  const ends = kernel.map((length, axis) => {
    const size = x.shape[x.rank - axes + axis] ?? 1;
    const [pad = 0, step = 1] = [padding[axis], strides[axis]];
    const reach = (dilations[axis] ?? 1) * (length - 1) + 1;
    const free = size + 2 * pad - reach;
    let count = Math.floor(free / step) + 1;
    // A window more, if it begins within the tensor or the padding before it.
    if (roundsUp && free % step !== 0 && count * step < size + pad) count++;
    return { count, excess: Math.max(0, (count - 1) * step - free) };
  });
  return {
    kernel,
    strides,
    padding,
    dilations,
    spatial: ends.map(({ count }) => count),
    excess: ends.map(({ excess }) => excess),
  };
}

/** Adds a batch for the pooling operators where a tensor has none. */
function inBatch(graph: TensorGraph, x: Tensor, axes: number, pool: (x: Tensor) => Tensor): Tensor {
  if (x.rank !== axes + 1) return pool(x);
  const result = pool(graph.unsqueeze(x, [0]));
  return graph.reshape(result, result.shape.slice(1));
}

function maxPool(graph: TensorGraph, call: Arguments, axes: number): Tensor {
  return inBatch(graph, call.tensor('self'), axes, (x) => {
    const { kernel, strides, padding, dilations, spatial, excess } = windowOf(call, x, axes);
    const pads = [...padding, ...padding.map((pad, axis) => pad + (excess[axis] ?? 0))];
    const shape = [...x.shape.slice(0, 2), ...spatial];
    const attributes = { kernel_shape: kernel, strides, dilations };
    if (pads.every((pad, index) => pad < (kernel[index % axes] ?? 1))) {
      return graph.add('MaxPool', [x], { type: x.type, shape }, { ...attributes, pads });
    }
    // onnxruntime takes no padding as large as the window.
    const padded = pad(graph, x, pads, Number.NEGATIVE_INFINITY);
    return graph.add('MaxPool', [padded], { type: x.type, shape }, attributes);
  });
}

/** Pads the axes behind batch and channels. */
function pad(graph: TensorGraph, x: Tensor, pads: readonly number[], value: number): Tensor {
  const axes = pads.length / 2;
  const shape = x.shape.map((length, axis) =>
    axis < 2 ? length : length + (pads[axis - 2] ?? 0) + (pads[axis - 2 + axes] ?? 0),
  );
  const all = [0, 0, ...pads.slice(0, axes), 0, 0, ...pads.slice(axes)];
  return graph.add('Pad', [x, graph.int64s(all), graph.scalar(x.type, value)], { type: x.type, shape });
}

function averagePool(graph: TensorGraph, call: Arguments, axes: number): Tensor {
  if (call.has('divisor_override')) throw variant('divisor_override');
  return inBatch(graph, call.tensor('self'), axes, (x) => {
    const { kernel, strides, padding, spatial, excess } = windowOf(call, x, axes);
    const isPadded = padding.some((length) => length > 0);
    const counts = call.flag('count_include_pad', true) && isPadded;
    const exceeds = excess.some((length) => length > 0);
    // The padding counts, and what lies beyond it does not: then zeros are put in front of the operator.
    const explicit = counts && exceeds;
    const source = explicit ? pad(graph, x, [...padding, ...padding], 0) : x;
    const starts = explicit ? padding.map(() => 0) : padding;
    const pads = [...starts, ...starts.map((length, axis) => length + (excess[axis] ?? 0))];
    const shape = [...x.shape.slice(0, 2), ...spatial];
    if (explicit || !counts) {
      const window = { kernel, strides, pads };
      return new Tensor(
        averageWithoutPadding(graph.builder, source.value, source.shape.slice(2), window),
        x.type,
        shape,
      );
    }
    const attributes = { kernel_shape: kernel, strides, pads, count_include_pad: 1 };
    return graph.add('AveragePool', [source], { type: x.type, shape }, attributes);
  });
}

/** The lengths that an adaptive pooling gives: None keeps one. */
function adaptiveSizes(call: Arguments, x: Tensor, axes: number): number[] {
  const size = call.value('output_size');
  const wanted = Array.isArray(size) ? size : new Array(axes).fill(size);
  return wanted.map((length, axis) => (typeof length === 'number' ? length : (x.shape[x.rank - axes + axis] ?? 1)));
}

function bounds(index: number, length: number, count: number): [start: number, end: number] {
  return [Math.floor((index * length) / count), Math.ceil(((index + 1) * length) / count)];
}

function adaptiveAverage(graph: TensorGraph, call: Arguments, axes: number): Tensor {
  return inBatch(graph, call.tensor('self'), axes, (x) => {
    const sizes = adaptiveSizes(call, x, axes);
    const shape = [...x.shape.slice(0, 2), ...sizes];
    if (shape.join() === x.shape.join()) return x;
    if (sizes.every((size) => size === 1)) return graph.add('GlobalAveragePool', [x], { type: x.type, shape });
    const lengths = x.shape.slice(2);
    if (lengths.every((length, axis) => length % (sizes[axis] ?? 1) === 0)) {
      const kernel = lengths.map((length, axis) => length / (sizes[axis] ?? 1));
      return graph.add('AveragePool', [x], { type: x.type, shape }, { kernel_shape: kernel, strides: kernel });
    }
    return sizes.reduce((result, size, axis) => averageAxis(graph, result, axis + 2, size), x);
  });
}

function averageAxis(graph: TensorGraph, x: Tensor, axis: number, size: number): Tensor {
  const length = x.shape[axis] ?? 1;
  if (length === size) return x;
  const map = Array.from({ length: size }, (_, index) => {
    const [start, end] = bounds(index, length, size);
    return Array.from({ length: end - start }, (_, offset) => [start + offset, 1 / (end - start)] as const);
  });
  return mapAxis(graph, x, axis, map);
}

function adaptiveMax(graph: TensorGraph, call: Arguments, axes: number): Tensor {
  return inBatch(graph, call.tensor('self'), axes, (x) => {
    const sizes = adaptiveSizes(call, x, axes);
    return sizes.reduce((result, size, axis) => {
      const length = result.shape[axis + 2] ?? 1;
      if (length === size) return result;
      const parts = Array.from({ length: size }, (_, index) => {
        const [start, end] = bounds(index, length, size);
        return graph.reduce('ReduceMax', graph.slice(result, axis + 2, start, end), [axis + 2], true);
      });
      return graph.concat(parts, axis + 2);
    }, x);
  });
}

/** Where the largest elements were. Models that pool up again by them are rare. */
const indices = new UnknownValue();

type Pool = (graph: TensorGraph, call: Arguments, axes: number) => Tensor;

const maxParameters = 'self kernel_size stride padding dilation ceil_mode';
const averageParameters = 'self kernel_size stride padding ceil_mode count_include_pad divisor_override';

/** The operator for one, two and three spatial axes. */
function ofDimensions(
  name: string,
  parameters: string,
  pool: Pool,
  suffix = '',
  withIndices = false,
): Record<string, Operator> {
  return Object.fromEntries(
    [1, 2, 3].map((axes) => [
      `${name}${axes}d${suffix}`,
      operator(parameters, (graph, call) => {
        const result = pool(graph, call, axes);
        return withIndices ? [result, indices] : result;
      }),
    ]),
  );
}

export const poolingOperators: Record<string, Operator> = {
  ...ofDimensions('max_pool', maxParameters, maxPool),
  ...ofDimensions('max_pool', maxParameters, maxPool, '_with_indices', true),
  ...ofDimensions('avg_pool', averageParameters, averagePool),
  ...ofDimensions('adaptive_avg_pool', 'self output_size', adaptiveAverage),
  ...ofDimensions('_adaptive_avg_pool', 'self output_size', adaptiveAverage),
  ...ofDimensions('adaptive_max_pool', 'self output_size', adaptiveMax, '', true),
};
