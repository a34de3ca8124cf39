import { quote, WasiNNError } from '../../standard/error.js';

/** What is read of a GGUF file before llama.cpp gets it. */
export interface GgufDescription {
  readonly architecture: string | undefined;
  /** How many tokens the model was trained for, at most, at a time. */
  readonly contextTokens: number | undefined;
  /** Whether it says how the embeddings of tokens become one. */
  readonly hasPooling: boolean;
  /** How many files the model was split into; 1 for a whole one. */
  readonly splitCount: number;
  /** The text of a token; empty where the file has none. */
  tokenText(token: number): string;
}

/** How many bytes numbers have, as GGUF names their types. */
export const numberBytes: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};
const stringType = 8;
const arrayType = 9;

/** No model has more entries, and none lists more tokens. Bounds keep damaged files from taking long. */
const maximumEntries = 65_536;
const maximumElements = 4_194_304;
/** A list in a list in a list: llama.cpp itself takes none. */
const maximumDepth = 4;
const maximumNameBytes = 65_535;

const decoder = new TextDecoder();

/**
 * Reads the metadata of a GGUF file.
 *
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 * @throws WasiNNError `invalid-encoding` for what is damaged, `unsupported-operation` for another version of the format
 */
export function readGguf(bytes: Uint8Array): GgufDescription {
  const reader = new Reader(bytes);
  if (reader.text(4) !== 'GGUF') throw damaged('it does not begin with "GGUF"');
  const version = reader.u32();
  if (version !== 2 && version !== 3) throw otherVersion(version);
  reader.u64('number of tensors');
  const count = reader.u64('number of entries');
  if (count > maximumEntries) throw damaged(`it says that it has ${count} entries of metadata`);
  const entries = new Map<string, string | number>();
  let tokenText: GgufDescription['tokenText'] = () => '';
  for (let index = 0; index < count; index++) {
    const name = reader.text(reader.u64('length of a name', maximumNameBytes));
    const type = reader.u32();
    if (name === 'tokenizer.ggml.tokens' && type === arrayType) tokenText = reader.strings();
    else if (type === stringType) entries.set(name, reader.text(reader.u64('length of a text')));
    else if (type === 4 || type === 2) entries.set(name, type === 4 ? reader.u32() : reader.u16());
    else reader.skip(type, name);
  }
  const number = (name: string) => {
    const value = entries.get(name);
    return typeof value === 'number' ? value : undefined;
  };
  const architecture = entries.get('general.architecture');
  return {
    architecture: typeof architecture === 'string' ? architecture : undefined,
    contextTokens: number(`${architecture}.context_length`),
    hasPooling: number(`${architecture}.pooling_type`) !== undefined,
    splitCount: number('split.count') || 1,
    tokenText,
  };
}

/** Reads little-endian values one after another. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(what: string, limit = this.#bytes.byteLength): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value <= BigInt(limit)) return Number(value);
    throw damaged(`the ${what} at byte ${this.#at - 8} is ${value}, more than ${limit}`);
  }

  text(byteLength: number): string {
    return decoder.decode(this.#string(byteLength));
  }

  /** A list of texts, by their indices. It is a copy, so that nobody keeps the whole file for it. */
  strings(): (index: number) => string {
    const type = this.u32();
    const length = this.u64('length of a list', maximumElements);
    if (type !== stringType) throw damaged(`its list of tokens has elements of the type ${type}`);
    const start = this.#at;
    const ends: number[] = [];
    const starts: number[] = [];
    for (let index = 0; index < length; index++) {
      const byteLength = this.u64('length of a token');
      starts.push(this.#at - start);
      this.#take(byteLength);
      ends.push(this.#at - start);
    }
    const copy = this.#bytes.slice(start, this.#at);
    return (index) => decoder.decode(copy.subarray(starts[index] ?? 0, ends[index] ?? 0));
  }

  skip(type: number, name: string, depth = 0): void {
    const bytes = numberBytes[type];
    if (bytes !== undefined) this.#take(bytes);
    else if (type === stringType) this.#string(this.u64('length of a text'));
    else if (type === arrayType && depth < maximumDepth) this.#skipArray(name, depth + 1);
    else throw damaged(`the entry ${quote(name)} has the type ${type}`);
  }

  #skipArray(name: string, depth: number): void {
    const type = this.u32();
    const length = this.u64('length of a list');
    const bytes = numberBytes[type];
    if (bytes !== undefined) this.#take(bytes * length);
    else for (let index = 0; index < length; index++) this.skip(type, name, depth);
  }

  #string(byteLength: number): Uint8Array {
    const start = this.#take(byteLength);
    return this.#bytes.subarray(start, start + byteLength);
  }

  #take(byteLength: number): number {
    const start = this.#at;
    if (start + byteLength > this.#bytes.byteLength) {
      throw damaged(`it ends after ${this.#bytes.byteLength} bytes, within its metadata`);
    }
    this.#at += byteLength;
    return start;
  }
}

function damaged(reason: string): WasiNNError {
  return new WasiNNError('invalid-encoding', `load: the GGUF file is damaged: ${reason}; fetch or export it again`);
}

function otherVersion(version: number): WasiNNError {
  if (version % 65_536 === 0) {
    const text = 'load: the GGUF file is big-endian, and llama.cpp reads little-endian ones here: convert it';
    return new WasiNNError('unsupported-operation', text);
  }
  const text = `load: the GGUF file is of version ${version} of the format: convert it to version 3`;
  return new WasiNNError('unsupported-operation', text);
}
