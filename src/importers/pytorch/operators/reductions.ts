import { isFloat } from '../../onnx/element-types.js';
import { type Arguments, type Operator, operator, variant } from '../operator.js';
import { Tensor } from '../tensor.js';
import { axisOf, defaultFloat, type TensorGraph } from '../tensor-graph.js';
import { eachOf } from './elementwise.js';
import { promoted, typeArgument } from './promotion.js';
import { axesOf } from './shapes.js';

/** The axes of the argument `dim`: all where it is left out. */
function reducedAxes(call: Arguments, x: Tensor): number[] {
  const axes = call.integers('dim', []).map((axis) => axisOf(axis, x.rank));
  return axes.length === 0 || x.rank === 0 ? axesOf(x) : axes;
}

function reduceBy(graph: TensorGraph, onnx: string, call: Arguments, x: Tensor): Tensor {
  return graph.reduce(onnx, x, reducedAxes(call, x), call.flag('keepdim'));
}

/** A reduction of floats. */
function floatReduction(onnx: string): Operator {
  return operator('self dim keepdim', (graph, call) => {
    const x = call.tensor('self');
    return reduceBy(graph, onnx, call, graph.cast(x, typeArgument(call) ?? defaultFloat(x.type)));
  });
}

/** A sum or product: of integers it has 64 bits. */
function accumulation(onnx: string): Operator {
  return operator('self dim keepdim', (graph, call) => {
    const x = call.tensor('self');
    return reduceBy(graph, onnx, call, graph.cast(x, typeArgument(call) ?? (isFloat(x.type) ? x.type : 'int64')));
  });
}

/** Of all elements; of an axis, with the places; or of two tensors, element by element. */
function extremum(reduction: string, pairwise: string, place: string): Operator {
  return operator('self dim|other keepdim', (graph, call) => {
    const x = call.tensor('self');
    if (call.value('dim') instanceof Tensor) {
      const [left, right] = promoted(graph, call, 'self', 'dim');
      return left && right ? graph.binary(pairwise, left, right) : null;
    }
    const result = reduceBy(graph, reduction, call, x);
    if (!call.has('dim')) return result;
    const axis = axisOf(call.integer('dim'), x.rank);
    const attributes = { axis, keepdims: call.flag('keepdim') ? 1 : 0 };
    return [result, graph.add(place, [x], { type: 'int64', shape: result.shape }, attributes)];
  });
}

function truth(onnx: string): Operator {
  return operator('self dim keepdim', (graph, call) => {
    const x = graph.cast(graph.cast(call.tensor('self'), 'bool'), 'int32');
    return graph.cast(reduceBy(graph, onnx, call, x), 'bool');
  });
}

function vectorNorm(graph: TensorGraph, call: Arguments, order: string): Tensor {
  const value = call.value(order);
  const x = call.tensor('self');
  const axes = reducedAxes(call, x);
  const keep = call.flag('keepdim');
  const power = value === 'fro' ? 2 : call.number(order, 2);
  if (power === 2) return graph.reduce('ReduceL2', x, axes, keep);
  if (power === 1) return graph.reduce('ReduceL1', x, axes, keep);
  const sizes = graph.unary('Abs', x);
  if (power === Number.POSITIVE_INFINITY) return graph.reduce('ReduceMax', sizes, axes, keep);
  if (power === Number.NEGATIVE_INFINITY) return graph.reduce('ReduceMin', sizes, axes, keep);
  if (power === 0) throw variant('the norm of order 0');
  return graph.withNumber(
    'Pow',
    graph.reduce('ReduceSum', graph.withNumber('Pow', sizes, power), axes, keep),
    1 / power,
  );
}

/** The variance, and the mean that it is of. A flag in the place of the axes is `unbiased`. */
function variance(graph: TensorGraph, call: Arguments): [variance: Tensor, mean: Tensor] {
  const x = call.tensor('self');
  const dim = call.value('dim');
  const axes = typeof dim === 'boolean' ? axesOf(x) : reducedAxes(call, x);
  const keep = call.flag('keepdim');
  const unbiased = typeof dim === 'boolean' ? dim : call.value('unbiased');
  const correction = call.has('correction') ? call.number('correction') : Number(unbiased !== false);
  const count = axes.reduce((product, axis) => product * (x.shape[axis] ?? 1), 1);
  const mean = graph.reduce('ReduceMean', x, axes, true);
  const apart = graph.binary('Sub', x, mean);
  const squares = graph.reduce('ReduceSum', graph.binary('Mul', apart, apart), axes, keep);
  const result = graph.withNumber('Div', squares, count - correction);
  return [result, graph.reshape(mean, result.shape)];
}

const spread = 'self dim unbiased keepdim correction';

export const reductionOperators: Record<string, Operator> = {
  mean: floatReduction('ReduceMean'),
  logsumexp: floatReduction('ReduceLogSumExp'),
  sum: accumulation('ReduceSum'),
  prod: accumulation('ReduceProd'),
  ...eachOf({ amax: 'ReduceMax', amin: 'ReduceMin' }, (onnx) =>
    operator('self dim keepdim', (graph, call) => reduceBy(graph, onnx, call, call.tensor('self'))),
  ),
  max: extremum('ReduceMax', 'Max', 'ArgMax'),
  min: extremum('ReduceMin', 'Min', 'ArgMin'),
  all: truth('ReduceMin'),
  any: truth('ReduceMax'),
  norm: operator('self p dim keepdim', (graph, call) => vectorNorm(graph, call, 'p')),
  linalg_vector_norm: operator('self ord dim keepdim', (graph, call) => vectorNorm(graph, call, 'ord')),
  frobenius_norm: operator('self dim keepdim', (graph, call) => vectorNorm(graph, call, 'ord')),
  var: operator(spread, (graph, call) => variance(graph, call)[0]),
  var_mean: operator(spread, variance),
  std: operator(spread, (graph, call) => graph.unary('Sqrt', variance(graph, call)[0])),
};
