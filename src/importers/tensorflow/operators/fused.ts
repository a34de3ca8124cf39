import { scalarLike } from '../../onnx/casts.js';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.js';
import { binary, unary } from '../../onnx/operations.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { integerAttribute, textAttribute, textsAttribute } from '../attributes.js';
import { keepLayout } from '../layout.js';
import { type Converter, type Item, input, inputsFrom, nothing, type Operation } from '../operation.js';
import { addBias } from './binary.js';
import { convolve, convolveDepthwise } from './convolution.js';
import { multiplyMatrices } from './matrix.js';
import { normalize, normalizeBatch } from './normalization.js';
import { elementwise } from './unary.js';

// What TensorFlow's optimiser makes of several operators.

/** Normalisation, an addition and an activation. */
function normalizeBatchAndActivate(operation: Operation): readonly Item[] {
  const [normalized, ...rest] = normalizeBatch(operation);
  if (normalized === undefined || 'kind' in normalized) return [nothing];
  const side = integerAttribute(operation, 'num_side_inputs') > 0 ? input(operation, 5) : undefined;
  const sum = side ? operation.graph.add('Add', [normalized, side], normalized) : normalized;
  return [activate(operation, sum, textAttribute(operation, 'activation_mode', 'Identity')), ...rest];
}

/** An operator and those behind it, which `fused_ops` lists. */
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

export const fusions: Readonly<Record<string, Converter>> = {
  _FusedBatchNormEx: normalizeBatchAndActivate,
  _FusedConv2D: fused((operation) => convolve(operation, 4)),
  _FusedDepthwiseConv2dNative: fused(convolveDepthwise),
  _FusedMatMul: fused(multiplyMatrices),
};
