import type { Value } from '../../onnx/graph-builder.js';
import type { Dimension } from '../../onnx/model.js';
import { transpose } from '../../onnx/operations.js';
import { isStatic } from '../../onnx/shapes.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { textAttribute } from '../attributes.js';
import { fromLayout, spatialAttribute, spatialOf, toLayout } from '../layout.js';
import { type Converter, elementsOf, input, type Operation } from '../operation.js';
import { spatialAxes, spatialLengths } from './convolution.js';

/** The gradient of a convolution, which models use as a transposed one. Its inputs: the sizes, the filter, the image. */
function convolveTransposed(operation: Operation, rank: number): Value {
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

export const transposedConvolutions: Readonly<Record<string, Converter>> = {
  Conv2DBackpropInput: (operation) => convolveTransposed(operation, 4),
  Conv3DBackpropInputV2: (operation) => convolveTransposed(operation, 5),
};
