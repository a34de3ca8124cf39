import { decode, numbersTensor, scalar } from './constants.js';
import { codeOf, type ElementType, isFloat } from './element-types.js';
import type { GraphBuilder, Value } from './graph-builder.js';
import type { Tensor } from './model.js';

// Values of other types.

/** Constants up to this many elements are computed while the model is converted; larger ones by onnxruntime. */
export const foldedElements = 4096;

/** The value as it is where it has the type already. */
export function cast(graph: GraphBuilder, value: Value, type: ElementType): Value {
  if (value.type === type) return value;
  const folded = foldCast(value.constant, type);
  if (folded) return graph.constant(folded);
  return graph.add('Cast', [value], { type, shape: value.shape }, { attributes: { to: codeOf(type) } });
}

/** The value with the type of another, which need not be known. */
export function castLike(graph: GraphBuilder, value: Value, like: Value): Value {
  if (like.type !== undefined) return cast(graph, value, like.type);
  return graph.add('CastLike', [value, like], { shape: value.shape });
}

/** A number without axes, of the type of another value. */
export function scalarLike(graph: GraphBuilder, number: number, like: Value): Value {
  return like.type === undefined
    ? castLike(graph, scalar(graph, number, 'float32'), like)
    : scalar(graph, number, like.type);
}

function foldCast(tensor: Tensor | undefined, type: ElementType): Tensor | undefined {
  if (!tensor || tensor.data.byteLength > foldedElements) return undefined;
  const numbers = decode(tensor);
  // JavaScript and ONNX cut fractions alike, but not what is out of an integer's range.
  if (!isFloat(type) && !numbers.every((number) => Number.isInteger(number) && Math.abs(number) < 2 ** 31)) {
    return undefined;
  }
  if (type === 'bool')
    return numbersTensor(
      type,
      numbers.map((number) => (number === 0 ? 0 : 1)),
      tensor.dims,
    );
  return numbersTensor(type, numbers, tensor.dims);
}
