import { type Operator, operator, variant } from '../operator.js';
import type { Tensor } from '../tensor.js';
import { mismatch, type TensorGraph } from '../tensor-graph.js';

/** Exchanges the last two axes. */
export function transposed(graph: TensorGraph, x: Tensor): Tensor {
  const axes = Array.from({ length: x.rank }, (_, axis) => axis);
  return graph.transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/** `x · weightᵀ + bias`, over the last axis. */
export function linear(graph: TensorGraph, x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  if (x.rank === 2 && weight.rank === 2 && (bias?.rank ?? 1) === 1) {
    if (x.shape[1] !== weight.shape[1]) {
      throw mismatch(`a layer with the weights [${weight.shape}] gets a tensor of the shape [${x.shape}]`);
    }
    const shape = [x.shape[0] ?? 1, weight.shape[0] ?? 1];
    const inputs = bias ? [x, weight, bias] : [x, weight];
    return graph.add('Gemm', inputs, { type: x.type, shape }, { transB: 1 });
  }
  const product = graph.matmul(x, weight.rank === 2 ? transposed(graph, weight) : weight);
  return bias ? graph.binary('Add', product, bias) : product;
}

/** `beta * self + alpha * (left · right)` */
function addProduct(left: string, right: string): Operator {
  return operator(`self ${left} ${right} beta alpha`, (graph, call) => {
    const [alpha, beta] = [call.number('alpha', 1), call.number('beta', 1)];
    const product = graph.matmul(call.tensor(left), call.tensor(right));
    const scaled = alpha === 1 ? product : graph.withNumber('Mul', product, alpha);
    if (beta === 0) return scaled;
    const x = call.tensor('self');
    return graph.binary('Add', scaled, beta === 1 ? x : graph.withNumber('Mul', x, beta));
  });
}

const product: Operator = operator('self|input mat2|other|vec2|vec|tensor', (graph, call) =>
  graph.matmul(call.tensor('self'), call.tensor('mat2')),
);

const einsum: Operator = operator('equation tensors', (graph, call) => {
  const equation = call.text('equation').replaceAll(' ', '');
  const tensors = call.tensors('tensors');
  const [left = '', right] = equation.split('->');
  const terms = left.split(',');
  if (!/^[A-Za-z,]*(->[A-Za-z]*)?$/.test(equation)) throw variant(`the equation ${equation.slice(0, 50)}`);
  const lengths = new Map<string, number>();
  for (const [index, term] of terms.entries()) {
    const shape = tensors[index]?.shape;
    if (shape?.length !== term.length)
      throw mismatch(`einsum ${equation.slice(0, 50)} gets a tensor of the shape [${shape}]`);
    for (const [axis, letter] of [...term].entries()) {
      lengths.set(letter, Math.max(lengths.get(letter) ?? 1, shape[axis] ?? 1));
    }
  }
  const all = terms.join('');
  // Without an arrow: the letters that come once, in alphabetical order.
  const implied = () => [...all].filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter)).sort();
  const result = right === undefined ? implied() : [...right];
  const shape = result.map((letter) => lengths.get(letter) ?? 1);
  const type = tensors[0]?.type ?? 'float32';
  return graph.add('Einsum', tensors, { type, shape }, { equation: `${left}->${result.join('')}` });
});

export const matrixOperators: Record<string, Operator> = {
  linear: operator('input weight bias', (graph, call) =>
    linear(graph, call.tensor('input'), call.tensor('weight'), call.optionalTensor('bias')),
  ),
  matmul: product,
  mm: product,
  bmm: product,
  mv: product,
  dot: product,
  addmm: addProduct('mat1', 'mat2'),
  baddbmm: addProduct('batch1', 'batch2'),
  addmv: addProduct('mat', 'vec'),
  outer: operator('self vec2', (graph, call) =>
    graph.binary('Mul', graph.unsqueeze(call.tensor('self'), [1]), graph.unsqueeze(call.tensor('vec2'), [0])),
  ),
  einsum,
};
