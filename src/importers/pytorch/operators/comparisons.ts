import { type ElementType, isFloat } from '../../onnx/element-types.js';
import { type Operator, operator, variant } from '../operator.js';
import type { Tensor } from '../tensor.js';
import { broadcastShapes, type TensorGraph } from '../tensor-graph.js';
import { binary, eachOf, floatOperator, rounded, truncated } from './elementwise.js';
import { operand, promoted, promotedType } from './promotion.js';

function comparison(onnx: string, compute: (left: number, right: number) => boolean): Operator {
  return operator('self|input other', (graph, call) => {
    const [left, right] = promoted(graph, call, 'self', 'other');
    return left && right ? binary(graph, onnx, left, right, (one, other) => Number(compute(one, other)), 'bool') : null;
  });
}

const floorDivide: Operator = operator('self|input other', (graph, call) => {
  const type = promotedType([call.value('self'), call.value('other')]);
  // ONNX's division of integers truncates.
  const inner: ElementType = isFloat(type) ? type : 'float64';
  const [left, right] = [call.value('self'), call.value('other')].map((value) => operand(graph, value, inner));
  if (!left || !right) return null;
  const quotient = binary(graph, 'Div', left, right, (one, other) => one / other);
  return graph.cast(rounded(graph, 'Floor', quotient, Math.floor), type);
});

/** With the sign of the divisor, as in Python. */
const remainder: Operator = operator('self|input other', (graph, call) => {
  const [left, right] = promoted(graph, call, 'self', 'other');
  if (!left || !right) return null;
  if (!isFloat(left.type)) {
    return binary(graph, 'Mod', left, right, (one, other) => one - other * Math.floor(one / other));
  }
  const quotient = rounded(graph, 'Floor', graph.binary('Div', left, right));
  return graph.binary('Sub', left, graph.binary('Mul', quotient, right));
});

/** A logical operator of booleans, or of the bits of integers. */
function bitwise(logical: string, bits: string): Operator {
  return operator('self|input other', (graph, call) => {
    const [left, right] = promoted(graph, call, 'self', 'other');
    return left && right ? graph.binary(left.type === 'bool' ? logical : bits, left, right) : null;
  });
}

function logical(onnx: string): Operator {
  return operator('self|input other', (graph, call) =>
    graph.binary(onnx, graph.cast(call.tensor('self'), 'bool'), graph.cast(call.tensor('other'), 'bool')),
  );
}

const not: Operator = operator('self|input', (graph, call) => {
  const x = call.tensor('self');
  return x.type === 'bool' ? graph.unary('Not', x) : graph.unary('BitwiseNot', x);
});

const where: Operator = operator('condition self|input other', (graph, call) => {
  const [yes, no] = promoted(graph, call, 'self', 'other');
  return yes && no ? choose(graph, call.tensor('condition'), yes, no) : null;
});

/** The elements of one tensor where a condition holds, of another elsewhere. */
export function choose(graph: TensorGraph, condition: Tensor, yes: Tensor, no: Tensor): Tensor {
  const shape = broadcastShapes(condition.shape, broadcastShapes(yes.shape, no.shape));
  return graph.add('Where', [graph.cast(condition, 'bool'), yes, no], { type: yes.type, shape });
}

const maskedFill: Operator = operator('self mask value', (graph, call) => {
  const x = call.tensor('self');
  return choose(graph, call.tensor('mask'), operand(graph, call.value('value'), x.type), x);
});

/** `self + value * (tensor1 · tensor2)` */
function combined(onnx: string): Operator {
  return operator('self tensor1 tensor2 value', (graph, call) => {
    const product = graph.binary(onnx, call.tensor('tensor1'), call.tensor('tensor2'));
    const value = call.number('value', 1);
    return graph.binary('Add', call.tensor('self'), value === 1 ? product : graph.withNumber('Mul', product, value));
  });
}

const round: Operator = operator('self decimals', (graph, call) => {
  if (call.integer('decimals', 0) !== 0) throw variant('decimals');
  return rounded(graph, 'Round', call.tensor('self'));
});

/** The logarithm to a base. */
function logarithm(base: number): Operator {
  return floatOperator((graph, x) => graph.withNumber('Div', graph.unary('Log', x), Math.log(base)));
}

/** Operators element by element that compare, choose and round, and others that fewer models have. */
export const comparisonOperators: Record<string, Operator> = {
  floor_divide: floorDivide,
  remainder,
  eq: comparison('Equal', (left, right) => left === right),
  lt: comparison('Less', (left, right) => left < right),
  le: comparison('LessOrEqual', (left, right) => left <= right),
  gt: comparison('Greater', (left, right) => left > right),
  ge: comparison('GreaterOrEqual', (left, right) => left >= right),
  ne: operator('self other', (graph, call) => {
    const [left, right] = promoted(graph, call, 'self', 'other');
    return left && right ? graph.unary('Not', binary(graph, 'Equal', left, right, undefined, 'bool')) : null;
  }),
  bitwise_and: bitwise('And', 'BitwiseAnd'),
  bitwise_or: bitwise('Or', 'BitwiseOr'),
  bitwise_xor: bitwise('Xor', 'BitwiseXor'),
  __and__: bitwise('And', 'BitwiseAnd'),
  __or__: bitwise('Or', 'BitwiseOr'),
  __xor__: bitwise('Xor', 'BitwiseXor'),
  bitwise_not: not,
  logical_not: operator('self', (graph, call) => graph.unary('Not', graph.cast(call.tensor('self'), 'bool'))),
  where,
  masked_fill: maskedFill,
  addcmul: combined('Mul'),
  addcdiv: combined('Div'),
  lerp: operator('self end weight', (graph, call) => {
    const [start, end, weight] = promoted(graph, call, 'self', 'end', 'weight');
    if (!start || !end || !weight) return null;
    return graph.binary('Add', start, graph.binary('Mul', graph.binary('Sub', end, start), weight));
  }),
  round,
  trunc: floatOperator(truncated),
  log2: logarithm(2),
  log10: logarithm(10),
  log1p: floatOperator((graph, x) => graph.unary('Log', graph.withNumber('Add', x, 1))),
  expm1: floatOperator((graph, x) => graph.withNumber('Sub', graph.unary('Exp', x), 1)),
  floor: operator('self|input', (graph, call) => rounded(graph, 'Floor', call.tensor('self'), Math.floor)),
  ceil: operator('self|input', (graph, call) => rounded(graph, 'Ceil', call.tensor('self'), Math.ceil)),
  ...eachOf({ isnan: 'IsNaN', isinf: 'IsInf' }, (onnx) =>
    operator('self|input', (graph, call) => {
      const x = call.tensor('self');
      return graph.add(onnx, [x], { type: 'bool', shape: x.shape });
    }),
  ),
  ...eachOf({ logical_and: 'And', logical_or: 'Or', logical_xor: 'Xor' }, logical),
};
