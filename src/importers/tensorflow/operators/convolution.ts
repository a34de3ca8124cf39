import type { Value } from '../../onnx/graph-builder.js';
import type { Dimension } from '../../onnx/model.js';
import { isStatic, reshape, transpose } from '../../onnx/operations.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { textAttribute } from '../attributes.js';
import { fromLayout, paddingOf, spatialAttribute, spatialOf, toLayout } from '../layout.js';
import { type Converter, elementsOf, input, type Operation } from '../operation.js';

/** @param rank of the images: 4 for two spatial axes */
export function convolve(operation: Operation, rank: number): Value {
  const image = fromLayout(operation, input(operation, 0), rank);
  const filter = input(operation, 1);
  // From spatial axes, inputs, outputs to outputs, inputs, spatial axes.
  const perm = [rank - 1, rank - 2, ...spatialAxes(rank)];
  const weights = transpose(operation.graph, filter, perm);
  return addConvolution(operation, image, weights, groupsOf(image, weights), rank);
}

/** Each channel of the image has filters of its own. */
export function convolveDepthwise(operation: Operation): Value {
  const image = fromLayout(operation, input(operation, 0), 4);
  const filter = input(operation, 1);
  if (!isStatic(filter.shape)) throw new UnsupportedVariant('a filter whose shape is not known');
  const [height = 0, width = 0, channels = 0, multiplier = 0] = filter.shape;
  const perChannel = transpose(operation.graph, filter, [2, 3, 0, 1]);
  const weights = reshape(operation.graph, perChannel, [channels * multiplier, 1, height, width]);
  return addConvolution(operation, image, weights, channels, 4);
}

function addConvolution(operation: Operation, image: Value, weights: Value, group: number, rank: number): Value {
  const strides = spatialAttribute(operation, 'strides', rank);
  const dilations = spatialAttribute(operation, 'dilations', rank);
  const sizes = weights.shape?.slice(2) ?? spatialAxes(rank).map(() => '?');
  const { lengths, ...padding } = paddingOf(operation, spatialLengths(image, rank), { sizes, strides, dilations });
  const shape = [image.shape?.[0] ?? '?', weights.shape?.[0] ?? '?', ...lengths];
  const attributes = { group, strides, dilations, ...padding };
  const result = operation.graph.add('Conv', [image, weights], { type: image.type, shape }, { attributes });
  return toLayout(operation, result, rank);
}

function groupsOf(image: Value, weights: Value): number {
  const channels = image.shape?.[1];
  const perGroup = weights.shape?.[1];
  if (typeof channels !== 'number' || typeof perGroup !== 'number' || perGroup === 0) return 1;
  return Math.max(Math.floor(channels / perGroup), 1);
}

/** The gradient of a convolution, which models use as a transposed one. Its inputs: the sizes, the filter, the image. */
export function convolveTransposed(operation: Operation, rank: number): Value {
  const image = fromLayout(operation, input(operation, 2), rank);
  const weights = transpose(operation.graph, input(operation, 1), [rank - 1, rank - 2, ...spatialAxes(rank)]);
  if (!isStatic(weights.shape)) throw new UnsupportedVariant('a filter whose shape is not known');
  if (textAttribute(operation, 'padding') === 'EXPLICIT') throw new UnsupportedVariant('explicit paddings');
  const [, channels = 1, ...sizes] = weights.shape;
  const strides = spatialAttribute(operation, 'strides', rank);
  const dilations = spatialAttribute(operation, 'dilations', rank);
  const wanted = elementsOf(operation.conversion, input(operation, 0));
  const wantedLengths = wanted && spatialOf(operation, wanted, rank);

  const axes = spatialLengths(image, rank).map((length, axis) => {
    const span = ((sizes[axis] ?? 1) - 1) * (dilations[axis] ?? 1) + 1;
    return transposedAxis(length, wantedLengths?.[axis], span, strides[axis] ?? 1);
  });
  const isSame = textAttribute(operation, 'padding') === 'SAME';
  const cuts = axes.map(({ surplus, isExact }) => (isSame || isExact ? Math.max(surplus, 0) : 0));
  const begins = cuts.map((cut) => Math.floor(cut / 2));
  const attributes = {
    strides,
    dilations,
    pads: [...begins, ...cuts.map((cut, axis) => cut - (begins[axis] ?? 0))],
    output_padding: axes.map(({ surplus }) => Math.max(-surplus, 0)),
  };
  const lengths = axes.map(({ length }, axis) => wantedLengths?.[axis] ?? length);
  const shape = [image.shape?.[0] ?? '?', channels, ...lengths];
  const result = operation.graph.add('ConvTranspose', [image, weights], { type: image.type, shape }, { attributes });
  return toLayout(operation, result, rank);
}

interface TransposedAxis {
  /** How much longer the whole product is than what is wanted; negative where it is shorter. */
  readonly surplus: number;
  /** Whether that was counted, and not taken from the paddings that TensorFlow knows. */
  readonly isExact: boolean;
  readonly length: Dimension;
}

function transposedAxis(
  length: Dimension,
  wanted: Dimension | undefined,
  span: number,
  stride: number,
): TransposedAxis {
  if (typeof length === 'number' && typeof wanted === 'number') {
    return { surplus: (length - 1) * stride + span - wanted, isExact: true, length: wanted };
  }
  return { surplus: span - stride, isExact: false, length: '?' };
}

export function spatialLengths(image: Value, rank: number): readonly Dimension[] {
  return image.shape?.slice(2) ?? spatialAxes(rank).map(() => '?');
}

function spatialAxes(rank: number): number[] {
  return Array.from({ length: rank - 2 }, (_, axis) => axis);
}

export const convolutions: Readonly<Record<string, Converter>> = {
  Conv2D: (operation) => convolve(operation, 4),
  Conv3D: (operation) => convolve(operation, 5),
  DepthwiseConv2dNative: convolveDepthwise,
  Conv2DBackpropInput: (operation) => convolveTransposed(operation, 4),
  Conv3DBackpropInputV2: (operation) => convolveTransposed(operation, 5),
};
