import type { ElementType } from '../onnx/element-types.js';
import type { Dimension } from '../onnx/model.js';
import { isStatic } from '../onnx/shapes.js';
import { elementsOf, type Operation, typeOf } from './operation.js';

/** Results of more elements than this are computed by onnxruntime. */
export const mostElements = 1024;

/** What is known of a small tensor. An element that is not known is a string: the name of a length, or `?`. */
export interface Known {
  readonly type: ElementType;
  readonly elements: readonly Dimension[];
  readonly dims: readonly number[];
}

/** What is known of the result of an operator; undefined where nothing is. */
export type Folder = (operation: Operation) => Known | readonly Known[] | undefined;

export function knownAt(operation: Operation, index: number): Known | undefined {
  const item = operation.inputs[index];
  if (!item || 'kind' in item) return undefined;
  const elements = elementsOf(operation.conversion, item);
  return elements && isStatic(item.shape) ? { type: typeOf(item), elements, dims: item.shape } : undefined;
}

/** All inputs, where something is known of each. */
export function allKnown(operation: Operation): readonly Known[] | undefined {
  const all = operation.inputs.map((_, index) => knownAt(operation, index));
  const known = all.filter((input) => input !== undefined);
  return known.length === all.length ? known : undefined;
}

/** The elements of an input, where all of them are numbers. */
export function numbersAt(operation: Operation, index: number): readonly number[] | undefined {
  return numbers(knownAt(operation, index)?.elements);
}

export function numbers(elements: readonly Dimension[] | undefined): readonly number[] | undefined {
  return elements?.every((element) => typeof element === 'number') ? elements : undefined;
}

export function vector(type: ElementType, elements: readonly Dimension[]): Known {
  return { type, elements, dims: [elements.length] };
}
