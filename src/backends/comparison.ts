import { quote } from '../standard/error.js';
import { fromHalf } from '../standard/half.js';
import {
  byteLengthOf,
  describeTensor,
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
export function syntheticInputs(inputs: readonly TensorInfo[]): Map<string, TensorValue> | undefined {
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

/** How far numbers may be apart, relative to the larger of the expected number and `floor` or all of the output. */
interface Tolerance {
  readonly relative: number;
  /** Outputs that are nothing but rounding errors have no numbers in common. */
  readonly floor: number;
}

const tolerances: Readonly<Partial<Record<TensorType, Tolerance>>> = {
  FP32: { relative: 0.01, floor: 0.001 },
  FP64: { relative: 0.01, floor: 0.001 },
  FP16: { relative: 0.05, floor: 0.01 },
};

/**
 * What is different about outputs, in words; nothing where they agree. Whole numbers agree where they are equal; numbers of
 * type U8 above 1, which may be quantised, where they differ by 1.
 */
export function findDifference(actual: readonly NamedTensor[], expected: readonly NamedTensor[]): string | undefined {
  for (const [index, [name, wanted]] of expected.entries()) {
    const found = actual[index]?.[1];
    const [came, due] = [describe(found), describe(wanted)];
    if (!found || came !== due) return `output ${quote(name)} is ${came}, where WebAssembly has ${due}`;
    const difference = firstDifference(found, wanted);
    if (difference) return `output ${quote(name)} ${difference}`;
  }
  return undefined;
}

function describe(tensor: TensorValue | undefined): string {
  return tensor ? describeTensor(tensor.type, tensor.dimensions) : 'missing';
}

function firstDifference(actual: TensorValue, expected: TensorValue): string | undefined {
  const [found, wanted] = [numbers(actual), numbers(expected)];
  const allowed = allowance(expected.type, wanted);
  const at = wanted.findIndex((value, index) => {
    const other = found[index] ?? Number.NaN;
    // NaN is no distance from NaN alone, nor is infinity from infinity.
    return !Object.is(value, other) && value !== other && !(Math.abs(other - value) <= allowed(value));
  });
  if (at === -1) return undefined;
  return `has ${found[at]} at position ${at}, where WebAssembly has ${wanted[at]}`;
}

/** How far from each expected number another may be. */
function allowance(type: TensorType, expected: readonly number[]): (value: number) => number {
  const tolerance = tolerances[type];
  if (!tolerance) return (value) => (type === 'U8' && value > 1 ? 1 : 0);
  const { relative, floor } = tolerance;
  let largest = floor;
  for (const value of expected) if (Math.abs(value) > largest) largest = Math.abs(value);
  const least = Math.min(1, largest);
  // Every number is within an infinite distance.
  return (value) => (Number.isFinite(value) ? relative * Math.max(least, Math.abs(value)) : 0);
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
