import { joinBytes } from '../../standard/join-bytes.js';

/** Pieces of GGUF files, for tests that write some. Numbers are little-endian. */

export function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

export function u64(value: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
}

/** A text behind its length. */
export function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return joinBytes([u64(bytes.byteLength), bytes]);
}

/** An entry of the metadata whose value is a text. */
export function textEntry(name: string, value: string): Uint8Array {
  return joinBytes([text(name), u32(8), text(value)]);
}

/** The beginning of a file: so many tensors, and the entries of its metadata. */
export function head(tensors: number, entries: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return joinBytes([new TextEncoder().encode('GGUF'), u32(3), u64(tensors), u64(entries.length), ...entries]);
}
