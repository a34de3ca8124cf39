import { checkLimit } from '../limits.js';
import { castLike } from './casts.js';
import { constantOf } from './constants.js';
import type { GraphBuilder, Value } from './graph-builder.js';
import { binary } from './operations.js';

/** A window that moves over the axes behind batch and channels. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  /** Default: 1 for each axis. */
  readonly dilations?: readonly number[];
  /** All beginnings, then all ends. */
  readonly pads: readonly number[];
}

const maximumElements = 2 ** 22;

/**
 * The average of the elements in each window, where padding counts for nothing. onnxruntime's WebNN passes by
 * `count_include_pad` without a message. So the padding counts as zeros, and a factor for each place makes up for them.
 *
 * @param lengths of the value's axes behind batch and channels
 */
export function averageWithoutPadding(
  graph: GraphBuilder,
  x: Value,
  lengths: readonly number[],
  window: Window,
): Value {
  const { kernel, strides, dilations = kernel.map(() => 1), pads } = window;
  const isDilated = dilations.some((step) => step !== 1);
  if (isDilated) graph.requireOpset(19);
  const isPadded = pads.some((length) => length > 0);
  const attributes = {
    kernel_shape: kernel,
    strides,
    pads,
    dilations: isDilated ? dilations : undefined,
    count_include_pad: Number(isPadded),
  };
  const factors = lengths.map((length, axis) => factorsOf(length, axis, { kernel, strides, dilations, pads }));
  const outputs = factors.map((axis) => axis.length);
  checkLimit(
    'places in a pooling',
    outputs.reduce((product, length) => product * length, 1),
    maximumElements,
  );
  const shape = [x.shape?.[0] ?? '?', x.shape?.[1] ?? '?', ...outputs];
  const average = graph.add('AveragePool', [x], { type: x.type, shape }, { attributes });
  if (!isPadded) return average;
  const map = factors.reduce((products, axis) => products.flatMap((left) => axis.map((right) => left * right)), [1]);
  return binary(graph, 'Mul', average, castLike(graph, constantOf(graph, 'float32', map, [1, 1, ...outputs]), x));
}

/** For each place of an axis: how many elements its window has, divided by those that are not padding. */
function factorsOf(length: number, axis: number, { kernel, strides, dilations, pads }: Required<Window>): number[] {
  const [size = 1, stride = 1, step = 1, before = 0] = [kernel[axis], strides[axis], dilations[axis], pads[axis]];
  const after = pads[axis + kernel.length] ?? 0;
  const reach = step * (size - 1) + 1;
  const count = Math.floor((before + length + after - reach) / stride) + 1;
  checkLimit('places in a pooling', count * size, maximumElements);
  return Array.from({ length: Math.max(count, 0) }, (_, place) => {
    const start = place * stride - before;
    const taps = Array.from({ length: size }, (_, tap) => start + tap * step);
    return size / taps.filter((at) => at >= 0 && at < length).length;
  });
}
