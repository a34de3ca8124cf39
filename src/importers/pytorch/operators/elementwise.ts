import { type ElementType, isFloat } from '../../onnx/element-types.js';
import { type Operator, operator } from '../operator.js';
import type { Tensor } from '../tensor.js';
import { defaultFloat, type TensorGraph } from '../tensor-graph.js';
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

const power: Operator = operator('self|input exponent', (graph, call) => {
  const [base, exponent] = promoted(graph, call, 'self', 'exponent');
  return base && exponent ? binary(graph, 'Pow', base, exponent, (one, other) => one ** other) : null;
});

type Round = (value: number) => number;

/** Rounds floats; integers are round. */
export function rounded(graph: TensorGraph, onnx: string, x: Tensor, compute?: Round): Tensor {
  if (!isFloat(x.type)) return x;
  return foldRounding(graph, x, compute) ?? graph.unary(onnx, x);
}

export function truncated(graph: TensorGraph, x: Tensor): Tensor {
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
  add: sum('Add', (left, right) => left + right),
  sub: sum('Sub', (left, right) => left - right),
  subtract: sum('Sub', (left, right) => left - right),
  rsub: sum('Sub', (left, right) => left - right, true),
  div: divide,
  divide,
  true_divide: divide,
  pow: power,
  clamp,
  clip: clamp,
  clamp_min: clamp,
  clamp_max: operator('self max', clamp.convert),
  rsqrt: floatOperator((graph, x) => graph.unary('Reciprocal', graph.unary('Sqrt', x))),
  square: operator('self', (graph, call) => graph.binary('Mul', call.tensor('self'), call.tensor('self'))),
};
