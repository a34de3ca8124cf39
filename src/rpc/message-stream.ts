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
  const header = encoder.encode(
    JSON.stringify(message, (_, value: unknown) => {
      if (!isUint8Array(value)) return value;
      arrays.push(value);
      return { bytes: value.byteLength };
    }),
  );
  const { byteLength } = header;
  const length = Uint8Array.of(byteLength, byteLength >>> 8, byteLength >>> 16, byteLength >>> 24);
  return [length, header, ...arrays];
}

/** The length of the header, from the first four bytes of a stream. */
export function headerLength([low = 0, second = 0, third = 0, high = 0]: Uint8Array): number {
  return (low | (second << 8) | (third << 16) | (high << 24)) >>> 0;
}

/** A header that has been read, and where the bytes go that follow it. */
export interface IncomingMessage {
  readonly message: unknown;
  /** In the order of the stream, of the lengths that the header tells. They are zero until they have been filled. */
  readonly arrays: readonly Uint8Array<ArrayBuffer>[];
  /** How many bytes follow the header. */
  readonly byteLength: number;
}

/**
 * @param maximumBytes where more bytes follow the header, the arrays are empty, and nothing is allocated for the bytes
 * @throws SyntaxError for what is no JSON, RangeError for a length that is none
 */
export function parseHeader(header: Uint8Array, maximumBytes: number): IncomingMessage {
  const lengths: number[] = [];
  const arrays: Uint8Array<ArrayBuffer>[] = [];
  const text = decoder.decode(header);
  JSON.parse(text, (_, value: unknown) => {
    const length = lengthOf(value);
    if (length !== undefined) lengths.push(length);
    return value;
  });
  const byteLength = lengths.reduce((sum, length) => sum + length, 0);
  const message: unknown = JSON.parse(text, (_, value: unknown) => {
    const length = lengthOf(value);
    if (length === undefined) return value;
    const array = new Uint8Array(byteLength > maximumBytes ? 0 : length);
    arrays.push(array);
    return array;
  });
  return { message, arrays, byteLength };
}

/** The length of the bytes that a value of a header stands for; nothing for any other value. */
function lengthOf(value: unknown): number | undefined {
  if (!isObjectWith(value, 'bytes') || typeof value.bytes !== 'number') return undefined;
  if (Number.isSafeInteger(value.bytes) && value.bytes >= 0) return value.bytes;
  throw new RangeError(`a message has bytes of the length ${value.bytes}`);
}
