import type { Quantization, TensorInfo, TensorType } from '../standard/tensor.js';

/** A tensor whose whole numbers stand for real ones, as guests and the engine pass them. */
export interface QuantizedTensor {
  /** The type that it travels as. */
  readonly type: TensorType;
  readonly quantization: Quantization;
  readonly format: NumberFormat;
}

interface NumberFormat {
  readonly type: TensorType;
  readonly minimum: number;
  readonly maximum: number;
  readonly bytes: number;
  read(view: DataView, at: number): number;
  write(view: DataView, at: number, value: number): void;
}

/** What quantised numbers are in a model, and how they travel: INT8 as the bytes of U8, INT16 as I32. */
const formats: Readonly<Record<string, NumberFormat>> = {
  U8: {
    type: 'U8',
    minimum: 0,
    maximum: 255,
    bytes: 1,
    read: (view, at) => view.getUint8(at),
    write: (view, at, value) => view.setUint8(at, value),
  },
  INT8: {
    type: 'U8',
    minimum: -128,
    maximum: 127,
    bytes: 1,
    read: (view, at) => view.getInt8(at),
    write: (view, at, value) => view.setInt8(at, value),
  },
  INT16: {
    type: 'I32',
    minimum: -32_768,
    maximum: 32_767,
    bytes: 4,
    read: (view, at) => view.getInt32(at, true),
    write: (view, at, value) => view.setInt32(at, value, true),
  },
};

/** How a tensor of a graph is quantised; nothing where it is not. */
export function quantizedTensor({ type, modelType, quantization }: TensorInfo): QuantizedTensor | undefined {
  const name = modelType ?? type;
  const format = Object.hasOwn(formats, name) ? formats[name] : undefined;
  return quantization && format && { type: format.type, quantization, format };
}

/**
 * Makes quantised numbers of real ones as WAMR does: in single precision, without rounding. What is out of range becomes
 * the nearest number; in WAMR it is undefined.
 *
 * @param data FP32 elements
 */
export function quantize(data: Uint8Array, { quantization, format }: QuantizedTensor): Uint8Array<ArrayBuffer> {
  const { scale, zeroPoint } = quantization;
  const { minimum, maximum, bytes, write } = format;
  const from = viewOf(data);
  const count = Math.floor(data.byteLength / 4);
  const quantized = new Uint8Array(count * bytes);
  const to = viewOf(quantized);
  for (let index = 0; index < count; index++) {
    const value = Math.fround(Math.fround(from.getFloat32(index * 4, true) / scale) + zeroPoint);
    write(to, index * bytes, Math.trunc(Math.min(maximum, Math.max(minimum, value))));
  }
  return quantized;
}

/** Makes FP32 elements of quantised numbers. */
export function dequantize(data: Uint8Array, { quantization, format }: QuantizedTensor): Uint8Array<ArrayBuffer> {
  const { scale, zeroPoint } = quantization;
  const from = viewOf(data);
  const count = Math.floor(data.byteLength / format.bytes);
  const real = new Uint8Array(count * 4);
  const to = viewOf(real);
  for (let index = 0; index < count; index++)
    to.setFloat32(index * 4, Math.fround(format.read(from, index * format.bytes) - zeroPoint) * scale, true);
  return real;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
