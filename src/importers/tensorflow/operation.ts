import { quote } from '../../standard/error.js';
import { numbersOf } from '../onnx/constants.js';
import { type ElementType, isFloat } from '../onnx/element-types.js';
import type { GraphBuilder, Value } from '../onnx/graph-builder.js';
import type { Dimension } from '../onnx/model.js';
import { UnsupportedVariant } from '../unsupported.js';
import type { WithAttributes } from './attributes.js';
import { damaged } from './message.js';
import type { TensorList } from './tensor-list.js';

/** What stands for a variable in the graph: the operators that read it find its value by it. */
export interface Variable {
  readonly kind: 'variable';
  readonly value: () => Value;
}

/** What has no tensor: a string, a handle that is not read, or what could not be converted. */
export interface Missing {
  readonly kind: 'nothing' | 'unconverted';
}

/** What the output of a node is: a value of the ONNX graph, or something that exists only while the model is converted. */
export type Item = Value | Variable | TensorList | Missing;

export const nothing: Missing = { kind: 'nothing' };
export const unconverted: Missing = { kind: 'unconverted' };

/** Thrown where a node depends on one that was not converted. That has been reported already. */
export class Unconverted extends Error {
  override readonly name = 'Unconverted';
}

/** What all nodes of a model share while it is converted. */
export interface Conversion {
  /** What is known of the elements of small values that are no constants; `?` stands for an element that is not. */
  readonly partials: Map<string, readonly Dimension[]>;
  /** Images with the channels last, by their names, and what they were before ONNX's layout was left. */
  readonly channelsFirst: Map<string, Value>;
  /** Values that were padded with zeros, by their names, and what they were before. */
  readonly padded: Map<string, { readonly source: Value; readonly pads: Value }>;
  /** Numbers that are one more than another, by their names, and the name of the other. */
  readonly successors: Map<string, string>;
  /**
   * Converts the body of a function where it is called.
   *
   * @throws WasiNNError `invalid-encoding` for a function that does not exist, or that calls itself
   */
  readonly call: (name: string, inputs: readonly Item[], graph: GraphBuilder) => readonly Item[];
}

/** A node of the model, about to be converted. */
export interface Operation extends WithAttributes {
  readonly op: string;
  readonly inputs: readonly Item[];
  /** Where its ONNX nodes go. */
  readonly graph: GraphBuilder;
  readonly conversion: Conversion;
}

/**
 * Adds the ONNX nodes of one operator.
 *
 * @returns the node's outputs
 * @throws UnsupportedVariant for attributes or inputs that ONNX has no equal of
 */
export type Converter = (operation: Operation) => Item | readonly Item[];

/** Longer lists of values are left to onnxruntime. Shapes need few floats, for scales; longer lists of them are weights. */
const mostKnown = 1024;
const mostKnownFloats = 16;

/** @throws WasiNNError `invalid-encoding` where the node has no such input */
export function itemAt(operation: Operation, index: number): Item {
  const item = operation.inputs[index];
  if (item) return item;
  throw damaged(`the node ${quote(operation.name)} (${operation.op}) has no input ${index}`);
}

/** An input that is a tensor. */
export function input(operation: Operation, index: number): Value {
  return tensorOf(itemAt(operation, index));
}

/** All inputs from one on. */
export function inputsFrom(operation: Operation, first: number, end = operation.inputs.length): Value[] {
  return operation.inputs.slice(first, end).map(tensorOf);
}

export function tensorOf(item: Item): Value {
  if (!('kind' in item)) return item;
  // Variables of TensorFlow 1 are read without an operator of their own.
  if (item.kind === 'variable') return item.value();
  if (item.kind === 'unconverted') throw new Unconverted();
  throw new UnsupportedVariant(`an input that is a ${item.kind === 'nothing' ? 'string or handle' : item.kind}`);
}

/** The type of a value: all values of this importer have one. */
export function typeOf(value: Value): ElementType {
  return value.type ?? 'float32';
}

/** How many axes a value has. */
export function rankOf(value: Value): number {
  if (value.shape) return value.shape.length;
  throw new UnsupportedVariant('an input whose number of axes is not known');
}

/** What is known of the elements of a small tensor; undefined where nothing is. */
export function elementsOf(conversion: Conversion, value: Value): readonly Dimension[] | undefined {
  const most = isFloat(typeOf(value)) ? mostKnownFloats : mostKnown;
  return numbersOf(value, most) ?? conversion.partials.get(value.name);
}

/** The elements of an input; undefined where one of them is known only when the model is computed. */
export function knownElements(operation: Operation, index: number): number[] | undefined {
  const elements = elementsOf(operation.conversion, input(operation, index));
  const numbers = elements?.filter((element) => typeof element === 'number');
  return numbers?.length === elements?.length ? numbers : undefined;
}

/** The elements of an input that has to be known before the model is computed: axes, sizes, paddings. */
export function knownInput(operation: Operation, index: number): number[] {
  const elements = knownElements(operation, index);
  if (elements) return elements;
  throw new UnsupportedVariant(`an input ${index} that is known only when the model is computed`);
}

/** A single number that has to be known before the model is computed. */
export function knownNumber(operation: Operation, index: number): number {
  return knownInput(operation, index)[0] ?? 0;
}

/** An axis of a value, counted from the beginning. */
export function axisOf(value: Value, axis: number): number {
  const rank = rankOf(value);
  const counted = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(counted) && counted >= 0 && counted < rank) return counted;
  throw new UnsupportedVariant(`the axis ${axis} of a tensor with ${rank} axes`);
}
