import { joinBytes } from '../src/standard/join-bytes.js';

/** Writes ONNX models of one operator: what tests need of the format (onnx.proto), and no more. */

/** `TensorProto.DataType` of wasi-nn's element types that ONNX Runtime has. */
export const dataTypes = { FP32: 1, U8: 2, I32: 6, I64: 7, FP16: 10, FP64: 11 } as const;

export type DataType = keyof typeof dataTypes;

/** An input or output; without a shape it takes tensors of any rank. */
export interface Value {
  readonly name: string;
  readonly type: DataType;
  readonly shape?: readonly number[];
}

export interface Constant extends Value {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** A constant whose data is a file beside the model, from its first byte to its last. */
export interface ExternalConstant extends Value {
  readonly shape: readonly number[];
  readonly location: string;
}

export interface OneNodeModel {
  readonly operator: string;
  /** In the order of the operator's operands. */
  readonly inputs: readonly (Value | Constant | ExternalConstant)[];
  readonly output: Value;
}

/** The identity of one type, for tensors of any shape: `in` to `out`. */
export function identityModel(type: DataType): Uint8Array<ArrayBuffer> {
  return writeModel({ operator: 'Identity', inputs: [{ name: 'in', type }], output: { name: 'out', type } });
}

/** A model that no check before the run can know to fail: `shape` says how four numbers are reshaped. */
export function reshapeModel(): Uint8Array {
  const data = { name: 'data', type: 'FP32', shape: [4], data: new Uint8Array(16) } as const;
  const inputs = [data, { name: 'shape', type: 'I64', shape: [1] }] as const;
  return writeModel({ operator: 'Reshape', inputs, output: { name: 'reshaped', type: 'FP32' } });
}

export function writeModel({ operator, inputs, output }: OneNodeModel): Uint8Array<ArrayBuffer> {
  const node = message(...inputs.map(({ name }) => text(1, name)), text(2, output.name), text(4, operator));
  const constants = inputs.filter(
    (input): input is Constant | ExternalConstant => 'data' in input || 'location' in input,
  );
  const graph = message(
    bytes(1, node),
    text(2, 'graph'),
    ...constants.map((constant) => bytes(5, tensor(constant))),
    ...inputs
      .filter((input) => !constants.some((constant) => constant === input))
      .map((input) => bytes(11, valueInfo(input))),
    bytes(12, valueInfo(output)),
  );
  const irVersion = 8;
  const operatorSet = message(number(2, 17));
  return message(number(1, irVersion), bytes(7, graph), bytes(8, operatorSet));
}

function tensor(constant: Constant | ExternalConstant): Uint8Array {
  const { name, type, shape } = constant;
  const external = 1;
  const data =
    'data' in constant
      ? [bytes(9, constant.data)]
      : [bytes(13, message(text(1, 'location'), text(2, constant.location))), number(14, external)];
  return message(...shape.map((length) => number(1, length)), number(2, dataTypes[type]), text(8, name), ...data);
}

function valueInfo({ name, type, shape }: Value): Uint8Array {
  const dimensions = shape && message(...shape.map((length) => bytes(1, message(number(1, length)))));
  const tensorType = message(number(1, dataTypes[type]), ...(dimensions ? [bytes(2, dimensions)] : []));
  return message(text(1, name), bytes(2, message(bytes(1, tensorType))));
}

function message(...fields: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return joinBytes(fields);
}

function number(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field << 3), ...varint(value)]);
}

function text(field: number, value: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(value));
}

function bytes(field: number, value: Uint8Array): Uint8Array {
  return message(Uint8Array.from([...varint((field << 3) | 2), ...varint(value.byteLength)]), value);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 0x80))];
}
