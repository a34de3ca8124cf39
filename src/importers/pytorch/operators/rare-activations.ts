import { float } from '../../onnx/model.js';
import { type Operator, operator } from '../operator.js';
import type { Tensor } from '../tensor.js';
import { axisOf, type TensorGraph } from '../tensor-graph.js';
import { gated, withNumbers } from './activations.js';
import { floatOperator } from './elementwise.js';

function softplus(graph: TensorGraph, x: Tensor, beta: number): Tensor {
  if (beta === 1) return graph.unary('Softplus', x);
  return graph.withNumber('Div', graph.unary('Softplus', graph.withNumber('Mul', x, beta)), beta);
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

/** Activations that few models have. */
export const rareActivationOperators: Record<string, Operator> = {
  mish: floatOperator((graph, x) => gated(graph, x, graph.unary('Tanh', graph.unary('Softplus', x)))),
  softplus: withNumbers('self beta threshold', (graph, x, number) => softplus(graph, x, number('beta', 1))),
  softsign: floatOperator((graph, x) => graph.unary('Softsign', x)),
  log_sigmoid: floatOperator((graph, x) => graph.unary('Log', graph.unary('Sigmoid', x))),
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
