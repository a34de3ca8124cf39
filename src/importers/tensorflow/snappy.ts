import { damaged } from './message.js';

/** More than any block of a checkpoint's index has. */
const mostBytes = 16 * 2 ** 20;

/**
 * Decompresses one block of Snappy's raw format.
 *
 * @throws WasiNNError `invalid-encoding` for bytes that are no such block
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */
export function decompressSnappy(bytes: Uint8Array): Uint8Array {
  const header = readLength(bytes);
  const output = new Uint8Array(header.length);
  let from = header.end;
  let to = 0;
  while (from < bytes.byteLength) {
    const tag = readTag(bytes, from);
    from = tag.end;
    if (to + tag.length > output.byteLength) throw broken('more bytes than it announces');
    if (tag.distance === 0) {
      if (from + tag.length > bytes.byteLength) throw broken('a literal beyond its end');
      output.set(bytes.subarray(from, from + tag.length), to);
      from += tag.length;
      to += tag.length;
      continue;
    }
    if (tag.distance > to) throw broken('a copy from before its beginning');
    // Byte for byte: a copy may reach into what it writes.
    for (const end = to + tag.length; to < end; to++) output[to] = output[to - tag.distance] ?? 0;
  }
  if (to !== output.byteLength) throw broken('fewer bytes than it announces');
  return output;
}

interface Tag {
  readonly length: number;
  /** How far back the bytes are that are copied; 0 for bytes that follow. */
  readonly distance: number;
  readonly end: number;
}

function readTag(bytes: Uint8Array, at: number): Tag {
  const byte = bytes[at] ?? 0;
  const upper = byte >> 2;
  switch (byte & 3) {
    case 0: {
      // Lengths from 61 on stand in up to four bytes behind the tag.
      const extra = Math.max(upper - 59, 0);
      const length = (extra === 0 ? upper : readInteger(bytes, at + 1, extra)) + 1;
      return { length, distance: 0, end: at + 1 + extra };
    }
    case 1:
      return { length: (upper & 7) + 4, distance: copied(((upper >> 3) << 8) | (bytes[at + 1] ?? 0)), end: at + 2 };
    case 2:
      return { length: upper + 1, distance: copied(readInteger(bytes, at + 1, 2)), end: at + 3 };
    default:
      return { length: upper + 1, distance: copied(readInteger(bytes, at + 1, 4)), end: at + 5 };
  }
}

function copied(distance: number): number {
  if (distance > 0) return distance;
  throw broken('a copy of what is not yet there');
}

function readInteger(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = count - 1; index >= 0; index--) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}

function readLength(bytes: Uint8Array): { length: number; end: number } {
  let length = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[index] ?? 0x80;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte >= 0x80) continue;
    if (length > mostBytes) break;
    return { length, end: index + 1 };
  }
  throw broken(`an absurd length`);
}

function broken(problem: string) {
  return damaged(`a compressed block of variables.index has ${problem}`);
}
