import { fromHalf } from '../../standard/half.js';
import { bitsOf, type ElementType } from './element-types.js';
import type { GraphBuilder, Value } from './graph-builder.js';
import type { Tensor } from './model.js';

// Making constants of numbers, and reading the numbers of constants.

/** Arrays that hold the elements as JavaScript numbers; of the others there is none. */
export const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint8Array,
} as const;

/** A constant of 64-bit integers, as ONNX wants shapes, axes and the like. One-dimensional unless a shape is given. */
export function int64s(
  graph: GraphBuilder,
  values: readonly number[],
  dims: readonly number[] = [values.length],
): Value {
  return graph.constant(numbersTensor('int64', values, dims));
}

/** A constant of one number without axes. */
export function scalar(graph: GraphBuilder, value: number, type: ElementType): Value {
  return graph.constant(numbersTensor(type, [value], []));
}

/** A constant of numbers of any type. */
export function constantOf(
  graph: GraphBuilder,
  type: ElementType,
  values: ArrayLike<number>,
  dims: readonly number[] = [values.length],
): Value {
  return graph.constant(numbersTensor(type, values, dims));
}

/** A tensor of numbers, which are rounded to the type. */
export function numbersTensor(type: ElementType, values: ArrayLike<number>, dims: readonly number[]): Tensor {
  return { type, dims, data: encode(type, values) };
}

function encode(type: ElementType, values: ArrayLike<number>): Uint8Array {
  if (type === 'int64' || type === 'uint64') {
    return bytesOf(BigInt64Array.from(values, (value) => BigInt(Math.trunc(value))));
  }
  if (type === 'float16') return bytesOf(Uint16Array.from(values, toHalf));
  if (type === 'bfloat16') return bytesOf(Uint16Array.from(values, toBfloat16));
  if (type === 'int4' || type === 'uint4') return packNibbles(values);
  return bytesOf(arrays[type].from(values));
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function packNibbles(values: ArrayLike<number>): Uint8Array {
  const packed = new Uint8Array(Math.ceil(values.length / 2));
  for (let index = 0; index < values.length; index++) {
    packed[index >> 1] = (packed[index >> 1] ?? 0) | (((values[index] ?? 0) & 15) << ((index & 1) * 4));
  }
  return packed;
}

/**
 * The numbers of a constant; undefined for a value that is none. Integers of 64 bits come as the nearest double.
 *
 * @param most undefined too for a constant of more elements than this; default 65,536
 */
export function numbersOf(value: Value | undefined, most = 65_536): number[] | undefined {
  const tensor = value?.constant;
  if (!tensor || (tensor.data.byteLength * 8) / bitsOf(tensor.type) > most) return undefined;
  return decode(tensor);
}

/** As {@link numbersOf}, and undefined where one of them is no safe integer: shapes, axes, sizes. */
export function integersOf(value: Value | undefined, most?: number): number[] | undefined {
  const numbers = numbersOf(value, most);
  return numbers?.every((number) => Number.isInteger(number)) ? numbers : undefined;
}

/** All elements of a tensor as numbers. */
export function decode({ type, dims, data }: Tensor): number[] {
  const count = dims.reduce((product, length) => product * length, 1);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const read = readers[type];
  return Array.from({ length: count }, (_, index) => read(view, index));
}

const readers: Readonly<Record<ElementType, (view: DataView, index: number) => number>> = {
  float32: (view, index) => view.getFloat32(index * 4, true),
  float64: (view, index) => view.getFloat64(index * 8, true),
  float16: (view, index) => fromHalf(view.getUint16(index * 2, true)),
  bfloat16: (view, index) => fromBfloat16(view.getUint16(index * 2, true)),
  uint8: (view, index) => view.getUint8(index),
  int8: (view, index) => view.getInt8(index),
  bool: (view, index) => view.getUint8(index),
  uint16: (view, index) => view.getUint16(index * 2, true),
  int16: (view, index) => view.getInt16(index * 2, true),
  uint32: (view, index) => view.getUint32(index * 4, true),
  int32: (view, index) => view.getInt32(index * 4, true),
  int64: (view, index) => Number(view.getBigInt64(index * 8, true)),
  uint64: (view, index) => Number(view.getBigUint64(index * 8, true)),
  uint4: (view, index) => (view.getUint8(index >> 1) >> ((index & 1) * 4)) & 15,
  int4: (view, index) => (view.getUint8(index >> 1) << (28 - (index & 1) * 4)) >> 28,
};

const float32 = new Float32Array(1);
const bits32 = new Uint32Array(float32.buffer);

function toBfloat16(value: number): number {
  float32[0] = value;
  const bits = bits32[0] ?? 0;
  // Round to nearest even; a NaN keeps one of the bits that make it one.
  if (Number.isNaN(value)) return 0x7fc0;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function fromBfloat16(bits: number): number {
  bits32[0] = bits << 16;
  return float32[0] ?? 0;
}

function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  // The step between halves of this size, where those below 2^-14 all have the same.
  const exponent = Math.max(Math.floor(Math.log2(size || 2 ** -14)), -14);
  const steps = roundHalfToEven(size / 2 ** (exponent - 10));
  // A carry out of the mantissa goes on into the exponent, as it must.
  return sign | (steps < 1024 ? steps : ((exponent + 14) << 10) + steps);
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
