import { WasiNNError } from '../standard/error.js';

/** Reads WebAssembly's binary format. Every method throws a WasiNNError where the bytes end too soon or are malformed. */
export interface BinaryReader {
  /** The offset of what is read next, from the start of the bytes. */
  position(): number;
  byte(): number;
  /** The byte that is read next. */
  peek(): number;
  /** An unsigned number (LEB128) of at most 32 bits. */
  number(): number;
  /** Passes over a number (LEB128) of at most 64 bits, signed or not. */
  longNumber(): void;
  /** A length and that many bytes of UTF-8. */
  text(): string;
  /** Passes over a length and that many bytes, and gives them. */
  section(): Uint8Array;
  /** Reads a count, and then something that many times. An item has one byte or more. */
  list<Item>(read: () => Item): Item[];
  atEnd(): boolean;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param start where the reading begins, in bytes */
export function createBinaryReader(bytes: Uint8Array, start = 0): BinaryReader {
  let position = start;

  function byte(): number {
    const value = bytes[position++];
    if (value === undefined) throw malformed();
    return value;
  }

  function number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const next = byte();
      value += (next & 0x7f) * 2 ** shift;
      if (next >= 0x80) continue;
      if (value > 0xffff_ffff) break;
      return value;
    }
    throw malformed();
  }

  function longNumber(): void {
    for (let count = 0; count < 10; count++) if (byte() < 0x80) return;
    throw malformed();
  }

  function peek(): number {
    const value = bytes[position];
    if (value === undefined) throw malformed();
    return value;
  }

  function section(): Uint8Array {
    const length = number();
    const end = position + length;
    if (end > bytes.byteLength) throw malformed();
    const content = bytes.subarray(position, end);
    position = end;
    return content;
  }

  function text(): string {
    try {
      return decoder.decode(section());
    } catch {
      throw malformed();
    }
  }

  return {
    position: () => position,
    byte,
    peek,
    number,
    longNumber,
    section,
    text,
    list(read) {
      const count = number();
      if (count > bytes.byteLength - position) throw malformed();
      return Array.from({ length: count }, read);
    },
    atEnd: () => position >= bytes.byteLength,
  };
}

function malformed(): WasiNNError {
  return new WasiNNError('invalid-argument', 'instantiate: the component is damaged or cut short: download it again');
}
