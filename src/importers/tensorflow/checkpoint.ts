import { quote } from '../../standard/error.js';
import type { Shape, Tensor } from '../onnx/model.js';
import { maskedCrc32c } from './crc32c.js';
import { elementTypeOf } from './data-types.js';
import { bytesOf, damaged, fixedOf, int32Of, integerOf, visitFields } from './message.js';
import { readSortedTable } from './sorted-table.js';
import { fixedDimensions, readShape, tensorBytes } from './tensor-proto.js';

/** The tensors of a checkpoint: `variables.index` and `variables.data-00000-of-00001`. */
export interface Checkpoint {
  has(key: string): boolean;
  /**
   * A tensor, as a view of the checkpoint's data.
   *
   * @throws WasiNNError `invalid-encoding` where the data is cut short, or does not fit its checksum
   */
  read(key: string): Tensor;
  /** The bytes of a string without axes. */
  readString(key: string): Uint8Array | undefined;
}

/** `BundleEntryProto` */
interface Entry {
  readonly type: number;
  readonly shape: Shape | undefined;
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  readonly checksum: number;
  readonly isSliced: boolean;
}

/**
 * @throws WasiNNError `invalid-encoding` for an index that is none, or for a checkpoint in several files
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto
 */
export function openCheckpoint(index: Uint8Array, data: Uint8Array): Checkpoint {
  const entries = readSortedTable(index);
  checkHeader(entries.get(''));
  const find = (key: string): Entry => {
    const entry = entries.get(key);
    if (!entry) throw damaged(`variables.index has no tensor ${quote(key)}`);
    return readEntry(entry);
  };
  return {
    has: (key) => key !== '' && entries.has(key),
    read: (key) => readTensor(find(key), key, data),
    readString: (key) => (entries.has(key) ? readString(find(key), key, data) : undefined),
  };
}

function checkHeader(header: Uint8Array | undefined): void {
  if (!header) throw damaged('variables.index has no header');
  let shards = 1;
  let isBigEndian = false;
  visitFields(header, 'BundleHeaderProto', (field) => {
    if (field.number === 1) shards = int32Of(field);
    if (field.number === 2) isBigEndian = int32Of(field) === 1;
  });
  if (isBigEndian) throw damaged('the checkpoint is big-endian, and only little-endian ones can be read');
  if (shards === 1) return;
  throw damaged(`the checkpoint has ${shards} data files, and exactly one (variables.data-00000-of-00001) can be read`);
}

function readEntry(message: Uint8Array): Entry {
  let [type, shard, offset, size, checksum] = [0, 0, 0, 0, 0];
  let shape: Shape | undefined = [];
  let isSliced = false;
  visitFields(message, 'BundleEntryProto', (field) => {
    if (field.number === 1) type = int32Of(field);
    if (field.number === 2) shape = readShape(bytesOf(field));
    if (field.number === 3) shard = int32Of(field);
    if (field.number === 4) offset = integerOf(field);
    if (field.number === 5) size = integerOf(field);
    if (field.number === 6) checksum = readFixed32(fixedOf(field, 4));
    if (field.number === 7) isSliced = true;
  });
  return { type, shape, shard, offset, size, checksum, isSliced };
}

function readFixed32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

function readTensor(entry: Entry, key: string, data: Uint8Array): Tensor {
  const name = `variable ${key}`;
  if (entry.isSliced) throw damaged(`the ${name} is stored in slices, which cannot be read: save the model again`);
  const type = elementTypeOf(entry.type, name);
  const dims = fixedDimensions(entry.shape, name);
  const expected = tensorBytes(type, dims, name);
  if (entry.size !== expected) {
    throw damaged(`the variable ${quote(key)} has ${entry.size} bytes, its type and shape need ${expected}`);
  }
  const bytes = dataOf(entry, key, data);
  if (maskedCrc32c(bytes) !== entry.checksum) throw damaged(`the variable ${quote(key)} does not fit its checksum`);
  return { type, dims, data: bytes };
}

/** Strings stand behind a varint for the length of each, and a checksum of these. */
function readString(entry: Entry, key: string, data: Uint8Array): Uint8Array {
  const bytes = dataOf(entry, key, data);
  let length = 0;
  for (let at = 0; at < 5; at++) {
    const byte = bytes[at] ?? 0x80;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte >= 0x80) continue;
    const start = at + 1 + 4;
    if (start + length > bytes.byteLength) break;
    return bytes.subarray(start, start + length);
  }
  throw damaged(`the string ${quote(key)} in the checkpoint is malformed`);
}

function dataOf({ offset, size, shard }: Entry, key: string, data: Uint8Array): Uint8Array {
  if (shard === 0 && offset >= 0 && size >= 0 && offset + size <= data.byteLength) {
    return data.subarray(offset, offset + size);
  }
  throw damaged(
    `the variable ${quote(key)} is at the bytes ${offset} to ${offset + size} of the checkpoint's data, which has ${data.byteLength}`,
  );
}
