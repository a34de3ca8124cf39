import { Tensor } from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { WasiNNError } from '../../standard/error.js';
import { elementBytes, type TensorType, type TensorValue } from '../../standard/tensor.js';
import { fromOnnxTensor, toOnnxTensor, toTensorInfo } from './tensors.js';

/** One row for each type that onnxruntime-web has: elements whose bits say more than their value. */
const rows: readonly {
  type: Exclude<TensorType, 'BF16'>;
  onnxType: Tensor.Type;
  elements: readonly { what: string; bits: bigint }[];
}[] = [
  {
    type: 'FP16',
    onnxType: 'float16',
    elements: [
      { what: 'one', bits: 0x3c00n },
      { what: '-0', bits: 0x8000n },
      { what: 'the smallest subnormal', bits: 0x0001n },
      { what: 'infinity', bits: 0x7c00n },
      { what: 'a quiet NaN with a payload', bits: 0x7eabn },
      { what: 'a signalling NaN', bits: 0xfc01n },
    ],
  },
  {
    type: 'FP32',
    onnxType: 'float32',
    elements: [
      { what: '-0', bits: 0x8000_0000n },
      { what: 'the smallest subnormal', bits: 0x0000_0001n },
      { what: '-infinity', bits: 0xff80_0000n },
      { what: 'a quiet NaN with a payload', bits: 0x7fc0_beefn },
      { what: 'a signalling NaN', bits: 0xffa0_0001n },
    ],
  },
  {
    type: 'FP64',
    onnxType: 'float64',
    elements: [
      { what: '-0', bits: 0x8000_0000_0000_0000n },
      { what: 'the smallest subnormal', bits: 1n },
      { what: 'a quiet NaN with a payload', bits: 0x7ff8_dead_beef_0001n },
      { what: 'a signalling NaN', bits: 0xfff4_0000_0000_0001n },
    ],
  },
  {
    type: 'U8',
    onnxType: 'uint8',
    elements: [
      { what: 'the least', bits: 0n },
      { what: 'the greatest', bits: 255n },
      { what: 'between', bits: 128n },
    ],
  },
  {
    type: 'I32',
    onnxType: 'int32',
    elements: [
      { what: 'the least', bits: 0x8000_0000n },
      { what: 'the greatest', bits: 0x7fff_ffffn },
      { what: '-1', bits: 0xffff_ffffn },
    ],
  },
  {
    type: 'I64',
    onnxType: 'int64',
    elements: [
      { what: 'the least', bits: 0x8000_0000_0000_0000n },
      { what: 'the greatest', bits: 0x7fff_ffff_ffff_ffffn },
      { what: 'more than a double holds', bits: 0x0020_0000_0000_0001n },
      { what: '-1', bits: 0xffff_ffff_ffff_ffffn },
    ],
  },
];

function littleEndian(type: TensorType, elements: readonly { bits: bigint }[]): Uint8Array<ArrayBuffer> {
  const width = elementBytes[type];
  const bytes = new Uint8Array(elements.length * width);
  elements.forEach(({ bits }, index) => {
    for (let byte = 0; byte < width; byte++) bytes[index * width + byte] = Number((bits >> BigInt(8 * byte)) & 0xffn);
  });
  return bytes;
}

function errorOf(action: () => unknown): WasiNNError {
  try {
    action();
  } catch (cause) {
    if (cause instanceof WasiNNError) return cause;
    throw cause;
  }
  throw new Error('nothing was thrown');
}

const roundTrip = (value: TensorValue) => fromOnnxTensor('y', toOnnxTensor(Tensor, 'x', value));

describe.each(rows)('$type', ({ type, onnxType, elements }) => {
  const data = littleEndian(type, elements);
  const dimensions = [1, elements.length];

  it(`is ${onnxType} of the same shape and bytes in onnxruntime`, () => {
    const tensor = toOnnxTensor(Tensor, 'x', { type, dimensions, data });
    expect(tensor).toBeInstanceOf(Tensor);
    expect(tensor.type).toBe(onnxType);
    expect(tensor.dims).toEqual(dimensions);
    expect(tensor.size).toBe(elements.length);
    const elementsOfTensor = tensor.data;
    if (!ArrayBuffer.isView(elementsOfTensor)) throw new Error('the tensor has no bytes');
    const { buffer, byteOffset, byteLength } = elementsOfTensor;
    expect(new Uint8Array(buffer, byteOffset, byteLength)).toEqual(data);
  });

  it.each(elements)('keeps the bits of $what', (element) => {
    const bytes = littleEndian(type, [element]);
    expect(roundTrip({ type, dimensions: [1], data: bytes })).toEqual({ type, dimensions: [1], data: bytes });
  });

  it('keeps the bits of many', () => {
    expect(roundTrip({ type, dimensions, data })).toEqual({ type, dimensions, data });
  });

  it('keeps a scalar', () => {
    const value = { type, dimensions: [], data: littleEndian(type, elements.slice(0, 1)) };
    expect(roundTrip(value)).toEqual(value);
  });

  it.each([[[0]], [[2, 0, 3]]])('keeps an empty tensor of shape %j', (shape) => {
    const value = { type, dimensions: shape, data: new Uint8Array() };
    expect(roundTrip(value)).toEqual(value);
  });

  it.each([1, 2, 3, 4, 5, 7, 8])('reads a view that starts at byte %d of a larger buffer', (offset) => {
    const larger = new Uint8Array(offset + data.byteLength + 3).fill(0xee);
    larger.set(data, offset);
    const view = larger.subarray(offset, offset + data.byteLength);
    expect(roundTrip({ type, dimensions, data: view }).data).toEqual(data);
    expect([...larger.subarray(0, offset)]).toEqual(Array(offset).fill(0xee));
  });
});

describe('toOnnxTensor', () => {
  it('refuses BF16 with the name of the tensor and a way out', () => {
    const error = errorOf(() =>
      toOnnxTensor(Tensor, 'pixels', { type: 'BF16', dimensions: [1], data: new Uint8Array(2) }),
    );
    expect(error.code).toBe('unsupported-operation');
    expect(error.message).toMatch(/"pixels" is BF16.*convert it to FP32 or FP16/);
  });

  it('takes U8 for truth values, where anything but 0 is true', () => {
    const value = { type: 'U8', dimensions: [3], data: Uint8Array.of(0, 1, 7) } as const;
    const tensor = toOnnxTensor(Tensor, 'mask', value, true);
    expect([tensor.type, tensor.data]).toEqual(['bool', Uint8Array.of(0, 1, 1)]);
    expect(toOnnxTensor(Tensor, 'mask', value).type).toBe('uint8');
  });

  it('does not copy aligned bytes', () => {
    const data = new Uint8Array(8);
    const tensor = toOnnxTensor(Tensor, 'x', { type: 'FP32', dimensions: [2], data });
    if (!ArrayBuffer.isView(tensor.data)) throw new Error('the tensor has no bytes');
    expect(tensor.data.buffer).toBe(data.buffer);
  });
});

describe('fromOnnxTensor', () => {
  it.each([
    ['string', new Tensor('string', ['a'], [1])],
    ['int8', new Tensor('int8', new Int8Array([1]), [1])],
    ['uint16', new Tensor('uint16', new Uint16Array([1]), [1])],
    ['int16', new Tensor('int16', new Int16Array([1]), [1])],
    ['uint32', new Tensor('uint32', new Uint32Array([1]), [1])],
    ['uint64', new Tensor('uint64', new BigUint64Array([1n]), [1])],
  ] satisfies [string, Tensor][])('refuses %s, which wasi-nn has no name for', (type, tensor) => {
    const error = errorOf(() => fromOnnxTensor('mask', tensor));
    expect(error.code).toBe('unsupported-operation');
    expect(error.message).toContain(`output "mask" is of type ${type}`);
    expect(error.message).toContain('add a Cast');
  });

  it('gives truth values as U8', () => {
    const tensor = new Tensor('bool', new Uint8Array([1, 0]), [2]);
    expect(fromOnnxTensor('mask', tensor)).toEqual({ type: 'U8', dimensions: [2], data: Uint8Array.of(1, 0) });
  });

  it('gives bytes a buffer of their own where the tensor is a view of a larger one', () => {
    const heap = new Float32Array([9, 1, 2, 9]);
    const { data } = fromOnnxTensor('y', new Tensor('float32', heap.subarray(1, 3), [2]));
    expect(data.buffer.byteLength).toBe(8);
    expect(new Float32Array(data.buffer)).toEqual(new Float32Array([1, 2]));
    heap.fill(0);
    expect(new Float32Array(data.buffer)).toEqual(new Float32Array([1, 2]));
  });

  it('copies out of shared memory, which cannot be transferred', () => {
    const shared = new Int32Array(new SharedArrayBuffer(8));
    shared.set([5, 6]);
    const { data } = fromOnnxTensor('y', new Tensor('int32', shared, [2]));
    expect(data.buffer).toBeInstanceOf(ArrayBuffer);
    expect(new Int32Array(data.buffer)).toEqual(new Int32Array([5, 6]));
  });
});

describe('toTensorInfo', () => {
  it.each(rows)('calls $onnxType $type', ({ type, onnxType }) => {
    expect(toTensorInfo({ name: 'x', isTensor: true, type: onnxType, shape: [1, 2] })).toEqual({
      name: 'x',
      type,
      shape: [1, 2],
    });
  });

  it("leaves a type that wasi-nn lacks in onnxruntime's words", () => {
    expect(toTensorInfo({ name: 'x', isTensor: true, type: 'int8', shape: [] })).toEqual({
      name: 'x',
      type: 'int8',
      shape: [],
    });
  });

  it('keeps names of open axes and marks those without', () => {
    expect(
      toTensorInfo({ name: 'x', isTensor: true, type: 'float32', shape: ['batch', 3, 0xffffffff, '', 0] }).shape,
    ).toEqual(['batch', 3, '?', '?', 0]);
  });

  it('says of a sequence or a map that it is no tensor', () => {
    expect(toTensorInfo({ name: 'x', isTensor: false })).toEqual({ name: 'x', type: 'no tensor', shape: [] });
  });
});
