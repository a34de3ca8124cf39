import type { Value } from '../../onnx/graph-builder.js';
import type { Shape } from '../../onnx/model.js';
import { transposeMatrices } from '../../onnx/operations.js';
import { broadcast } from '../../onnx/shapes.js';
import { booleanAttribute } from '../attributes.js';
import { type Converter, input, type Operation, rankOf } from '../operation.js';

/** The product of two matrices, either of which may be transposed. */
export function multiplyMatrices(operation: Operation): Value {
  return multiply(operation, 'transpose_a', 'transpose_b');
}

function multiply(operation: Operation, left: string, right: string): Value {
  const operand = (index: number, transposed: string): Value => {
    const value = input(operation, index);
    return booleanAttribute(operation, transposed) ? transposeMatrices(operation.graph, value, rankOf(value)) : value;
  };
  const operands = [operand(0, left), operand(1, right)];
  const shape = productShape(operands[0]?.shape, operands[1]?.shape);
  return operation.graph.add('MatMul', operands, { type: operands[0]?.type, shape });
}

function productShape(left: Shape | undefined, right: Shape | undefined): Shape | undefined {
  const batch = broadcast(left?.slice(0, -2), right?.slice(0, -2));
  return batch && [...batch, left?.at(-2) ?? '?', right?.at(-1) ?? '?'];
}

export const matrices: Readonly<Record<string, Converter>> = {
  BatchMatMul: (operation) => multiply(operation, 'adj_x', 'adj_y'),
  BatchMatMulV2: (operation) => multiply(operation, 'adj_x', 'adj_y'),
  BatchMatMulV3: (operation) => multiply(operation, 'adj_x', 'adj_y'),
  MatMul: multiplyMatrices,
};
