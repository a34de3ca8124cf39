import { quote, WasiNNError } from '../../standard/error.js';
import { joinBytes } from '../../standard/join-bytes.js';
import { dataBytes, type ElementType } from '../onnx/element-types.js';
import type { Dimension, Shape, Tensor } from '../onnx/model.js';
import { elementTypeOf } from './data-types.js';
import {
  bytesOf,
  damaged,
  fixedOf,
  int32Of,
  integerOf,
  type MessageField,
  visitFields,
  visitIntegers,
} from './message.js';

/** TensorFlow has no tensors of more axes than this. */
const maximumRank = 254;

/** What one constant may grow to that the model writes as one repeated value. */
const maximumRepeatedBytes = 64 * 2 ** 20;

const maximumBytes = 2 ** 31 - 1;

/** How the fields of `TensorProto` that list numbers write them. */
const valueFields: ReadonlyMap<number, 'fixed32' | 'fixed64' | 'varint'> = new Map([
  [5, 'fixed32'],
  [6, 'fixed64'],
  [7, 'varint'],
  [10, 'varint'],
  [11, 'varint'],
  [13, 'varint'],
  [16, 'varint'],
  [17, 'varint'],
]);

/**
 * Reads a `TensorShapeProto`.
 *
 * @returns undefined where the rank is unknown
 */
export function readShape(message: Uint8Array): Shape | undefined {
  const axes: Dimension[] = [];
  let isUnknown = false;
  visitFields(message, 'TensorShapeProto', (field) => {
    if (field.number === 2) axes.push(readAxis(bytesOf(field)));
    if (field.number === 3) isUnknown = int32Of(field) !== 0;
    if (axes.length > maximumRank) throw damaged(`a shape has more than ${maximumRank} axes`);
  });
  return isUnknown ? undefined : axes;
}

/**
 * Reads a `TensorProto` of numbers in any of its encodings: raw content, or lists of values, of which the last stands
 * for all that are missing.
 *
 * @param name the node that has it, for error texts
 * @returns a tensor whose data is a view of `message` where the encoding allows it
 * @throws WasiNNError `invalid-encoding` where values and shape do not agree; `unsupported-operation` for elements that
 *   are no numbers; `too-large` for an absurd shape
 */
export function readTensor(message: Uint8Array, name: string): Tensor {
  let typeNumber = 0;
  let shape: Shape | undefined = [];
  let content: Uint8Array | undefined;
  const values: MessageField[] = [];
  visitFields(message, 'TensorProto', (field) => {
    if (field.number === 1) typeNumber = int32Of(field);
    if (field.number === 2) shape = readShape(bytesOf(field));
    if (field.number === 4) content = bytesOf(field);
    if (valueFields.has(field.number)) values.push(field);
  });

  const type = elementTypeOf(typeNumber, name);
  const dims = fixedDimensions(shape, name);
  const byteLength = tensorBytes(type, dims, name);
  if (content?.byteLength === byteLength) return { type, dims, data: content };
  if (content && content.byteLength > 0) {
    throw damaged(`the constant ${quote(name)} has ${content.byteLength} bytes, its type and shape need ${byteLength}`);
  }
  return { type, dims, data: repeatLast(readValues(values, type), byteLength, dataBytes(type, 1), name) };
}

/** The strings of a `TensorProto`, such as the names of what a checkpoint holds. */
export function readStrings(message: Uint8Array): Uint8Array[] {
  const strings: Uint8Array[] = [];
  visitFields(message, 'TensorProto', (field) => {
    if (field.number === 8) strings.push(bytesOf(field));
  });
  return strings;
}

/** @throws WasiNNError `invalid-encoding` for a shape with an axis of unknown length */
export function fixedDimensions(shape: Shape | undefined, name: string): readonly number[] {
  const dims = shape?.filter((length) => typeof length === 'number');
  if (dims === undefined || dims.length !== shape?.length) {
    throw damaged(`the constant ${quote(name)} has no shape, or one with an axis of unknown length`);
  }
  return dims;
}

/** @throws WasiNNError `too-large` for a tensor that has no place in an ONNX model */
export function tensorBytes(type: ElementType, dims: readonly number[], name: string): number {
  const bytes = dataBytes(
    type,
    dims.reduce((product, length) => product * length, 1),
  );
  if (bytes <= maximumBytes) return bytes;
  throw new WasiNNError(
    'too-large',
    `load: the constant ${quote(name)} has the shape [${dims.join(', ')}], but no tensor may have more than 2 GiB`,
  );
}

function readAxis(message: Uint8Array): Dimension {
  let size = 0;
  visitFields(message, 'TensorShapeProto.Dim', (field) => {
    if (field.number === 1) size = integerOf(field);
  });
  return size < 0 ? '?' : size;
}

/** The values that are written out. Floats lie in the message as they do in memory, so theirs are a view of it. */
function readValues(fields: readonly MessageField[], type: ElementType): Uint8Array {
  const [first] = fields;
  if (!first) return new Uint8Array();
  const encoding = valueFields.get(first.number);
  if (encoding === 'varint') return readIntegers(fields, dataBytes(type, 1));
  const parts = fields.map((field) => fixedOf(field, encoding === 'fixed32' ? 4 : 8));
  const [only] = parts;
  return only && parts.length === 1 ? only : joinBytes(parts);
}

function readIntegers(fields: readonly MessageField[], width: number): Uint8Array {
  let count = 0;
  for (const field of fields) visitIntegers(field, () => count++);
  const view = new DataView(new ArrayBuffer(count * width));
  let at = 0;
  for (const field of fields) {
    visitIntegers(field, (value) => {
      if (width === 8) view.setBigInt64(at, value, true);
      else if (width === 4) view.setInt32(at, Number(BigInt.asIntN(32, value)), true);
      else if (width === 2) view.setInt16(at, Number(BigInt.asIntN(16, value)), true);
      else view.setInt8(at, Number(BigInt.asIntN(8, value)));
      at += width;
    });
  }
  return new Uint8Array(view.buffer);
}

function repeatLast(values: Uint8Array, byteLength: number, width: number, name: string): Uint8Array {
  if (values.byteLength === byteLength) return values;
  if (values.byteLength > byteLength || values.byteLength % width !== 0) {
    throw damaged(
      `the constant ${quote(name)} has values of ${values.byteLength} bytes, its shape needs ${byteLength}`,
    );
  }
  if (byteLength > maximumRepeatedBytes) {
    throw new WasiNNError(
      'too-large',
      `load: the constant ${quote(name)} repeats a value up to ${byteLength} bytes, the limit is ${maximumRepeatedBytes}`,
    );
  }
  const whole = new Uint8Array(byteLength);
  whole.set(values);
  const last = values.subarray(values.byteLength - width);
  if (last.every((byte) => byte === 0)) return whole;
  whole.set(last, values.byteLength);
  // Twice as much each time.
  for (let done = width; done < byteLength - values.byteLength; done *= 2) {
    whole.copyWithin(values.byteLength + done, values.byteLength, values.byteLength + done);
  }
  return whole;
}
