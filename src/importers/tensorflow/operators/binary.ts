import { scalarLike } from '../../onnx/casts.js';
import { isFloat } from '../../onnx/element-types.js';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.js';
import { binary, reshape, unary } from '../../onnx/operations.js';
import { broadcast } from '../../onnx/shapes.js';
import { hasChannelsFirst, inSharedLayout } from '../layout.js';
import { type Converter, input, inputsFrom, knownElements, type Operation, rankOf, typeOf } from '../operation.js';

// Operators that compute each element of their result from the same elements of two operands, which broadcast.

type Combine = (graph: GraphBuilder, left: Value, right: Value) => Value;

/** An operator of ONNX with the same meaning. */
const same = (operator: string): Combine => {
  return (graph, left, right) => binary(graph, operator, left, right);
};

/** An operator of ONNX that compares. */
const comparison = (operator: string): Combine => {
  return (graph, left, right) => binary(graph, operator, left, right, 'bool');
};

const notEqual: Combine = (graph, left, right) => unary(graph, 'Not', binary(graph, 'Equal', left, right, 'bool'));

/** Rounds to negative infinity, where ONNX's division of integers rounds to zero. */
const floorDivide: Combine = (graph, left, right) => {
  if (isFloat(typeOf(left))) return unary(graph, 'Floor', binary(graph, 'Div', left, right));
  return binary(graph, 'Div', binary(graph, 'Sub', left, binary(graph, 'Mod', left, right)), right);
};

/** The remainder with the sign of the divisor. */
const floorModulo: Combine = (graph, left, right) => {
  if (!isFloat(typeOf(left))) return binary(graph, 'Mod', left, right);
  return binary(graph, 'Sub', left, binary(graph, 'Mul', floorDivide(graph, left, right), right));
};

/** The remainder with the sign of the dividend. */
const truncatedModulo: Combine = (graph, left, right) =>
  graph.add(
    'Mod',
    [left, right],
    { type: left.type, shape: broadcast(left.shape, right.shape) },
    { attributes: { fmod: 1 } },
  );

const squaredDifference: Combine = (graph, left, right) => {
  const difference = binary(graph, 'Sub', left, right);
  return binary(graph, 'Mul', difference, difference);
};

/** What the function answers, but zero where the operand that decides is zero. */
function unlessZero(graph: GraphBuilder, decides: Value, result: Value): Value {
  const zero = scalarLike(graph, 0, decides);
  return graph.add(
    'Where',
    [binary(graph, 'Equal', decides, zero, 'bool'), scalarLike(graph, 0, result), result],
    result,
  );
}

const divideNoNan: Combine = (graph, left, right) => unlessZero(graph, right, binary(graph, 'Div', left, right));
const multiplyNoNan: Combine = (graph, left, right) => unlessZero(graph, right, binary(graph, 'Mul', left, right));
const xDivY: Combine = (graph, left, right) => unlessZero(graph, left, binary(graph, 'Div', left, right));
const xLogY: Combine = (graph, left, right) =>
  unlessZero(graph, left, binary(graph, 'Mul', left, unary(graph, 'Log', right)));

const combinations: Readonly<Record<string, Combine>> = {
  BitwiseAnd: same('BitwiseAnd'),
  BitwiseOr: same('BitwiseOr'),
  BitwiseXor: same('BitwiseXor'),
  Div: same('Div'),
  DivNoNan: divideNoNan,
  Equal: comparison('Equal'),
  FloorDiv: floorDivide,
  FloorMod: floorModulo,
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  LogicalAnd: same('And'),
  LogicalOr: same('Or'),
  Maximum: same('Max'),
  Minimum: same('Min'),
  Mod: truncatedModulo,
  Mul: same('Mul'),
  MulNoNan: multiplyNoNan,
  NotEqual: notEqual,
  Pow: same('Pow'),
  RealDiv: same('Div'),
  SquaredDifference: squaredDifference,
  Sub: same('Sub'),
  TruncateDiv: same('Div'),
  TruncateMod: truncatedModulo,
  Xdivy: xDivY,
  Xlogy: xLogY,
};

/** An operator of two operands, in the layout that they have anyway. */
const combined = (combine: Combine): Converter => {
  return (operation) => {
    const operands = [input(operation, 0), input(operation, 1)];
    return inSharedLayout(operation, operands, ([left, right]) =>
      left && right ? combine(operation.graph, left, right) : input(operation, 0),
    );
  };
};

/** Additions of one are remembered: they count the rounds of a loop. */
const added: Converter = (operation) => {
  const sum = combined(same('Add'))(operation);
  const [value, step] = [input(operation, 0), knownElements(operation, 1)];
  if ('name' in sum && step?.length === 1 && step[0] === 1) operation.conversion.successors.set(sum.name, value.name);
  return sum;
};

/** The sum of any number of tensors of one shape. */
function addAll(operation: Operation): Value {
  const [first = input(operation, 0), ...rest] = inputsFrom(operation, 0);
  return rest.reduce((sum, value) => binary(operation.graph, 'Add', sum, value), first);
}

/** Adds one number to each channel. */
export function addBias(operation: Operation, value: Value, bias: Value): Value {
  const { graph } = operation;
  if (!hasChannelsFirst(operation)) {
    return inSharedLayout(operation, [value, bias], ([left = value, right = bias]) =>
      binary(graph, 'Add', left, right),
    );
  }
  const spatial = new Array<number>(Math.max(rankOf(value) - 2, 0)).fill(1);
  return binary(graph, 'Add', value, reshape(graph, bias, [-1, ...spatial]));
}

/** The larger of the value and the smallest allowed, and the smaller of that and the largest. */
function clip(operation: Operation): Value {
  const smallest = binary(operation.graph, 'Max', input(operation, 0), input(operation, 1));
  return binary(operation.graph, 'Min', smallest, input(operation, 2));
}

export const binaries: Readonly<Record<string, Converter>> = {
  ...Object.fromEntries(Object.entries(combinations).map(([op, combine]) => [op, combined(combine)])),
  AccumulateNV2: addAll,
  Add: added,
  AddV2: added,
  AddN: addAll,
  BiasAdd: (operation) => addBias(operation, input(operation, 0), input(operation, 1)),
  BiasAddV1: (operation) => addBias(operation, input(operation, 0), input(operation, 1)),
  ClipByValue: clip,
};
