import { joinBytes } from '../../standard/join-bytes.js';
import { maskedCrc32c } from './crc32c.js';
import { damaged } from './message.js';
import { decompressSnappy } from './snappy.js';

// The format of LevelDB's tables, in which a checkpoint keeps what it knows of its tensors: blocks of entries in the order
// of their keys, and a block that says where the others are.
// See https://github.com/google/leveldb/blob/main/doc/table_format.md

const footerBytes = 48;

/** Behind each block: how it is compressed, and a checksum. */
const trailerBytes = 5;

const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];

/** A checkpoint has one entry for each variable. */
const mostEntries = 200_000;

const longestKey = 4096;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Whether the bytes end as a table does. */
export function isSortedTable(bytes: Uint8Array): boolean {
  const start = bytes.byteLength - magic.length;
  return bytes.byteLength >= footerBytes && magic.every((byte, index) => bytes[start + index] === byte);
}

/**
 * Reads all entries of a table.
 *
 * @throws WasiNNError `invalid-encoding` for bytes that are no table, or that its checksums do not fit
 */
export function readSortedTable(bytes: Uint8Array): Map<string, Uint8Array> {
  if (!isSortedTable(bytes)) throw damaged('variables.index is cut short, or is no index of a checkpoint');
  const footer = new Cursor(bytes.subarray(-footerBytes));
  // The footer's first handle is that of a block about blocks, which checkpoints do not use.
  footer.handle();
  const entries = new Map<string, Uint8Array>();
  let count = 0;
  for (const { value } of readBlock(bytes, footer.handle())) {
    const block = readBlock(bytes, new Cursor(value).handle());
    // The same block again and again would take for ever without making the map larger.
    count += block.length + 1;
    if (count > mostEntries) throw damaged(`variables.index has more than ${mostEntries} entries`);
    for (const entry of block) entries.set(entry.key, entry.value);
  }
  return entries;
}

interface Handle {
  readonly offset: number;
  readonly size: number;
}

function readBlock(bytes: Uint8Array, { offset, size }: Handle): Entry[] {
  const end = offset + size;
  if (end + trailerBytes > bytes.byteLength) throw damaged('a block of variables.index is beyond its end');
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + end, trailerBytes);
  if (trailer.getUint32(1, true) !== maskedCrc32c(bytes.subarray(offset, end + 1))) {
    throw damaged('a block of variables.index does not fit its checksum');
  }
  const compression = trailer.getUint8(0);
  if (compression > 1) throw damaged(`a block of variables.index has the unknown compression ${compression}`);
  const content = bytes.subarray(offset, end);
  return readEntries(compression === 1 ? decompressSnappy(content) : content);
}

/** The entries of a block. Behind them is a list of some of their places, for a binary search. */
function readEntries(block: Uint8Array): Entry[] {
  if (block.byteLength < 4) throw damaged('a block of variables.index is too short');
  const restarts = new DataView(block.buffer, block.byteOffset).getUint32(block.byteLength - 4, true);
  const end = block.byteLength - 4 * (restarts + 1);
  if (end < 0) throw damaged('a block of variables.index is too short for its restarts');
  const cursor = new Cursor(block.subarray(0, end));
  const entries: Entry[] = [];
  let key: Uint8Array = new Uint8Array();
  while (!cursor.isAtEnd) {
    const shared = cursor.integer();
    const unshared = cursor.integer();
    const valueBytes = cursor.integer();
    if (shared > key.byteLength || shared + unshared > longestKey || entries.length > mostEntries) {
      throw damaged('an entry of variables.index is malformed');
    }
    // Only what differs from the key before is written.
    key = joinBytes([key.subarray(0, shared), cursor.take(unshared)]);
    entries.push({ key: utf8.decode(key), value: cursor.take(valueBytes) });
  }
  return entries;
}

/** Reads one thing behind the other. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.byteLength;
  }

  take(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#bytes.byteLength) throw damaged('a block of variables.index is cut short');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** A varint, which is below 2^53 wherever it is about something that exists. */
  integer(): number {
    let value = 0;
    for (let shift = 0; shift < 7; shift++) {
      const byte = this.take(1)[0] ?? 0;
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (byte < 0x80) return value;
    }
    throw damaged('a number in variables.index is absurd');
  }

  handle(): Handle {
    return { offset: this.integer(), size: this.integer() };
  }
}
