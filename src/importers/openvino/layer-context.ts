import { WasiNNError } from '../../standard/error.js';
import { checkLimit } from '../limits.js';
import { integersOf, numbersOf } from '../onnx/constants.js';
import type { ElementType } from '../onnx/element-types.js';
import type { GraphBuilder, Value } from '../onnx/graph-builder.js';
import { isStatic } from '../onnx/shapes.js';
import { UnsupportedVariant } from '../unsupported.js';
import { type Body, describeLayer, type Layer } from './ir.js';
import { elementTypeOf } from './types.js';

const maximumRank = 64;

/** Converts one layer: adds nodes to the graph, and returns the values of the layer's outputs in their order. */
export type Converter = (layer: LayerContext) => Value | readonly (Value | undefined)[];

/** Converts a body into a graph, and returns the values that its `Result`s have, by their ids. */
export type BodyConverter = (
  body: Body,
  graph: GraphBuilder,
  parameters: ReadonlyMap<string, Value>,
) => ReadonlyMap<string, Value>;

/**
 * A layer that is being converted, as its converter sees it. What reads an attribute throws `invalid-encoding` where it is
 * missing and has no default, or is malformed.
 */
export class LayerContext {
  readonly graph: GraphBuilder;
  readonly layer: Layer;
  /** Undefined where nothing is connected. */
  readonly inputs: readonly (Value | undefined)[];
  readonly convertBody: BodyConverter;
  readonly #isUsed: (port: string) => boolean;

  constructor(
    graph: GraphBuilder,
    layer: Layer,
    inputs: readonly (Value | undefined)[],
    convertBody: BodyConverter,
    isUsed: (port: string) => boolean,
  ) {
    this.graph = graph;
    this.layer = layer;
    this.inputs = inputs;
    this.convertBody = convertBody;
    this.#isUsed = isUsed;
  }

  /** Whether another layer has the output as an input. */
  usesOutput(index: number): boolean {
    const port = this.layer.outputs[index];
    return port !== undefined && this.#isUsed(port.id);
  }

  input(index: number): Value {
    const value = this.inputs[index];
    if (!value) throw this.invalid(`has nothing at its input ${index}`);
    return value;
  }

  /** The type that the layer's output has in the end; what converters return is cast to it. */
  outputType(index = 0): ElementType | undefined {
    return this.layer.outputs[index]?.type;
  }

  /** The shape of an input whose lengths have to be known for the conversion. */
  staticShape(index: number): readonly number[] {
    const { shape } = this.input(index);
    if (isStatic(shape)) return shape;
    throw new UnsupportedVariant(`the lengths of its input ${index} are not fixed`);
  }

  /** The shape of an output whose lengths have to be known for the conversion. */
  staticOutputShape(index = 0): readonly number[] {
    const shape = this.layer.outputs[index]?.shape;
    if (isStatic(shape)) return shape;
    throw new UnsupportedVariant(`the lengths of its output ${index} are not fixed`);
  }

  /** The number of axes of an input. */
  rank(index: number): number {
    const { shape } = this.input(index);
    if (shape) return shape.length;
    throw new UnsupportedVariant(`the number of axes of its input ${index} is not fixed`);
  }

  /** The length of an input that is a list with an entry for each of some axes. */
  listLength(index: number): number {
    const [length] = this.input(index).shape ?? [];
    if (typeof length !== 'number') throw new UnsupportedVariant(`the length of its input ${index} is not fixed`);
    checkLimit('axes in one tensor', length, maximumRank);
    return length;
  }

  /** The integers of an input that has to be a constant. */
  constantIntegers(index: number): readonly number[] {
    const integers = integersOf(this.input(index));
    if (integers) return integers;
    throw new UnsupportedVariant(`its input ${index} is no constant`);
  }

  /** The numbers of an input that has to be a constant. */
  constantNumbers(index: number): readonly number[] {
    const numbers = numbersOf(this.input(index));
    if (numbers) return numbers;
    throw new UnsupportedVariant(`its input ${index} is no constant`);
  }

  /** The one integer of an input that has to be a constant. */
  constantInteger(index: number): number {
    const [integer] = this.constantIntegers(index);
    if (integer === undefined) throw this.invalid(`has an empty constant at its input ${index}`);
    return integer;
  }

  text(name: string, fallback?: string): string {
    const text = this.layer.attributes.get(name) ?? fallback;
    if (text === undefined) throw this.invalid(`lacks the attribute "${name}"`);
    return text;
  }

  flag(name: string, fallback?: boolean): boolean {
    const text = this.text(name, fallback === undefined ? undefined : String(fallback)).toLowerCase();
    if (text === 'true' || text === '1') return true;
    if (text === 'false' || text === '0') return false;
    throw this.invalid(`has the attribute "${name}" that is neither true nor false`);
  }

  number(name: string, fallback?: number): number {
    return this.#parse(name, this.text(name, fallback === undefined ? undefined : String(fallback)));
  }

  integer(name: string, fallback?: number): number {
    return this.#checkInteger(name, this.number(name, fallback));
  }

  numbers(name: string, fallback?: readonly number[]): number[] {
    const text = this.text(name, fallback?.join());
    return text.trim() === '' ? [] : text.split(',').map((part) => this.#parse(name, part));
  }

  integers(name: string, fallback?: readonly number[]): number[] {
    return this.numbers(name, fallback).map((value) => this.#checkInteger(name, value));
  }

  /** An attribute that is one of a few words. */
  choice<Word extends string>(name: string, words: readonly Word[], fallback?: Word): Word {
    const text = this.text(name, fallback).toLowerCase();
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw new UnsupportedVariant(`${name} ${JSON.stringify(text.slice(0, 100))}`);
    return word;
  }

  elementType(name: string, fallback?: string): ElementType {
    const text = this.text(name, fallback);
    const type = elementTypeOf(text);
    if (!type) throw new UnsupportedVariant(`${name} ${JSON.stringify(text.slice(0, 100))}`);
    return type;
  }

  /** An error for a layer that contradicts itself. */
  invalid(reason: string): WasiNNError {
    return new WasiNNError('invalid-encoding', `load: ${describeLayer(this.layer)} ${reason}`);
  }

  #parse(name: string, text: string): number {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    // OpenVINO writes infinities as its C++ library does.
    if (/^\s*-?inf(inity)?\s*$/i.test(text))
      return text.includes('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    if (Number.isNaN(value)) throw this.invalid(`has the attribute "${name}" that is no number`);
    return value;
  }

  #checkInteger(name: string, value: number): number {
    if (!Number.isSafeInteger(value)) throw this.invalid(`has the attribute "${name}" that is no integer`);
    return value;
  }
}
