import { WasiNNError } from '../../standard/error.js';

/**
 * Reads tables of a FlatBuffer whose bytes may be anything: every offset and length is checked before it is followed. A
 * file that is in order has each of its elements once, so the elements that are read are counted: a hostile file in
 * which many vectors share their bytes ends with an error, not with hours of work.
 */
export interface Table {
  uint8(field: number, absent: number): number;
  uint32(field: number, absent: number): number;
  /** Absent: none. */
  text(field: number, maximumBytes: number): string | undefined;
  table(field: number): Table | undefined;
  /** Absent vectors are empty ones, here and below. */
  tables(field: number): Tables;
  /** The first numbers of a vector, at most `limit`; the same below. */
  int32s(field: number, limit: number): readonly number[];
  float32s(field: number, limit: number): readonly number[];
  /** Those beyond 2^53 lose digits. */
  int64s(field: number, limit: number): readonly number[];
}

/** A vector of tables, which are read one by one: a vector may claim to have millions. */
export interface Tables extends Iterable<Table> {
  readonly length: number;
  /** The table at an index; nothing where there is none. */
  at(index: number): Table | undefined;
}

/**
 * The root table of a file.
 *
 * @param identifier the four characters that stand behind the root's offset
 * @throws WasiNNError `invalid-encoding`, here and from every function of the tables, that says what is out of bounds
 */
export function readRoot(bytes: Uint8Array, identifier: string): Table {
  const file: File = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), elements: 0 };
  const found = String.fromCharCode(...bytes.subarray(4, 8));
  if (found !== identifier) throw damaged(`bytes 4 to 7 are ${JSON.stringify(found)}, not "${identifier}"`);
  return tableAt(file, uint32At(file, 0));
}

export function damaged(what: string): WasiNNError {
  return new WasiNNError('invalid-encoding', `load: this is no TensorFlow Lite model, or a damaged one: ${what}`);
}

interface File {
  readonly view: DataView;
  /** How many elements of vectors have been read. */
  elements: number;
}

interface Vector {
  readonly start: number;
  readonly length: number;
}

function tableAt(file: File, position: number): Table {
  const { view } = file;
  const layout = position - int32At(file, position);
  const layoutBytes = uint16At(file, layout);
  check(file, layout, layoutBytes);

  /** Where the value of a field lies; nothing where the table does not have it. */
  function place(field: number): number | undefined {
    const entry = 4 + field * 2;
    if (entry + 2 > layoutBytes) return undefined;
    const offset = uint16At(file, layout + entry);
    return offset === 0 ? undefined : position + offset;
  }

  function target(field: number): number | undefined {
    const at = place(field);
    return at === undefined ? undefined : at + uint32At(file, at);
  }

  function numbers(field: number, limit: number, width: number, read: (at: number) => number): readonly number[] {
    const { start, length } = vectorAt(file, target(field), width);
    return Array.from({ length: Math.min(length, limit) }, (_, index) => read(start + index * width));
  }

  return {
    uint8(field, absent) {
      const at = place(field);
      if (at === undefined) return absent;
      check(file, at, 1);
      return view.getUint8(at);
    },
    uint32(field, absent) {
      const at = place(field);
      return at === undefined ? absent : uint32At(file, at);
    },
    text(field, maximumBytes) {
      const at = target(field);
      if (at === undefined) return undefined;
      const { start, length } = vectorAt(file, at, 1);
      if (length > maximumBytes) throw damaged(`a name has ${length} bytes, more than ${maximumBytes}`);
      return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + start, length));
    },
    table(field) {
      const at = target(field);
      return at === undefined ? undefined : tableAt(file, at);
    },
    tables: (field) => tablesOf(file, vectorAt(file, target(field), 4)),
    int32s: (field, limit) => numbers(field, limit, 4, (at) => view.getInt32(at, true)),
    float32s: (field, limit) => numbers(field, limit, 4, (at) => view.getFloat32(at, true)),
    int64s: (field, limit) => numbers(field, limit, 8, (at) => Number(view.getBigInt64(at, true))),
  };
}

function tablesOf(file: File, { start, length }: Vector): Tables {
  function at(index: number): Table | undefined {
    if (!(index >= 0 && index < length)) return undefined;
    const entry = start + index * 4;
    return tableAt(file, entry + uint32At(file, entry));
  }
  return {
    length,
    at,
    *[Symbol.iterator]() {
      for (let index = 0; index < length; index++) {
        const table = at(index);
        if (table) yield table;
      }
    },
  };
}

function vectorAt(file: File, position: number | undefined, width: number): Vector {
  if (position === undefined) return { start: 0, length: 0 };
  const length = uint32At(file, position);
  const start = position + 4;
  check(file, start, length * width);
  file.elements += length;
  if (file.elements > file.view.byteLength) throw damaged('its vectors overlap');
  return { start, length };
}

function uint16At(file: File, position: number): number {
  check(file, position, 2);
  return file.view.getUint16(position, true);
}

function uint32At(file: File, position: number): number {
  check(file, position, 4);
  return file.view.getUint32(position, true);
}

function int32At(file: File, position: number): number {
  check(file, position, 4);
  return file.view.getInt32(position, true);
}

function check({ view }: File, position: number, bytes: number): void {
  if (position >= 0 && position + bytes <= view.byteLength) return;
  throw damaged(`${bytes} bytes at ${position} are beyond its end at ${view.byteLength}`);
}
