import { int64s, integersOf } from '../../onnx/constants.js';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.js';
import type { Dimension } from '../../onnx/model.js';
import { concat, lengthOf, slice, transpose } from '../../onnx/operations.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { integerAttribute } from '../attributes.js';
import { fromLayout, toLayout } from '../layout.js';
import { type Converter, input, knownInput, type Operation, rankOf } from '../operation.js';

// Spatial axes that are cut into blocks, whose elements become images of the batch, and back. TensorFlow puts them round
// convolutions to make these dilated.

/** For each spatial axis the size of its blocks, and what is added to or cut off its ends. */
interface Blocks {
  readonly sizes: readonly number[];
  readonly ends: readonly (readonly [number, number])[];
}

function blocksOf(operation: Operation): Blocks {
  const isFirstVersion = !operation.op.endsWith('ND');
  const sizes = isFirstVersion ? blockSizes(operation) : knownInput(operation, 1);
  const flat = knownInput(operation, isFirstVersion ? 1 : 2);
  if (sizes.some((size) => size < 1) || sizes.length > rankOf(input(operation, 0)) - 1) {
    throw new UnsupportedVariant(`blocks of [${sizes.join(', ')}]`);
  }
  return { sizes, ends: sizes.map((_, axis) => [flat[axis * 2] ?? 0, flat[axis * 2 + 1] ?? 0] as const) };
}

function blockSizes(operation: Operation): number[] {
  const size = integerAttribute(operation, 'block_size', 2);
  return [size, size];
}

function spaceToBatch(operation: Operation): Value {
  const { graph } = operation;
  const { sizes, ends } = blocksOf(operation);
  const value = padSpace(graph, input(operation, 0), ends);
  const rank = rankOf(value);
  const count = sizes.length;
  const lengths = sizes.map((size, axis) => scaled(graph, value, axis + 1, 1 / size));
  const rest = Array.from({ length: rank - 1 - count }, (_, axis) => lengthOf(graph, value, axis + 1 + count));

  const pairs = lengths.flatMap((length, axis) => [length, int64s(graph, [sizes[axis] ?? 1])]);
  const cut = reshapeTo(graph, value, [lengthOf(graph, value, 0), ...pairs, ...rest]);
  const within = sizes.map((_, axis) => 2 + 2 * axis);
  const across = sizes.map((_, axis) => 1 + 2 * axis);
  const others = rest.map((_, axis) => 1 + 2 * count + axis);
  const turned = transpose(graph, cut, [...within, 0, ...across, ...others]);
  return reshapeTo(graph, turned, [int64s(graph, [-1]), ...lengths, ...rest]);
}

function batchToSpace(operation: Operation): Value {
  const { graph } = operation;
  const { sizes, ends } = blocksOf(operation);
  const value = input(operation, 0);
  const rank = rankOf(value);
  const count = sizes.length;
  const lengths = sizes.map((_, axis) => lengthOf(graph, value, axis + 1));
  const rest = Array.from({ length: rank - 1 - count }, (_, axis) => lengthOf(graph, value, axis + 1 + count));

  const blocks = sizes.map((size) => int64s(graph, [size]));
  const cut = reshapeTo(graph, value, [...blocks, int64s(graph, [-1]), ...lengths, ...rest]);
  const pairs = sizes.flatMap((_, axis) => [count + 1 + axis, axis]);
  const others = rest.map((_, axis) => 2 * count + 1 + axis);
  const turned = transpose(graph, cut, [count, ...pairs, ...others]);
  const whole = sizes.map((size, axis) => scaled(graph, value, axis + 1, size));
  const joined = reshapeTo(graph, turned, [int64s(graph, [-1]), ...whole, ...rest]);
  return ends.reduce((result, [before, after], axis) => crop(graph, result, axis + 1, before, after), joined);
}

function padSpace(graph: GraphBuilder, value: Value, ends: Blocks['ends']): Value {
  if (ends.every(([before, after]) => before === 0 && after === 0)) return value;
  const rest = new Array<number>(rankOf(value) - 1 - ends.length).fill(0);
  const pads = [0, ...ends.map(([before]) => before), ...rest, 0, ...ends.map(([, after]) => after), ...rest];
  const shape = value.shape?.map((length, axis): Dimension => {
    const [before, after] = ends[axis - 1] ?? [0, 0];
    return typeof length === 'number' ? length + before + after : before + after === 0 ? length : '?';
  });
  return graph.add('Pad', [value, int64s(graph, pads)], { type: value.type, shape });
}

/** A length of a value, times a factor that makes it a whole number. */
function scaled(graph: GraphBuilder, value: Value, axis: number, factor: number): Value {
  const length = value.shape?.[axis];
  if (typeof length === 'number') return int64s(graph, [Math.floor(length * factor)]);
  const operator = factor < 1 ? 'Div' : 'Mul';
  const by = int64s(graph, [Math.round(factor < 1 ? 1 / factor : factor)]);
  return graph.add(operator, [lengthOf(graph, value, axis), by], { type: 'int64', shape: [1] });
}

function reshapeTo(graph: GraphBuilder, value: Value, lengths: readonly Value[]): Value {
  const known = lengths.map((length): Dimension => {
    const [number] = integersOf(length) ?? [];
    return number === undefined || number < 0 ? '?' : number;
  });
  return graph.add('Reshape', [value, concat(graph, lengths, 0)], { type: value.type, shape: known });
}

function crop(graph: GraphBuilder, value: Value, axis: number, before: number, after: number): Value {
  if (before === 0 && after === 0) return value;
  return slice(graph, value, axis, before, after === 0 ? 2 ** 31 - 1 : -after);
}

/** Blocks whose elements become channels, or back. */
const channelBlocks = (operator: 'DepthToSpace' | 'SpaceToDepth'): Converter => {
  return (operation) => {
    const blocksize = integerAttribute(operation, 'block_size', 2);
    const image = fromLayout(operation, input(operation, 0), 4);
    const scale = (length: Dimension | undefined, factor: number) =>
      typeof length === 'number' ? length * factor : '?';
    const factor = operator === 'DepthToSpace' ? blocksize : 1 / blocksize;
    const [batch = '?', channels, height, width] = image.shape ?? [];
    const shape = [batch, scale(channels, factor ** -2), scale(height, factor), scale(width, factor)];
    const attributes = { blocksize, ...(operator === 'DepthToSpace' ? { mode: 'DCR' } : {}) };
    const result = operation.graph.add(operator, [image], { type: image.type, shape }, { attributes });
    return toLayout(operation, result, 4);
  };
};

export const blockOperators: Readonly<Record<string, Converter>> = {
  BatchToSpace: batchToSpace,
  BatchToSpaceND: batchToSpace,
  DepthToSpace: channelBlocks('DepthToSpace'),
  SpaceToBatch: spaceToBatch,
  SpaceToBatchND: spaceToBatch,
  SpaceToDepth: channelBlocks('SpaceToDepth'),
};
