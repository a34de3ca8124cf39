import { float } from '../../onnx/model.js';
import { type Arguments, type Operator, operator } from '../operator.js';
import type { Tensor } from '../tensor.js';
import { axisOf, type TensorGraph } from '../tensor-graph.js';
import { floatOperator } from './elementwise.js';
import { typeArgument } from './promotion.js';

export function softmax(graph: TensorGraph, x: Tensor, axis: number): Tensor {
  return graph.unary('Softmax', x, { axis: axisOf(axis, x.rank) });
}

/** Softmax and its logarithm, of the type that the call asks for. */
function normalized(onnx: string): Operator {
  return operator('self|input dim dtype', (graph, call) => {
    const type = typeof call.value('dtype') === 'boolean' ? undefined : typeArgument(call);
    const x = type ? graph.cast(call.tensor('self'), type) : call.tensor('self');
    return graph.unary(onnx, x, { axis: axisOf(call.integer('dim'), x.rank) });
  });
}

/** `x · f(x)` */
function gated(graph: TensorGraph, x: Tensor, gate: Tensor): Tensor {
  return graph.binary('Mul', x, gate);
}

export function gelu(graph: TensorGraph, x: Tensor, tangent = false): Tensor {
  if (tangent) {
    const cubed = graph.binary('Mul', graph.binary('Mul', x, x), x);
    const inner = graph.binary('Add', x, graph.withNumber('Mul', cubed, 0.044715));
    const curve = graph.unary('Tanh', graph.withNumber('Mul', inner, Math.sqrt(2 / Math.PI)));
    return gated(graph, graph.withNumber('Mul', x, 0.5), graph.withNumber('Add', curve, 1));
  }
  // These nodes in this order are what onnxruntime recognises and computes as one.
  const curve = graph.unary('Erf', graph.withNumber('Div', x, Math.SQRT2));
  return graph.withNumber('Mul', gated(graph, x, graph.withNumber('Add', curve, 1)), 0.5);
}

function clipped(graph: TensorGraph, x: Tensor, least: number, most: number): Tensor {
  return graph.add('Clip', [x, graph.scalar(x.type, least), graph.scalar(x.type, most)], x);
}

function hardSigmoid(graph: TensorGraph, x: Tensor): Tensor {
  return graph.unary('HardSigmoid', x, { alpha: float(1 / 6), beta: float(0.5) });
}

function softplus(graph: TensorGraph, x: Tensor, beta: number): Tensor {
  if (beta === 1) return graph.unary('Softplus', x);
  return graph.withNumber('Div', graph.unary('Softplus', graph.withNumber('Mul', x, beta)), beta);
}

/** An operator with attributes that are numbers. */
function withNumbers(
  parameters: string,
  convert: (graph: TensorGraph, x: Tensor, number: (name: string, byDefault: number) => number) => Tensor,
): Operator {
  return operator(parameters, (graph, call: Arguments) =>
    convert(graph, call.tensor('self'), (name, byDefault) => call.number(name, byDefault)),
  );
}

const elu: Operator = withNumbers('self alpha scale input_scale', (graph, x, number) => {
  const inner = number('input_scale', 1);
  const scale = number('scale', 1);
  // What is below zero is scaled twice, what is above once.
  if (inner !== 1) return selected(graph, x, number('alpha', 1), scale, inner);
  const result = graph.unary('Elu', x, { alpha: float(number('alpha', 1)) });
  return scale === 1 ? result : graph.withNumber('Mul', result, scale);
});

function selected(graph: TensorGraph, x: Tensor, alpha: number, scale: number, inner: number): Tensor {
  const low = graph.withNumber('Min', x, 0);
  const curve = graph.withNumber('Sub', graph.unary('Exp', graph.withNumber('Mul', low, inner)), 1);
  const below = graph.withNumber('Mul', curve, alpha * scale);
  return graph.binary('Add', graph.withNumber('Mul', graph.unary('Relu', x), scale), below);
}

const prelu: Operator = operator('self weight', (graph, call) => {
  const x = call.tensor('self');
  const slope = call.tensor('weight');
  const shape = x.rank > 1 && slope.size > 1 ? [slope.size, ...new Array<number>(x.rank - 2).fill(1)] : slope.shape;
  return graph.add('PRelu', [x, graph.reshape(slope, shape)], x);
});

const glu: Operator = operator('self dim', (graph, call) => {
  const x = call.tensor('self');
  const axis = axisOf(call.integer('dim', -1), x.rank);
  const half = (x.shape[axis] ?? 0) / 2;
  const gate = graph.slice(x, axis, half, half * 2);
  return gated(graph, graph.slice(x, axis, 0, half), graph.unary('Sigmoid', gate));
});

const threshold: Operator = withNumbers('self threshold value', (graph, x, number) => {
  const above = graph.binary('Greater', x, graph.scalar(x.type, number('threshold', 0)), 'bool');
  return graph.add('Where', [above, x, graph.scalar(x.type, number('value', 0))], x);
});

export const activationOperators: Record<string, Operator> = {
  softmax: normalized('Softmax'),
  _softmax: normalized('Softmax'),
  log_softmax: normalized('LogSoftmax'),
  _log_softmax: normalized('LogSoftmax'),
  hardswish: floatOperator((graph, x) => graph.unary('HardSwish', x)),
  hardsigmoid: floatOperator(hardSigmoid),
  silu: floatOperator((graph, x) => gated(graph, x, graph.unary('Sigmoid', x))),
  gelu: operator('self approximate', (graph, call) =>
    gelu(graph, call.tensor('self'), call.text('approximate') === 'tanh'),
  ),
  mish: floatOperator((graph, x) => gated(graph, x, graph.unary('Tanh', graph.unary('Softplus', x)))),
  softplus: withNumbers('self beta threshold', (graph, x, number) => softplus(graph, x, number('beta', 1))),
  softsign: floatOperator((graph, x) => graph.unary('Softsign', x)),
  log_sigmoid: floatOperator((graph, x) => graph.unary('Log', graph.unary('Sigmoid', x))),
  relu6: floatOperator((graph, x) => clipped(graph, x, 0, 6)),
  hardtanh: withNumbers('self min_val max_val', (graph, x, number) =>
    clipped(graph, x, number('min_val', -1), number('max_val', 1)),
  ),
  leaky_relu: withNumbers('self negative_slope', (graph, x, number) =>
    graph.unary('LeakyRelu', x, { alpha: float(number('negative_slope', 0.01)) }),
  ),
  rrelu: withNumbers('self lower upper', (graph, x, number) =>
    graph.unary('LeakyRelu', x, { alpha: float((number('lower', 1 / 8) + number('upper', 1 / 3)) / 2) }),
  ),
  elu,
  selu: floatOperator((graph, x) => graph.unary('Selu', x)),
  celu: withNumbers('self alpha', (graph, x, number) => graph.unary('Celu', x, { alpha: float(number('alpha', 1)) })),
  hardshrink: withNumbers('self lambd', (graph, x, number) =>
    graph.unary('Shrink', x, { lambd: float(number('lambd', 0.5)), bias: float(0) }),
  ),
  softshrink: withNumbers('self lambd', (graph, x, number) =>
    graph.unary('Shrink', x, { lambd: float(number('lambd', 0.5)), bias: float(number('lambd', 0.5)) }),
  ),
  prelu,
  _prelu_kernel: prelu,
  glu,
  threshold,
};
