import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-web';
import { WasiNNError } from '../../standard/error.js';
import { byteLengthOf, type TensorInfo, type TensorType, type TensorValue } from '../../standard/tensor.js';
import { toTruthValues } from '../truth-values.js';

/** The names that onnxruntime has for wasi-nn's element types. onnxruntime-web knows no bfloat16. */
const onnxTypes = {
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  U8: 'uint8',
  I32: 'int32',
  I64: 'int64',
} as const satisfies Partial<Record<TensorType, Tensor.Type>>;

/** What onnxruntime reports, as 32 unsigned bits of -1, for an axis whose length the model neither fixes nor names. */
const unnamedLength = 0xffffffff;

const standardTypes: ReadonlyMap<string, TensorType> = new Map([
  ['float16', 'FP16'],
  ['float32', 'FP32'],
  ['float64', 'FP64'],
  ['uint8', 'U8'],
  ['int32', 'I32'],
  ['int64', 'I64'],
  // wasi-nn has no type for truth values. Both sides keep one in a byte.
  ['bool', 'U8'],
]);

/** The name that wasi-nn has for an element type of onnxruntime; none for one that it cannot name. */
export function toStandardType(type: string): TensorType | undefined {
  return standardTypes.get(type);
}

export function toTensorInfo(metadata: InferenceSession.ValueMetadata): TensorInfo {
  if (!metadata.isTensor) return { name: metadata.name, type: 'no tensor', shape: [] };
  return {
    name: metadata.name,
    type: standardTypes.get(metadata.type) ?? metadata.type,
    shape: metadata.shape.map((length) => (length === unnamedLength || length === '' ? '?' : length)),
  };
}

/** The names of the inputs that take truth values: a guest gives them as U8, where anything but 0 is true. */
export function boolInputs(inputs: readonly InferenceSession.ValueMetadata[]): ReadonlySet<string> {
  return new Set(inputs.flatMap((input) => (input.isTensor && input.type === 'bool' ? input.name : [])));
}

/**
 * Gives onnxruntime the bytes of a tensor without copying them where they are aligned; it copies them into its heap.
 *
 * @param isBool whether the input takes truth values
 * @throws WasiNNError `unsupported-operation` for BF16
 */
export function toOnnxTensor(construct: TensorConstructor, name: string, value: TensorValue, isBool = false): Tensor {
  const { type, dimensions } = value;
  if (isBool && type === 'U8') return new construct('bool', toTruthValues(value.data), dimensions);
  if (type === 'BF16') {
    throw new WasiNNError(
      'unsupported-operation',
      `tensor "${name}" is BF16, which onnxruntime-web does not have: convert it to FP32 or FP16 and use a model with that type`,
    );
  }
  return new construct(onnxTypes[type], toElements(type, value.data), dimensions);
}

/**
 * Takes an output's bytes out of onnxruntime.
 *
 * @throws WasiNNError `unsupported-operation` for element types that wasi-nn cannot name
 */
export function fromOnnxTensor(name: string, tensor: Tensor): TensorValue {
  const type = expectType(name, tensor);
  return { type, dimensions: tensor.dims, data: toBytes(tensor.data, byteLengthOf(type, tensor.dims)) };
}

/** @throws WasiNNError `unsupported-operation` for element types that wasi-nn cannot name */
export function expectType(name: string, { type }: Tensor): TensorType {
  const known = toStandardType(type);
  if (known) return known;
  throw new WasiNNError(
    'unsupported-operation',
    `output "${name}" is of type ${type}, which wasi-nn has no name for: add a Cast to the model`,
  );
}

type Elements = Float32Array | Float64Array | Uint16Array | Uint8Array | Int32Array | BigInt64Array;

function toElements(type: Exclude<TensorType, 'BF16'>, data: Uint8Array<ArrayBuffer>): Elements {
  if (type === 'U8') return data;
  const { buffer, byteOffset, byteLength } = aligned(data);
  if (type === 'FP32') return new Float32Array(buffer, byteOffset, byteLength / 4);
  if (type === 'FP64') return new Float64Array(buffer, byteOffset, byteLength / 8);
  if (type === 'I32') return new Int32Array(buffer, byteOffset, byteLength / 4);
  if (type === 'I64') return new BigInt64Array(buffer, byteOffset, byteLength / 8);
  // Half-precision numbers travel as their bits: not every browser has Float16Array, and bits keep NaN payloads.
  return new Uint16Array(buffer, byteOffset, byteLength / 2);
}

function aligned(data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return data.byteOffset % 8 === 0 ? data : data.slice();
}

function toBytes(data: Tensor['data'], byteLength: number): Uint8Array<ArrayBuffer> {
  // A view of a whole buffer of its own can be transferred as it is; one of a heap (shared or not) is copied out of it.
  if (!ArrayBuffer.isView(data))
    throw new WasiNNError('runtime-error', 'onnxruntime returned a tensor without numbers');
  const { buffer, byteOffset } = data;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return new Uint8Array(buffer);
  const bytes = new Uint8Array(byteLength);
  bytes.set(new Uint8Array(buffer, byteOffset, byteLength));
  return bytes;
}
