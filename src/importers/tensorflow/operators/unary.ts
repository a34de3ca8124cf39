import { cast, scalarLike } from '../../onnx/casts.js';
import { isFloat } from '../../onnx/element-types.js';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.js';
import { float } from '../../onnx/model.js';
import { binary, unary } from '../../onnx/operations.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { floatAttribute, typeAttribute } from '../attributes.js';
import { keepLayout } from '../layout.js';
import { type Converter, type Operation, typeOf } from '../operation.js';

// Operators that compute each element of their result from the same element of their operand.

/** What the operand becomes. */
export type Elementwise = (graph: GraphBuilder, value: Value, operation: Operation) => Value;

/** An operator of ONNX with the same meaning. */
const same = (operator: string): Elementwise => {
  return (graph, value) => unary(graph, operator, value);
};

/** An operator of ONNX that answers with whether something is so. */
const test = (operator: string) => {
  return (graph: GraphBuilder, value: Value) => graph.add(operator, [value], { type: 'bool', shape: value.shape });
};

const one = (graph: GraphBuilder, like: Value): Value => scalarLike(graph, 1, like);

/** Integers are round already, and ONNX rounds none. */
const ofFloats = (operator: string): Elementwise => {
  return (graph, value) => (isFloat(typeOf(value)) ? unary(graph, operator, value) : value);
};

function castTo(graph: GraphBuilder, value: Value, operation: Operation): Value {
  const type = typeAttribute(operation, 'DstT');
  if (!type) throw new UnsupportedVariant('no type to cast to');
  return cast(graph, value, type);
}

function leakyRelu(graph: GraphBuilder, value: Value, operation: Operation): Value {
  const attributes = { alpha: float(floatAttribute(operation, 'alpha', 0.2)) };
  return graph.add('LeakyRelu', [value], value, { attributes });
}

function relu6(graph: GraphBuilder, value: Value): Value {
  return graph.add('Clip', [value, scalarLike(graph, 0, value), scalarLike(graph, 6, value)], value);
}

function reciprocal(graph: GraphBuilder, value: Value): Value {
  return unary(graph, 'Reciprocal', value);
}

function finite(graph: GraphBuilder, value: Value): Value {
  const either = binary(graph, 'Or', test('IsInf')(graph, value), test('IsNaN')(graph, value), 'bool');
  return unary(graph, 'Not', either);
}

/** Each by the name of TensorFlow's operator. */
export const elementwise: Readonly<Record<string, Elementwise>> = {
  Abs: same('Abs'),
  Acos: same('Acos'),
  Acosh: same('Acosh'),
  Asin: same('Asin'),
  Asinh: same('Asinh'),
  Atan: same('Atan'),
  Atanh: same('Atanh'),
  Cast: castTo,
  Ceil: ofFloats('Ceil'),
  Cos: same('Cos'),
  Cosh: same('Cosh'),
  Elu: same('Elu'),
  Erf: same('Erf'),
  Erfc: (graph, value) => binary(graph, 'Sub', one(graph, value), unary(graph, 'Erf', value)),
  Exp: same('Exp'),
  Expm1: (graph, value) => binary(graph, 'Sub', unary(graph, 'Exp', value), one(graph, value)),
  Floor: ofFloats('Floor'),
  Inv: reciprocal,
  IsFinite: finite,
  IsInf: test('IsInf'),
  IsNan: test('IsNaN'),
  LeakyRelu: leakyRelu,
  Log: same('Log'),
  Log1p: (graph, value) => unary(graph, 'Log', binary(graph, 'Add', value, one(graph, value))),
  LogicalNot: same('Not'),
  Neg: same('Neg'),
  Reciprocal: reciprocal,
  Relu: same('Relu'),
  Relu6: relu6,
  Rint: ofFloats('Round'),
  Round: ofFloats('Round'),
  Rsqrt: (graph, value) => reciprocal(graph, unary(graph, 'Sqrt', value)),
  Selu: same('Selu'),
  Sigmoid: same('Sigmoid'),
  Sign: same('Sign'),
  Sin: same('Sin'),
  Sinh: same('Sinh'),
  Softplus: same('Softplus'),
  Softsign: same('Softsign'),
  Sqrt: same('Sqrt'),
  Square: (graph, value) => binary(graph, 'Mul', value, value),
  Tan: same('Tan'),
  Tanh: same('Tanh'),
};

export const unaries: Readonly<Record<string, Converter>> = Object.fromEntries(
  Object.entries(elementwise).map(([op, compute]) => [
    op,
    (operation) => keepLayout(operation, (value) => compute(operation.graph, value, operation)),
  ]),
);
