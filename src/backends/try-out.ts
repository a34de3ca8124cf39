import { quote } from '../standard/error.js';
import { fromHalf } from '../standard/half.js';
import {
  byteLengthOf,
  isTensorType,
  type NamedTensor,
  type TensorInfo,
  type TensorType,
  type TensorValue,
} from '../standard/tensor.js';

/**
 * Makes up inputs for a graph, the same each time: axes that it leaves open are of length 1, numbers between -1 and 1,
 * whole ones 0 or 1.
 *
 * @returns nothing where an input is of a type that wasi-nn does not have
 */
export function madeUpInputs(inputs: readonly TensorInfo[]): Map<string, TensorValue> | undefined {
  const values = new Map<string, TensorValue>();
  for (const { name, type, shape } of inputs) {
    if (!isTensorType(type) || type === 'BF16') return undefined;
    const dimensions = shape.map((length) => (typeof length === 'number' ? length : 1));
    const data = new Uint8Array(byteLengthOf(type, dimensions));
    fill(new DataView(data.buffer), type);
    values.set(name, { type, dimensions, data });
  }
  return values;
}

type Writer = (view: DataView, offset: number, step: number) => void;

const sample = (step: number) => Math.sin(step * 12.9898);

/** Half-precision numbers from 1/2 to 1, by their bits. */
const half = (step: number) => 0x3800 + (step % 0x400);

const writers: Readonly<Record<TensorType, readonly [width: number, write: Writer]>> = {
  FP16: [2, (view, offset, step) => view.setUint16(offset, half(step), true)],
  BF16: [2, () => undefined],
  FP32: [4, (view, offset, step) => view.setFloat32(offset, sample(step), true)],
  FP64: [8, (view, offset, step) => view.setFloat64(offset, sample(step), true)],
  U8: [1, (view, offset, step) => view.setUint8(offset, step % 2)],
  I32: [4, (view, offset, step) => view.setInt32(offset, step % 2, true)],
  I64: [8, (view, offset, step) => view.setBigInt64(offset, BigInt(step % 2), true)],
};

function fill(view: DataView, type: TensorType): void {
  const [width, write] = writers[type];
  for (let offset = 0, step = 0; offset < view.byteLength; offset += width, step++) write(view, offset, step);
}

/** How far numbers may be apart, in units of the expected one where that is larger than 1. */
const tolerances: Readonly<Partial<Record<TensorType, number>>> = { FP32: 0.01, FP64: 0.01, FP16: 0.05 };

/** What is different about outputs, in words; nothing where they agree. */
export function disagreement(actual: readonly NamedTensor[], expected: readonly NamedTensor[]): string | undefined {
  for (const [index, [name, wanted]] of expected.entries()) {
    const found = actual[index]?.[1];
    if (found?.data.byteLength !== wanted.data.byteLength) return `output ${quote(name)} has another shape`;
    const distance = farthest(found, wanted);
    if (!(distance <= (tolerances[wanted.type] ?? 0)))
      return `output ${quote(name)} is off by ${distance.toPrecision(2)}`;
  }
  return undefined;
}

function farthest(actual: TensorValue, expected: TensorValue): number {
  const [found, wanted] = [numbers(actual), numbers(expected)];
  let farthest = 0;
  for (const [index, value] of wanted.entries()) {
    const other = found[index] ?? Number.NaN;
    if (Object.is(value, other)) continue;
    const distance = Math.abs(other - value) / Math.max(1, Math.abs(value));
    // A NaN where there should be none, or none where there should be, is as far as can be.
    if (!(distance <= farthest)) farthest = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
  }
  return farthest;
}

function numbers({ type, data }: TensorValue): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width] = writers[type];
  return Array.from({ length: data.byteLength / width }, (_, index) => readNumber(view, type, index * width));
}

function readNumber(view: DataView, type: TensorType, offset: number): number {
  switch (type) {
    case 'FP32':
      return view.getFloat32(offset, true);
    case 'FP64':
      return view.getFloat64(offset, true);
    case 'U8':
      return view.getUint8(offset);
    case 'I32':
      return view.getInt32(offset, true);
    case 'I64':
      return Number(view.getBigInt64(offset, true));
    case 'FP16':
    case 'BF16':
      return fromHalf(view.getUint16(offset, true));
  }
}
