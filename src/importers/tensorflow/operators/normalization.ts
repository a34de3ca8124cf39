import type { Value } from '../../onnx/graph-builder.js';
import { float } from '../../onnx/model.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { booleanAttribute, floatAttribute, integerAttribute } from '../attributes.js';
import { fromLayout, toLayout } from '../layout.js';
import { type Converter, type Item, input, inputsFrom, type Operation } from '../operation.js';

export function normalizeBatch(operation: Operation): readonly Item[] {
  const isTraining = operation.attributes.has('is_training') ? booleanAttribute(operation, 'is_training') : true;
  if (isTraining) throw new UnsupportedVariant('is_training, which a model has that was saved for training');
  return [
    normalize(operation, input(operation, 0), inputsFrom(operation, 1, 5)),
    input(operation, 3),
    input(operation, 4),
  ];
}

/** @param parameters scale, offset, mean and variance of each channel */
export function normalize(operation: Operation, value: Value, parameters: readonly Value[]): Value {
  const image = fromLayout(operation, value, 4);
  const attributes = { epsilon: float(floatAttribute(operation, 'epsilon', 1e-4)) };
  const result = operation.graph.add('BatchNormalization', [image, ...parameters], image, { attributes });
  return toLayout(operation, result, 4);
}

/** Local response normalisation. ONNX divides `alpha` by the number of channels that it sums up. */
function normalizeLocally(operation: Operation): Value {
  const image = fromLayout(operation, input(operation, 0), 4);
  const size = 2 * integerAttribute(operation, 'depth_radius', 5) + 1;
  const attributes = {
    size,
    alpha: float(floatAttribute(operation, 'alpha', 1) * size),
    beta: float(floatAttribute(operation, 'beta', 0.5)),
    bias: float(floatAttribute(operation, 'bias', 1)),
  };
  return toLayout(operation, operation.graph.add('LRN', [image], image, { attributes }), 4);
}

export const normalizations: Readonly<Record<string, Converter>> = {
  FusedBatchNorm: normalizeBatch,
  FusedBatchNormV2: normalizeBatch,
  FusedBatchNormV3: normalizeBatch,
  LRN: normalizeLocally,
};
