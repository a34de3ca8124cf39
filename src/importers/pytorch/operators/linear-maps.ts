import { variant } from '../operator.js';
import type { Tensor } from '../tensor.js';
import type { TensorGraph } from '../tensor-graph.js';
import { transposed } from './matrices.js';

/** For each element of the result, the elements of the operand that it is made of, and their weights. */
export type LinearMap = readonly (readonly (readonly [index: number, weight: number])[])[];

/** Of one matrix. */
const maximumElements = 2 ** 20;

/**
 * Makes each line of an axis another line, by a matrix. All providers compute a product of matrices alike; some
 * interpolations and poolings they have not at all, or compute in their own way.
 */
export function mapAxis(graph: TensorGraph, x: Tensor, axis: number, map: LinearMap): Tensor {
  const length = x.shape[axis] ?? 1;
  if (map.length * length > maximumElements) throw variant(`an axis of ${length} elements to one of ${map.length}`);
  const matrix = new Array<number>(map.length * length).fill(0);
  for (const [row, terms] of map.entries()) {
    for (const [index, weight] of terms) matrix[row * length + index] = (matrix[row * length + index] ?? 0) + weight;
  }
  const rows = graph.numbers(x.type, matrix, [map.length, length]);
  if (axis === x.rank - 2) return graph.matmul(rows, x);
  const last = exchangeAxes(graph, x, axis);
  const columns = new Array<number>(matrix.length);
  for (let row = 0; row < map.length; row++) {
    for (let index = 0; index < length; index++) columns[index * map.length + row] = matrix[row * length + index] ?? 0;
  }
  return exchangeAxes(graph, graph.matmul(last, graph.numbers(x.type, columns, [length, map.length])), axis);
}

/** Exchanges an axis with the last. */
function exchangeAxes(graph: TensorGraph, x: Tensor, axis: number): Tensor {
  if (axis === x.rank - 2) return transposed(graph, x);
  const axes = Array.from({ length: x.rank }, (_, index) => index);
  axes[axis] = x.rank - 1;
  axes[x.rank - 1] = axis;
  return graph.transpose(x, axes);
}
