import type { Value } from '../../onnx/graph-builder.js';
import type { Dimension, Shape } from '../../onnx/model.js';
import { broadcast, transposeMatrices } from '../../onnx/operations.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { booleanAttribute, textAttribute } from '../attributes.js';
import { type Converter, input, inputsFrom, type Operation, rankOf } from '../operation.js';

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

/** Letters name axes; in ONNX as in TensorFlow. */
function einsum(operation: Operation): Value {
  const equation = textAttribute(operation, 'equation').replaceAll(' ', '');
  const [terms = '', result] = equation.split('->');
  if (result === undefined) throw new UnsupportedVariant(`the equation ${equation}`);
  const operands = inputsFrom(operation, 0);
  const shape = einsumShape(terms.split(','), result, operands);
  return operation.graph.add('Einsum', operands, { type: operands[0]?.type, shape }, { attributes: { equation } });
}

/** Undefined for an equation with an ellipsis. */
function einsumShape(terms: readonly string[], result: string, operands: readonly Value[]): Shape | undefined {
  if (result.includes('.')) return undefined;
  const lengths = new Map<string, Dimension>();
  for (const [index, term] of terms.entries()) {
    for (const [axis, letter] of [...term].entries()) {
      const length = operands[index]?.shape?.[axis] ?? '?';
      if (typeof lengths.get(letter) !== 'number') lengths.set(letter, length);
    }
  }
  return [...result].map((letter) => lengths.get(letter) ?? '?');
}

export const matrices: Readonly<Record<string, Converter>> = {
  BatchMatMul: (operation) => multiply(operation, 'adj_x', 'adj_y'),
  BatchMatMulV2: (operation) => multiply(operation, 'adj_x', 'adj_y'),
  BatchMatMulV3: (operation) => multiply(operation, 'adj_x', 'adj_y'),
  Einsum: einsum,
  MatMul: multiplyMatrices,
};
