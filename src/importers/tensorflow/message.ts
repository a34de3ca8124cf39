import { WasiNNError } from '../../standard/error.js';
import { type Field, readFields, readInt32, wireTypes } from '../../standard/protobuf.js';

/** A field of a message, with the bytes that hold it. */
export interface MessageField extends Field {
  readonly message: Uint8Array;
  /** The kind of message that has the field, for error texts. */
  readonly kind: string;
}

/** TensorFlow itself refuses names that are longer than any of these. */
const longestName = 4096;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Visits the fields of a protobuf message in the order of its bytes.
 *
 * @param kind what the message is, for the error's text: `NodeDef`
 * @throws WasiNNError `invalid-encoding` for bytes that are no message
 */
export function visitFields(message: Uint8Array, kind: string, visit: (field: MessageField) => void): void {
  const isWhole = readFields(message, 0, message.byteLength, ({ number, wireType, start, end }) => {
    visit({ number, wireType, start, end, message, kind });
    return true;
  });
  if (!isWhole) throw damaged(`a message of type ${kind} is cut short or malformed`);
}

/** The text that every error about unreadable bytes begins with. */
export function damaged(problem: string): WasiNNError {
  return new WasiNNError('invalid-encoding', `load: the TensorFlow model is damaged: ${problem}`);
}

/** The bytes of a string, of bytes or of an inner message: a view, not a copy. */
export function bytesOf(field: MessageField): Uint8Array {
  expectWireType(field, wireTypes.bytes);
  return field.message.subarray(field.start, field.end);
}

export function textOf(field: MessageField): string {
  const bytes = bytesOf(field);
  if (bytes.byteLength > longestName) {
    throw damaged(
      `a name in a ${field.kind} has ${bytes.byteLength} bytes, the longest name allowed has ${longestName}`,
    );
  }
  return utf8.decode(bytes);
}

/** An `int32`, a `bool` or an enum. */
export function int32Of(field: MessageField): number {
  expectWireType(field, wireTypes.varint);
  return readInt32(field.message, field.start, field.end);
}

/** An `int64` as a number, which is inexact beyond 2^53. */
export function integerOf(field: MessageField): number {
  return Number(bigintOf(field));
}

export function bigintOf(field: MessageField): bigint {
  expectWireType(field, wireTypes.varint);
  return readVarint(field.message, field.start, field.end);
}

export function floatOf(field: MessageField): number {
  expectWireType(field, wireTypes.fixed32);
  return viewOf(field).getFloat32(0, true);
}

/** Visits the values of a repeated `int32`, `int64`, `bool` or enum, be it packed or one of many single fields. */
export function visitIntegers(field: MessageField, visit: (value: bigint) => void): void {
  if (field.wireType === wireTypes.varint) {
    visit(bigintOf(field));
    return;
  }
  const bytes = bytesOf(field);
  for (let at = 0; at < bytes.byteLength; ) {
    let end = at + 1;
    while (end <= bytes.byteLength && (bytes[end - 1] ?? 0) >= 0x80) end++;
    if (end > bytes.byteLength || end - at > 10) throw damaged(`a packed list in a ${field.kind} is malformed`);
    visit(readVarint(bytes, at, end));
    at = end;
  }
}

/** The bytes of a repeated field of fixed width, be it packed or one of many single fields: a view. */
export function fixedOf(field: MessageField, width: 4 | 8): Uint8Array {
  const single = width === 4 ? wireTypes.fixed32 : wireTypes.fixed64;
  if (field.wireType !== single) expectWireType(field, wireTypes.bytes);
  const bytes = field.message.subarray(field.start, field.end);
  if (bytes.byteLength % width !== 0) throw damaged(`a packed list in a ${field.kind} is malformed`);
  return bytes;
}

/** An entry of a protobuf map with names as keys. */
export function entryOf(field: MessageField): { key: string; value: Uint8Array } {
  let key = '';
  let value: Uint8Array = new Uint8Array();
  visitFields(bytesOf(field), 'MapEntry', (inner) => {
    if (inner.number === 1) key = textOf(inner);
    if (inner.number === 2) value = bytesOf(inner);
  });
  return { key, value };
}

function readVarint(bytes: Uint8Array, start: number, end: number): bigint {
  if (end - start < 5) return BigInt(readInt32(bytes, start, end));
  let value = 0n;
  for (let at = end - 1; at >= start; at--) value = (value << 7n) | BigInt((bytes[at] ?? 0) & 0x7f);
  return BigInt.asIntN(64, value);
}

function viewOf({ message, start, end }: MessageField): DataView {
  return new DataView(message.buffer, message.byteOffset + start, end - start);
}

function expectWireType(field: MessageField, expected: number): void {
  if (field.wireType === expected) return;
  throw damaged(`field ${field.number} of a ${field.kind} has the wire type ${field.wireType} instead of ${expected}`);
}
