import { WasiNNError } from '../standard/error.js';

/** Reads WebAssembly's binary format. Every reading throws a WasiNNError where the bytes end too soon. */
export interface BinaryReader {
  byte(): number;
  /** An unsigned number (LEB128) of at most 32 bits. */
  number(): number;
  /** A length and that many bytes of UTF-8. */
  text(): string;
  /** Passes over a length and that many bytes, and gives them. */
  section(): Uint8Array;
  /** Reads a count, and then something that many times. */
  list<Item>(read: () => Item): Item[];
  atEnd(): boolean;
}

export function createBinaryReader(bytes: Uint8Array, start = 0): BinaryReader {
  let position = start;

  function byte(): number {
    const value = bytes[position++];
    if (value === undefined) throw truncated();
    return value;
  }

  function number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const next = byte();
      value += (next & 0x7f) * 2 ** shift;
      if (next < 0x80) return value;
    }
    throw truncated();
  }

  function section(): Uint8Array {
    const length = number();
    const end = position + length;
    if (end > bytes.byteLength) throw truncated();
    const content = bytes.subarray(position, end);
    position = end;
    return content;
  }

  return {
    byte,
    number,
    section,
    text: () => new TextDecoder().decode(section()),
    list(read) {
      const items = [];
      for (let left = number(); left > 0; left--) items.push(read());
      return items;
    },
    atEnd: () => position >= bytes.byteLength,
  };
}

function truncated(): WasiNNError {
  return new WasiNNError('invalid-argument', 'instantiate: the component is damaged or cut short: download it again');
}
