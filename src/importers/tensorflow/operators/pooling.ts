import { averageWithoutPadding } from '../../onnx/average-pool.js';
import { scalar } from '../../onnx/constants.js';
import { isFloat } from '../../onnx/element-types.js';
import type { Value } from '../../onnx/graph-builder.js';
import { isStatic } from '../../onnx/shapes.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { fromLayout, paddingOf, spatialAttribute, spatialOf, toLayout } from '../layout.js';
import { type Converter, input, knownInput, type Operation, typeOf } from '../operation.js';
import { spatialLengths } from './convolution.js';

function pool(operation: Operation, operator: 'MaxPool' | 'AveragePool', rank: number): Value {
  return poolWindow(operation, operator, rank, {
    sizes: spatialAttribute(operation, 'ksize', rank),
    strides: spatialAttribute(operation, 'strides', rank),
  });
}

/** The form that has its window and strides as inputs. */
function poolByInputs(operation: Operation): Value {
  return poolWindow(operation, 'MaxPool', 4, {
    sizes: spatialOf(operation, knownInput(operation, 1), 4),
    strides: spatialOf(operation, knownInput(operation, 2), 4),
  });
}

function poolWindow(
  operation: Operation,
  operator: string,
  rank: number,
  { sizes, strides }: { sizes: readonly number[]; strides: readonly number[] },
): Value {
  if ([...sizes, ...strides].some((length) => length < 1)) throw new UnsupportedVariant('a window of no size');
  const given = fromLayout(operation, input(operation, 0), rank);
  const image = operator === 'MaxPool' ? withVisiblePadding(operation, given) : given;
  const dilations = sizes.map(() => 1);
  const spatial = spatialLengths(image, rank);
  const { lengths, ...padding } = paddingOf(operation, spatial, { sizes, strides, dilations });
  if (operator === 'AveragePool' && padding.pads && isStatic(spatial)) {
    const window = { kernel: sizes, strides, pads: padding.pads };
    return toLayout(operation, averageWithoutPadding(operation.graph, image, spatial, window), rank);
  }
  const shape = [image.shape?.[0] ?? '?', image.shape?.[1] ?? '?', ...lengths];
  const attributes = { kernel_shape: sizes, strides, ...padding };
  return toLayout(operation, operation.graph.add(operator, [image], { type: image.type, shape }, { attributes }), rank);
}

/**
 * onnxruntime makes zeros that an image was padded with the padding of the pooling behind it. That is right for averages,
 * but a maximum takes no notice of its padding, and so loses the zeros. It does so for zeros only.
 */
function withVisiblePadding({ graph, conversion }: Operation, image: Value): Value {
  const padded = conversion.padded.get(image.name);
  const type = typeOf(image);
  if (!padded || !isFloat(type)) return image;
  const almostZero = scalar(graph, type === 'float16' ? 2 ** -24 : 2 ** -149, type);
  return graph.add('Pad', [padded.source, padded.pads, almostZero], image, { attributes: { mode: 'constant' } });
}

export const poolings: Readonly<Record<string, Converter>> = {
  MaxPool: (operation) => pool(operation, 'MaxPool', 4),
  MaxPoolV2: poolByInputs,
  MaxPool3D: (operation) => pool(operation, 'MaxPool', 5),
  AvgPool: (operation) => pool(operation, 'AveragePool', 4),
  AvgPool3D: (operation) => pool(operation, 'AveragePool', 5),
};
