import type { GraphBuilder, Value } from '../../onnx/graph-builder.js';
import { float } from '../../onnx/model.js';
import { binary, scalarLike, unary } from '../../onnx/operations.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { booleanAttribute, floatAttribute, integerAttribute, textAttribute, textsAttribute } from '../attributes.js';
import { fromLayout, keepLayout, toLayout } from '../layout.js';
import { type Converter, type Item, input, inputsFrom, nothing, type Operation } from '../operation.js';
import { addBias } from './binary.js';
import { convolve, convolveDepthwise } from './convolution.js';
import { multiplyMatrices } from './matrix.js';
import { elementwise } from './unary.js';

function normalizeBatch(operation: Operation): readonly Item[] {
  const isTraining = operation.attributes.has('is_training') ? booleanAttribute(operation, 'is_training') : true;
  if (isTraining) throw new UnsupportedVariant('is_training, which a model has that was saved for training');
  return [
    normalize(operation, input(operation, 0), inputsFrom(operation, 1, 5)),
    input(operation, 3),
    input(operation, 4),
  ];
}

/** @param parameters scale, offset, mean and variance of each channel */
function normalize(operation: Operation, value: Value, parameters: readonly Value[]): Value {
  const image = fromLayout(operation, value, 4);
  const attributes = { epsilon: float(floatAttribute(operation, 'epsilon', 1e-4)) };
  const result = operation.graph.add('BatchNormalization', [image, ...parameters], image, { attributes });
  return toLayout(operation, result, 4);
}

/** The form in which TensorFlow's optimiser puts an addition and an activation behind it. */
function normalizeBatchAndActivate(operation: Operation): readonly Item[] {
  const [normalized, ...rest] = normalizeBatch(operation);
  if (normalized === undefined || 'kind' in normalized) return [nothing];
  const side = integerAttribute(operation, 'num_side_inputs') > 0 ? input(operation, 5) : undefined;
  const sum = side ? operation.graph.add('Add', [normalized, side], normalized) : normalized;
  return [activate(operation, sum, textAttribute(operation, 'activation_mode', 'Identity')), ...rest];
}

/** What TensorFlow's optimiser makes of an operator and those behind it: `fused_ops` lists them. */
const fused = (compute: (operation: Operation) => Value): Converter => {
  return (operation) => {
    let next = 2;
    return textsAttribute(operation, 'fused_ops').reduce((value, op) => {
      if (op === 'BiasAdd') return addBias(operation, value, input(operation, next++));
      if (op === 'Add') return operation.graph.add('Add', [value, input(operation, next++)], value);
      if (op !== 'FusedBatchNorm') return activate(operation, value, op);
      next += 4;
      return normalize(operation, value, inputsFrom(operation, next - 4, next));
    }, compute(operation));
  };
};

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

function activate(operation: Operation, value: Value, op: string): Value {
  if (op === 'Identity') return value;
  if (op === 'GeluExact') return exactGelu(operation.graph, value);
  if (op === 'GeluApproximate') return approximateGelu(operation.graph, value);
  const compute = Object.hasOwn(elementwise, op) ? elementwise[op] : undefined;
  if (!compute) throw new UnsupportedVariant(`the fused operator ${op}`);
  return keepLayout({ ...operation, inputs: [value] }, (inner) => compute(operation.graph, inner, operation));
}

/** x / 2 · (1 + erf(x / √2)) */
function exactGelu(graph: GraphBuilder, value: Value): Value {
  const error = unary(graph, 'Erf', binary(graph, 'Mul', value, scalarLike(graph, Math.SQRT1_2, value)));
  return halfTimes(graph, value, error);
}

/** x / 2 · (1 + tanh(√(2 / π) · (x + 0.044715 · x³))) */
function approximateGelu(graph: GraphBuilder, value: Value): Value {
  const square = binary(graph, 'Mul', value, value);
  const factor = binary(graph, 'Mul', square, scalarLike(graph, 0.044715, value));
  const sum = binary(graph, 'Mul', value, binary(graph, 'Add', factor, scalarLike(graph, 1, value)));
  const scaled = binary(graph, 'Mul', sum, scalarLike(graph, Math.sqrt(2 / Math.PI), value));
  return halfTimes(graph, value, unary(graph, 'Tanh', scaled));
}

function halfTimes(graph: GraphBuilder, value: Value, inner: Value): Value {
  const half = binary(graph, 'Mul', value, scalarLike(graph, 0.5, value));
  return binary(graph, 'Mul', half, binary(graph, 'Add', inner, scalarLike(graph, 1, value)));
}

export const normalizations: Readonly<Record<string, Converter>> = {
  FusedBatchNorm: normalizeBatch,
  FusedBatchNormV2: normalizeBatch,
  FusedBatchNormV3: normalizeBatch,
  LRN: normalizeLocally,
  _FusedBatchNormEx: normalizeBatchAndActivate,
  _FusedConv2D: fused((operation) => convolve(operation, 4)),
  _FusedDepthwiseConv2dNative: fused(convolveDepthwise),
  _FusedMatMul: fused(multiplyMatrices),
};
