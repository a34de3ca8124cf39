import type { Value } from '../../onnx/graph-builder.js';
import type { Dimension, Shape } from '../../onnx/model.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { textAttribute } from '../attributes.js';
import { type Converter, inputsFrom, type Operation } from '../operation.js';

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

export const einsums: Readonly<Record<string, Converter>> = { Einsum: einsum };
