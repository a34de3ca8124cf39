import { type ElementType, isFloat } from '../../onnx/element-types.js';
import { type Operator, operator, variant } from '../operator.js';
import type { Tensor } from '../tensor.js';
import { broadcastShapes, defaultFloat, type TensorGraph } from '../tensor-graph.js';
import { operand, promoted, promotedType } from './promotion.js';

/** Constants of so few numbers are computed at once: they are sizes on their way to a shape. */
const foldedNumbers = 64;

type Compute = (left: number, right: number) => number;

/** An operator of two tensors of one type. */
export function binary(
  graph: TensorGraph,
  onnx: string,
  left: Tensor,
  right: Tensor,
  compute?: Compute,
  type: ElementType = left.type,
): Tensor {
  return (compute && fold(graph, left, right, compute, type)) ?? graph.binary(onnx, left, right, type);
}

function fold(
  graph: TensorGraph,
  left: Tensor,
  right: Tensor,
  compute: Compute,
  type: ElementType,
): Tensor | undefined {
  const [one, other] = [graph.knownNumbers(left, foldedNumbers), graph.knownNumbers(right, foldedNumbers)];
  const shape = left.size >= right.size ? left.shape : right.shape;
  const fits = [left, right].every((each) => each.rank === 0 || each.shape.join() === shape.join());
  if (!one || !other || !fits) return undefined;
  const count = Math.max(one.length, other.length);
  const numbers = Array.from({ length: count }, (_, index) =>
    compute(one[index % one.length] ?? 0, other[index % other.length] ?? 0),
  );
  return graph.numbers(type, numbers, shape);
}

function arithmetic(onnx: string, compute?: Compute): Operator {
  return operator('self|input other', (graph, call) => {
    const [left, right] = promoted(graph, call, 'self', 'other');
    return left && right ? binary(graph, onnx, left, right, compute) : null;
  });
}

function comparison(onnx: string, compute: (left: number, right: number) => boolean): Operator {
  return operator('self|input other', (graph, call) => {
    const [left, right] = promoted(graph, call, 'self', 'other');
    return left && right ? binary(graph, onnx, left, right, (one, other) => Number(compute(one, other)), 'bool') : null;
  });
}

/** `self + alpha * other`, or with the operands exchanged. */
function sum(onnx: string, compute: Compute, reversed = false): Operator {
  return operator('self|input other alpha', (graph, call) => {
    const [left, right] = promoted(graph, call, ...(reversed ? ['other', 'self'] : ['self', 'other']));
    if (!left || !right) return null;
    const alpha = call.number('alpha', 1);
    return binary(graph, onnx, left, alpha === 1 ? right : graph.withNumber('Mul', right, alpha), compute);
  });
}

const divide: Operator = operator('self|input other rounding_mode', (graph, call) => {
  const type = promotedType([call.value('self'), call.value('other')]);
  const mode = call.text('rounding_mode');
  const [left, right] = [call.value('self'), call.value('other')].map((value) =>
    operand(graph, value, defaultFloat(type)),
  );
  if (!left || !right) return null;
  const quotient = binary(graph, 'Div', left, right, (one, other) => one / other);
  if (mode === '') return quotient;
  return graph.cast(
    mode === 'floor' ? rounded(graph, 'Floor', quotient, Math.floor) : truncated(graph, quotient),
    type,
  );
});

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

const power: Operator = operator('self|input exponent', (graph, call) => {
  const [base, exponent] = promoted(graph, call, 'self', 'exponent');
  return base && exponent ? binary(graph, 'Pow', base, exponent, (one, other) => one ** other) : null;
});

type Round = (value: number) => number;

/** Rounds floats; integers are round. */
function rounded(graph: TensorGraph, onnx: string, x: Tensor, compute?: Round): Tensor {
  if (!isFloat(x.type)) return x;
  return foldRounding(graph, x, compute) ?? graph.unary(onnx, x);
}

function truncated(graph: TensorGraph, x: Tensor): Tensor {
  const sizes = () => graph.unary('Floor', graph.unary('Abs', x));
  return foldRounding(graph, x, Math.trunc) ?? graph.binary('Mul', graph.unary('Sign', x), sizes());
}

function foldRounding(graph: TensorGraph, x: Tensor, compute: Round | undefined): Tensor | undefined {
  const numbers = compute && graph.knownNumbers(x, foldedNumbers);
  return numbers && graph.numbers(x.type, numbers.map(compute), x.shape);
}

/** Operators of one float. */
export function floatOperator(convert: (graph: TensorGraph, x: Tensor) => Tensor): Operator {
  return operator('self|input', (graph, call) => {
    const x = call.tensor('self');
    return convert(graph, graph.cast(x, defaultFloat(x.type)));
  });
}

/** Makes an operator of each name, from what ONNX calls it. */
export function eachOf(
  names: Readonly<Record<string, string>>,
  make: (onnx: string) => Operator,
): Record<string, Operator> {
  return Object.fromEntries(Object.entries(names).map(([name, onnx]) => [name, make(onnx)]));
}

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

const clamp: Operator = operator('self|input min max', (graph, call) => {
  let x = call.tensor('self');
  const type = promotedType([x, call.value('min') ?? x, call.value('max') ?? x]);
  x = graph.cast(x, type);
  const [least, most] = ['min', 'max'].map((name) => {
    const bound = call.optionalTensor(name);
    return bound && graph.cast(bound, type);
  });
  if ([least, most].every((bound) => (bound?.rank ?? 0) === 0)) return graph.add('Clip', [x, least, most], x);
  const raised = least ? graph.binary('Max', x, least) : x;
  return most ? graph.binary('Min', raised, most) : raised;
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

export const elementwiseOperators: Record<string, Operator> = {
  ...eachOf({ mul: 'Mul', multiply: 'Mul' }, (onnx) => arithmetic(onnx, (left, right) => left * right)),
  ...eachOf({ maximum: 'Max', minimum: 'Min', fmod: 'Mod' }, (onnx) => arithmetic(onnx)),
  ...eachOf(
    {
      sigmoid: 'Sigmoid',
      tanh: 'Tanh',
      exp: 'Exp',
      log: 'Log',
      sqrt: 'Sqrt',
      erf: 'Erf',
      sin: 'Sin',
      cos: 'Cos',
      tan: 'Tan',
      asin: 'Asin',
      acos: 'Acos',
      atan: 'Atan',
      sinh: 'Sinh',
      cosh: 'Cosh',
      asinh: 'Asinh',
      acosh: 'Acosh',
      atanh: 'Atanh',
      reciprocal: 'Reciprocal',
    },
    (onnx) => floatOperator((graph, x) => graph.unary(onnx, x)),
  ),
  ...eachOf({ relu: 'Relu', abs: 'Abs', neg: 'Neg', sign: 'Sign' }, (onnx) =>
    operator('self|input', (graph, call) => graph.unary(onnx, call.tensor('self'))),
  ),
  floor: operator('self|input', (graph, call) => rounded(graph, 'Floor', call.tensor('self'), Math.floor)),
  ceil: operator('self|input', (graph, call) => rounded(graph, 'Ceil', call.tensor('self'), Math.ceil)),
  ...eachOf({ isnan: 'IsNaN', isinf: 'IsInf' }, (onnx) =>
    operator('self|input', (graph, call) => {
      const x = call.tensor('self');
      return graph.add(onnx, [x], { type: 'bool', shape: x.shape });
    }),
  ),
  ...eachOf({ logical_and: 'And', logical_or: 'Or', logical_xor: 'Xor' }, logical),
  add: sum('Add', (left, right) => left + right),
  sub: sum('Sub', (left, right) => left - right),
  subtract: sum('Sub', (left, right) => left - right),
  rsub: sum('Sub', (left, right) => left - right, true),
  div: divide,
  divide,
  true_divide: divide,
  floor_divide: floorDivide,
  remainder,
  pow: power,
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
  clamp,
  clip: clamp,
  clamp_min: clamp,
  clamp_max: operator('self max', clamp.convert),
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
  rsqrt: floatOperator((graph, x) => graph.unary('Reciprocal', graph.unary('Sqrt', x))),
  square: operator('self', (graph, call) => graph.binary('Mul', call.tensor('self'), call.tensor('self'))),
  log2: logarithm(2),
  log10: logarithm(10),
  log1p: floatOperator((graph, x) => graph.unary('Log', graph.withNumber('Add', x, 1))),
  expm1: floatOperator((graph, x) => graph.withNumber('Sub', graph.unary('Exp', x), 1)),
};
