import { castLike } from '../../onnx/casts.js';
import { constantOf } from '../../onnx/constants.js';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.js';
import { transpose } from '../../onnx/operations.js';

/** What one axis becomes: each row has a weight for each place of the axis, and makes one place of the result. */
export interface AxisMatrix {
  readonly axis: number;
  readonly rows: readonly ArrayLike<number>[];
}

/** Multiplies a value with a matrix along each of some axes. */
export function applyAlongAxes(graph: GraphBuilder, value: Value, matrices: readonly AxisMatrix[]): Value {
  const rank = value.shape?.length ?? 0;
  return matrices.reduce((current, { axis, rows }) => {
    const columns = rows[0]?.length ?? 0;
    const flat = new Float32Array(rows.length * columns);
    for (const [index, row] of rows.entries())
      for (let at = 0; at < columns; at++) flat[at * rows.length + index] = row[at] ?? 0;
    const matrix = castLike(graph, constantOf(graph, 'float32', flat, [columns, rows.length]), value);
    // The axis goes last, is multiplied, and comes back.
    const perm = Array.from({ length: rank }, (_, index) => index);
    [perm[axis], perm[rank - 1]] = [rank - 1, axis];
    const moved = transpose(graph, current, perm);
    const shape = moved.shape && [...moved.shape.slice(0, -1), rows.length];
    return transpose(graph, graph.add('MatMul', [moved, matrix], { type: value.type, shape }), perm);
  }, value);
}
