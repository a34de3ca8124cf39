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
export function gated(graph: TensorGraph, x: Tensor, gate: Tensor): Tensor {
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

/** An operator with attributes that are numbers. */
export function withNumbers(
  parameters: string,
  convert: (graph: TensorGraph, x: Tensor, number: (name: string, byDefault: number) => number) => Tensor,
): Operator {
  return operator(parameters, (graph, call: Arguments) =>
    convert(graph, call.tensor('self'), (name, byDefault) => call.number(name, byDefault)),
  );
}

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
  relu6: floatOperator((graph, x) => clipped(graph, x, 0, 6)),
  hardtanh: withNumbers('self min_val max_val', (graph, x, number) =>
    clipped(graph, x, number('min_val', -1), number('max_val', 1)),
  ),
  leaky_relu: withNumbers('self negative_slope', (graph, x, number) =>
    graph.unary('LeakyRelu', x, { alpha: float(number('negative_slope', 0.01)) }),
  ),
};
