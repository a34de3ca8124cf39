import type { Value } from '../../onnx/graph-builder.js';
import type { Dimension } from '../../onnx/model.js';
import { reshape, transpose } from '../../onnx/operations.js';
import { isStatic } from '../../onnx/shapes.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { fromLayout, paddingOf, spatialAttribute, toLayout } from '../layout.js';
import { type Converter, input, type Operation } from '../operation.js';

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

export function spatialLengths(image: Value, rank: number): readonly Dimension[] {
  return image.shape?.slice(2) ?? spatialAxes(rank).map(() => '?');
}

export function spatialAxes(rank: number): number[] {
  return Array.from({ length: rank - 2 }, (_, axis) => axis);
}

export const convolutions: Readonly<Record<string, Converter>> = {
  Conv2D: (operation) => convolve(operation, 4),
  Conv3D: (operation) => convolve(operation, 5),
  DepthwiseConv2dNative: convolveDepthwise,
};
