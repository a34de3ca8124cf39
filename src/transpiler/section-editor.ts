import { joinBytes } from '../standard/join-bytes.js';
import { type BinaryReader, createBinaryReader } from './binary-reader.js';

/** Reads bytes, and makes a copy of them in which names and sections may be others. */
export interface SectionEditor extends BinaryReader {
  /** The offset of what is read next, from the start of the file. */
  offset(): number;
  /** Reads a name, and replaces it. */
  replaceText(replace: (name: string, offset: number) => string): void;
  /** Reads a length and that many bytes, and replaces them. */
  replaceSection(replace: (content: Uint8Array, offset: number) => Uint8Array): void;
  /** Leaves out what has been read since an offset. */
  drop(from: number): void;
  finish(): Uint8Array;
}

/** @param base where the bytes begin in their file */
export function createSectionEditor(bytes: Uint8Array, base: number, start = 0): SectionEditor {
  const reader = createBinaryReader(bytes, start);
  const pieces: Uint8Array[] = [];
  let copied = 0;

  /** Has new bytes take the place of those from an offset in the bytes to where the reader is. */
  function replaceFrom(from: number, ...replacement: readonly Uint8Array[]): void {
    pieces.push(bytes.subarray(copied, from), ...replacement);
    copied = reader.position();
  }

  return {
    ...reader,
    offset: () => base + reader.position(),
    replaceText(replace) {
      const from = reader.position();
      const name = reader.text();
      const replacement = replace(name, base + from);
      if (replacement === name) return;
      const encoded = new TextEncoder().encode(replacement);
      replaceFrom(from, encodeNumber(encoded.byteLength), encoded);
    },
    replaceSection(replace) {
      const from = reader.position();
      const content = reader.section();
      const replacement = replace(content, base + reader.position() - content.byteLength);
      replaceFrom(from, encodeNumber(replacement.byteLength), replacement);
    },
    drop: (from) => replaceFrom(from - base),
    finish() {
      replaceFrom(reader.position());
      return joinBytes(pieces);
    },
  };
}

/** An unsigned number (LEB128). */
function encodeNumber(number: number): Uint8Array {
  const bytes: number[] = [];
  let left = number;
  for (; left > 0x7f; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  return Uint8Array.of(...bytes, left);
}
