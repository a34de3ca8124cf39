import { type ElementType, isFloat } from '../../onnx/element-types.js';
import { type Arguments, numberTensor, variant } from '../operator.js';
import { Tensor } from '../tensor.js';
import { mismatch, type TensorGraph } from '../tensor-graph.js';
import { describeKind, FloatNumber, type PythonValue, scalarType } from '../values.js';

/** PyTorch's order: a type gives way to those behind it. */
const order: readonly ElementType[] = [
  'bool',
  'uint8',
  'int8',
  'int16',
  'int32',
  'int64',
  'float16',
  'float32',
  'float64',
];

function category(type: ElementType): number {
  return isFloat(type) ? 2 : type === 'bool' ? 0 : 1;
}

interface Operand {
  readonly type: ElementType;
  /** Tensors with axes decide before those without, and those before numbers. */
  readonly priority: number;
}

/**
 * The type that an operator computes in: that of the operands of the highest priority, unless one of a lower priority is
 * of a higher kind (a float among integers).
 *
 * @see https://pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
 */
export function promotedType(values: readonly PythonValue[]): ElementType {
  const operands = values.map(operandOf).sort((left, right) => right.priority - left.priority);
  let result: Operand | undefined;
  for (const operand of operands) {
    const stronger =
      !result ||
      (operand.priority === result.priority
        ? order.indexOf(operand.type) > order.indexOf(result.type)
        : category(operand.type) > category(result.type));
    if (stronger) result = { type: operand.type, priority: Math.max(operand.priority, result?.priority ?? 0) };
  }
  return result?.type ?? 'float32';
}

function operandOf(value: PythonValue): Operand {
  if (value instanceof Tensor) return { type: value.type, priority: value.rank > 0 ? 2 : 1 };
  if (typeof value === 'boolean') return { type: 'bool', priority: 0 };
  return { type: value instanceof FloatNumber ? 'float32' : 'int64', priority: 0 };
}

/** A tensor or number as a tensor of a type. */
export function operand(graph: TensorGraph, value: PythonValue, type: ElementType): Tensor {
  const tensor = value instanceof Tensor ? value : numberTensor(graph, value);
  if (!tensor) throw mismatch(`an operand is ${describeKind(value)}`);
  return graph.cast(tensor, type);
}

/** Arguments as tensors of the type that they promote to. */
export function promoted(graph: TensorGraph, call: Arguments, ...names: string[]): Tensor[] {
  const values = names.map((name) => call.value(name));
  const type = promotedType(values);
  return values.map((value) => operand(graph, value, type));
}

/** The argument `dtype`. */
export function typeArgument(call: Arguments): ElementType | undefined {
  if (!call.has('dtype')) return undefined;
  const code = call.integer('dtype');
  const type = scalarType(code);
  if (!type) throw variant(`the type ${code}, which is complex or quantised`);
  return type;
}
