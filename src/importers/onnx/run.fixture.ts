import * as ort from 'onnxruntime-web/wasm';
import { decode, arrays as numberArrays } from './constants.js';
import type { Tensor } from './model.js';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

/** Those of whose elements JavaScript has no numbers too. */
const arrays = {
  ...numberArrays,
  float16: Uint16Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const;

/** Runs a model once with onnxruntime-web on the CPU, in Node. */
export async function runOnnx(
  onnx: Uint8Array,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Map<string, Tensor>> {
  const session = await ort.InferenceSession.create(onnx, { executionProviders: ['wasm'], logSeverityLevel: 3 });
  try {
    const feeds = Object.entries(inputs).map(([name, tensor]) => [name, toOrt(tensor)] as const);
    const results = await session.run(Object.fromEntries(feeds));
    return new Map(session.outputNames.map((name) => [name, fromOrt(name, results[name])]));
  } finally {
    await session.release();
  }
}

/**
 * The largest difference between two tensors, relative to the largest number expected (in its absolute value). Infinite
 * where type, shape or what is not finite differ.
 */
export function relativeError(actual: Tensor | undefined, expected: Tensor): number {
  if (actual?.type !== expected.type || actual.dims.join() !== expected.dims.join()) return Number.POSITIVE_INFINITY;
  const [left, right] = [decode(actual), decode(expected)];
  let largest = 0;
  let difference = 0;
  for (const [index, number] of right.entries()) {
    const other = left[index] ?? Number.NaN;
    if (Object.is(other, number)) continue;
    if (!Number.isFinite(other) || !Number.isFinite(number)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(other - number));
  }
  for (const number of right) if (Number.isFinite(number)) largest = Math.max(largest, Math.abs(number));
  return difference === 0 ? 0 : difference / (largest || 1);
}

function toOrt({ type, dims, data }: Tensor): ort.Tensor {
  if (!(type in arrays)) throw new Error(`the runner has no tensors of ${type}`);
  const View = arrays[type as keyof typeof arrays];
  return new ort.Tensor(type as keyof typeof arrays, new View(data.slice().buffer), dims);
}

function fromOrt(name: string, tensor: ort.Tensor | undefined): Tensor {
  if (!tensor || !(tensor.type in arrays)) throw new Error(`output ${name} is ${tensor?.type}`);
  const { data } = tensor;
  if (Array.isArray(data)) throw new Error(`output ${name} is text`);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return { type: tensor.type as keyof typeof arrays, dims: tensor.dims, data: bytes };
}
