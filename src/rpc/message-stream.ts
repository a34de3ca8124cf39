import { isUint8Array } from '../standard/brand-checks.js';
import { isObjectWith } from '../standard/is-object-with.js';

/**
 * A message as a stream of bytes: the length of a header (u32, little-endian), the header (JSON in UTF-8), then the bytes of
 * each Uint8Array in the message. In the header `{ "bytes": length }` stands for them.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @returns chunks; those of Uint8Arrays are the arrays themselves, not copies */
export function toChunks(message: unknown): Uint8Array[] {
  const arrays: Uint8Array[] = [];
  const plain = copy(message, (value) => {
    if (!isUint8Array(value)) return undefined;
    arrays.push(value);
    return { bytes: value.byteLength };
  });
  const header = encoder.encode(JSON.stringify(plain));
  const { byteLength } = header;
  const length = Uint8Array.of(byteLength, byteLength >>> 8, byteLength >>> 16, byteLength >>> 24);
  return [length, header, ...arrays];
}

/**
 * Copies a message. A function that `JSON.parse` calls for each value makes reading a small message take over twice as long.
 *
 * @param replace gives what stands for an object in the copy. Default: a copy of it
 */
function copy(value: unknown, replace: (value: object) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const replacement = replace(value);
  if (replacement !== undefined) return replacement;
  if (Array.isArray(value)) return value.map((element) => copy(element, replace));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copy(member, replace)]));
}

/** The length of the header, from the first four bytes of a stream. */
export function headerLength([low = 0, second = 0, third = 0, high = 0]: Uint8Array): number {
  return (low | (second << 8) | (third << 16) | (high << 24)) >>> 0;
}

/** A header that has been read, and where the bytes go that follow it. */
export interface IncomingMessage {
  readonly message: unknown;
  /** In the order of the stream, of the lengths that stand in the header. They are zero until they have been filled. */
  readonly arrays: readonly Uint8Array<ArrayBuffer>[];
  /** How many bytes follow the header. */
  readonly byteLength: number;
}

/**
 * @param maximumBytes where more bytes follow the header, the arrays are empty, and nothing is allocated for the bytes
 * @throws SyntaxError for what is no JSON, RangeError for a length that is none
 */
export function parseHeader(header: Uint8Array, maximumBytes: number): IncomingMessage {
  const arrays: Uint8Array<ArrayBuffer>[] = [];
  const plain: unknown = JSON.parse(decoder.decode(header));
  const byteLength = countBytes(plain);
  const message = copy(plain, (value) => {
    const length = lengthOf(value);
    if (length === undefined) return undefined;
    const array = new Uint8Array(byteLength > maximumBytes ? 0 : length);
    arrays.push(array);
    return array;
  });
  return { message, arrays, byteLength };
}

/** How many bytes follow a header. */
function countBytes(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return lengthOf(value) ?? Object.values(value).reduce((sum: number, member) => sum + countBytes(member), 0);
}

/** The length of the bytes that a value of a header stands for; nothing for any other value. */
function lengthOf(value: object): number | undefined {
  if (!isObjectWith(value, 'bytes') || typeof value.bytes !== 'number') return undefined;
  if (Number.isSafeInteger(value.bytes) && value.bytes >= 0) return value.bytes;
  throw new RangeError(`a message has bytes of the length ${value.bytes}`);
}
