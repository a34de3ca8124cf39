import { WasiNNError } from '../standard/error.js';

/** What a component asks of its host and offers to it, as its binary says at the top level. */
export interface ComponentInterface {
  /** The names of what is imported: `wasi:nn/graph@0.2.0-rc-2024-10-28`. */
  readonly imports: readonly string[];
  /** The names of exported functions: `classify`. */
  readonly functions: readonly string[];
  /** The names of exported interfaces: `wasi:cli/run@0.2.12`. */
  readonly interfaces: readonly string[];
}

const preamble = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const section = { import: 10, export: 11 };
const sort = { core: 0, function: 1, value: 2, type: 3, instance: 5 };

/**
 * Reads a component's imports and exports (Component Model, Binary.md).
 *
 * @throws WasiNNError `invalid-argument` for bytes that are no component
 */
export function readComponent(bytes: Uint8Array): ComponentInterface {
  if (preamble.some((byte, index) => bytes[index] !== byte)) throw notAComponent();
  const imports: string[] = [];
  const functions: string[] = [];
  const interfaces: string[] = [];

  const reader = createReader(bytes, preamble.length);
  while (!reader.atEnd()) {
    const id = reader.byte();
    const end = reader.length() + reader.position();
    if (id === section.import) {
      repeat(reader, () => {
        const { name, kind } = readImport(reader);
        // Types that an imported interface defines are imported once more, by themselves: nobody has to provide those.
        if (kind !== sort.type) imports.push(name);
      });
    }
    if (id === section.export) {
      repeat(reader, () => {
        const { name, kind } = readExport(reader);
        if (kind === sort.function) functions.push(name);
        if (kind === sort.instance) interfaces.push(name);
      });
    }
    reader.seek(end);
  }
  return { imports, functions, interfaces };
}

function notAComponent(): WasiNNError {
  return new WasiNNError(
    'invalid-argument',
    'instantiate: expected a WebAssembly component or module, but the bytes are neither: check the URL',
  );
}

function readImport(reader: Reader): { name: string; kind: number } {
  return { name: readName(reader), kind: readDescription(reader) };
}

function readExport(reader: Reader): { name: string; kind: number } {
  const name = readName(reader);
  const kind = reader.byte();
  if (kind === sort.core) reader.byte();
  reader.length();
  if (reader.byte() === 1) readDescription(reader);
  return { name, kind };
}

function readName(reader: Reader): string {
  reader.byte();
  return reader.text(reader.length());
}

/** Reads an `externdesc`: what is imported or exported, of which only the sort matters here. */
function readDescription(reader: Reader): number {
  const kind = reader.byte();
  if (kind === sort.core) reader.byte();
  if (kind === sort.value || kind === sort.type) {
    const bound = reader.byte();
    const isSubResource = kind === sort.type && bound === 1;
    if (isSubResource) return kind;
  }
  reader.length();
  return kind;
}

interface Reader {
  byte(): number;
  /** An unsigned LEB128 number. */
  length(): number;
  text(length: number): string;
  position(): number;
  seek(position: number): void;
  atEnd(): boolean;
}

function createReader(bytes: Uint8Array, start: number): Reader {
  let position = start;
  const byte = () => {
    const value = bytes[position++];
    if (value === undefined) throw truncated();
    return value;
  };
  return {
    byte,
    length() {
      let value = 0;
      for (let shift = 0; shift < 35; shift += 7) {
        const next = byte();
        value += (next & 0x7f) * 2 ** shift;
        if (next < 0x80) return value;
      }
      throw truncated();
    },
    text(length) {
      const end = position + length;
      if (end > bytes.byteLength) throw truncated();
      const text = new TextDecoder().decode(bytes.subarray(position, end));
      position = end;
      return text;
    },
    position: () => position,
    seek(target) {
      if (target > bytes.byteLength) throw truncated();
      position = target;
    },
    atEnd: () => position >= bytes.byteLength,
  };
}

function repeat(reader: Reader, read: () => void): void {
  for (let left = reader.length(); left > 0; left--) read();
}

function truncated(): WasiNNError {
  return new WasiNNError('invalid-argument', 'instantiate: the component is damaged or cut short: download it again');
}
