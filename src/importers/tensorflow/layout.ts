import type { Value } from '../onnx/graph-builder.js';
import type { Dimension } from '../onnx/model.js';
import { channelsFirst, channelsLast, reshape } from '../onnx/operations.js';
import { UnsupportedVariant } from '../unsupported.js';
import { integersAttribute, textAttribute } from './attributes.js';
import { input, type Operation, rankOf } from './operation.js';

// TensorFlow keeps the channels in the last axis unless `data_format` says otherwise, ONNX in the second.

/** Whether the node's images have their channels in the second axis, as ONNX has them. */
export function hasChannelsFirst(operation: Operation): boolean {
  return textAttribute(operation, 'data_format', 'NHWC').startsWith('NC');
}

/** An image as ONNX wants it. What {@link toLayout} has just transposed is taken as it was before. */
export function fromLayout(operation: Operation, image: Value, rank: number): Value {
  if (hasChannelsFirst(operation)) return image;
  return operation.conversion.channelsFirst.get(image.name) ?? channelsFirst(operation.graph, image, rank);
}

/** An image that ONNX has computed, as the node's output has it. */
export function toLayout(operation: Operation, image: Value, rank: number): Value {
  return hasChannelsFirst(operation) ? image : lastAgain(operation, image, rank);
}

/**
 * Computes what does not depend on the order of the elements. Where the operand has just been transposed, that is done to
 * the result instead, so that nothing is between it and the next operator that wants ONNX's layout.
 */
export function keepLayout(operation: Operation, compute: (value: Value) => Value): Value {
  return inSharedLayout(operation, [input(operation, 0)], ([value = input(operation, 0)]) => compute(value));
}

/** As {@link keepLayout}, for operands that broadcast. */
export function inSharedLayout(
  operation: Operation,
  values: readonly Value[],
  compute: (values: readonly Value[]) => Value,
): Value {
  const known = operation.conversion.channelsFirst;
  const rank = known.get(values.find(({ name }) => known.has(name))?.name ?? '')?.shape?.length;
  if (rank === undefined) return compute(values);
  const transposed = values.map((value) => known.get(value.name) ?? broadcastFirst(operation, value, rank));
  const all = transposed.filter((value) => value !== undefined);
  return all.length === values.length ? lastAgain(operation, compute(all), rank) : compute(values);
}

/** Where an axis of an image with the channels last is once they come first. */
export function firstAxis(axis: number, rank: number): number {
  if (axis === 0) return 0;
  return axis === rank - 1 ? 1 : axis + 1;
}

/** Where an axis of an image with the channels first is once they come last. */
export function lastAxis(axis: number, rank: number): number {
  if (axis === 0) return 0;
  return axis === 1 ? rank - 1 : axis - 1;
}

/** What the image was before it was transposed to have the channels last; undefined where that was not done. */
export function transposedFrom(operation: Operation, image: Value): Value | undefined {
  return operation.conversion.channelsFirst.get(image.name);
}

/** Puts the channels last. What follows may take the image as it is before. */
export function lastAgain(operation: Operation, image: Value, rank = rankOf(image)): Value {
  const result = channelsLast(operation.graph, image, rank);
  operation.conversion.channelsFirst.set(result.name, image);
  return result;
}

/** What broadcasts with an image with the channels last, for one with the channels first; undefined for a whole image. */
function broadcastFirst(operation: Operation, value: Value, rank: number): Value | undefined {
  const { shape } = value;
  if (!shape || shape.length > rank) return undefined;
  const spatial = shape.slice(0, -1);
  if (shape.length === rank) spatial.shift();
  if (!spatial.every((length) => length === 1)) return undefined;
  const channels = shape.at(-1) ?? 1;
  if (channels === 1 && shape.length < rank) return value;
  const isBatch = shape.length === rank && shape[0] !== 1;
  if (isBatch || typeof channels !== 'number') {
    return shape.length === rank ? channelsFirst(operation.graph, value, rank) : undefined;
  }
  return reshape(operation.graph, value, [channels, ...new Array<number>(rank - 2).fill(1)]);
}

/**
 * What an attribute says of the spatial axes: strides, dilations, the size of a window.
 *
 * @throws UnsupportedVariant for values below 1, and for others than 1 for the batch or the channels
 */
export function spatialAttribute(operation: Operation, key: string, rank: number): number[] {
  const values = integersAttribute(operation, key);
  if (values.length === 0) return new Array<number>(rank - 2).fill(1);
  const spatial = spatialOf(operation, values, rank);
  const channels = values[hasChannelsFirst(operation) ? 1 : rank - 1];
  if (values[0] === 1 && channels === 1 && spatial.every((value) => value >= 1)) return spatial;
  throw new UnsupportedVariant(`${key} [${values.join(', ')}]`);
}

/** Those of the elements of a shape, or of a list with one element for each axis, that are for the spatial axes. */
export function spatialOf<Element>(operation: Operation, elements: readonly Element[], rank: number): Element[] {
  if (elements.length !== rank) throw new UnsupportedVariant(`${elements.length} values for ${rank} axes`);
  const first = hasChannelsFirst(operation) ? 2 : 1;
  return elements.slice(first, first + rank - 2);
}

/** How a window goes over the spatial axes of an image. */
export interface Window {
  readonly sizes: readonly Dimension[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** ONNX's attributes for the padding of a window, and the lengths of the spatial axes that result. */
export interface Padding {
  readonly pads?: readonly number[];
  readonly auto_pad?: string;
  readonly lengths: readonly Dimension[];
}

/** @param lengths those of the spatial axes of the input */
export function paddingOf(operation: Operation, lengths: readonly Dimension[], window: Window): Padding {
  const padding = textAttribute(operation, 'padding', 'VALID');
  const spans = window.sizes.map((size, axis) =>
    typeof size === 'number' ? (size - 1) * (window.dilations[axis] ?? 1) + 1 : '?',
  );
  if (padding === 'SAME') return samePadding(lengths, spans, window.strides);
  const pairs = padding === 'EXPLICIT' ? explicitPairs(operation, lengths.length) : lengths.map(() => [0, 0]);
  const begins = pairs.map(([begin]) => begin ?? 0);
  const ends = pairs.map(([, end]) => end ?? 0);
  return {
    pads: [...begins, ...ends],
    lengths: lengths.map((length, axis) => {
      const span = spans[axis];
      if (typeof length !== 'number' || typeof span !== 'number') return '?';
      return Math.floor((length + (begins[axis] ?? 0) + (ends[axis] ?? 0) - span) / (window.strides[axis] ?? 1)) + 1;
    }),
  };
}

/** As many outputs as there are strides in the input; what of the padding is odd comes last. */
function samePadding(lengths: readonly Dimension[], spans: readonly Dimension[], strides: readonly number[]): Padding {
  const results = lengths.map((length, axis) =>
    typeof length === 'number' ? Math.ceil(length / (strides[axis] ?? 1)) : '?',
  );
  const totals = lengths.map((length, axis) => {
    const result = results[axis];
    const span = spans[axis];
    if (typeof length !== 'number' || typeof result !== 'number' || typeof span !== 'number') return undefined;
    return Math.max((result - 1) * (strides[axis] ?? 1) + span - length, 0);
  });
  const known = totals.filter((total) => total !== undefined);
  if (known.length < totals.length) return { auto_pad: 'SAME_UPPER', lengths: results };
  const begins = known.map((total) => Math.floor(total / 2));
  return { pads: [...begins, ...known.map((total, axis) => total - (begins[axis] ?? 0))], lengths: results };
}

function explicitPairs(operation: Operation, spatialAxes: number): number[][] {
  const flat = integersAttribute(operation, 'explicit_paddings');
  const pairs = Array.from({ length: flat.length / 2 }, (_, axis) => flat.slice(axis * 2, axis * 2 + 2));
  const first = hasChannelsFirst(operation) ? 2 : 1;
  return pairs.slice(first, first + spatialAxes);
}
