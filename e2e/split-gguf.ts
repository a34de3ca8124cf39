import { text, u32, u64 } from '../src/backends/text/gguf.fixture.js';
import { numberBytes } from '../src/backends/text/gguf.js';

/** Splits a GGUF model into two files, as `gguf-split` of llama.cpp does: the first has the metadata, and each has its tensors. */

type Bytes = Uint8Array<ArrayBuffer>;

interface Tensor {
  /** Its entry in the list of tensors, up to the offset of its data. */
  readonly entry: Uint8Array;
  readonly offset: number;
}

/** Where no metadata says otherwise. */
const alignment = 32;

export function splitGguf(model: Uint8Array): readonly [Bytes, Bytes] {
  const reader = new Reader(model);
  const [tensorCount, entryCount] = [reader.u64(), reader.u64()];
  const start = reader.at;
  for (let entry = 0; entry < entryCount; entry++) {
    reader.skipText();
    reader.skipValue(reader.u32());
  }
  const metadata = model.subarray(start, reader.at);
  const tensors: Tensor[] = [];
  while (tensors.length < tensorCount) {
    const begin = reader.at;
    reader.skipText();
    reader.skip(reader.u32() * 8 + 4);
    tensors.push({ entry: model.subarray(begin, reader.at), offset: reader.u64() });
  }
  const data = model.subarray(Math.ceil(reader.at / alignment) * alignment);
  const middle = tensors.length >> 1;
  const cut = tensors[middle]?.offset ?? 0;
  const about = (number: number) => [u16Entry('split.no', number), u16Entry('split.count', 2), countEntry(tensorCount)];
  return [
    file([metadata, ...about(0)], entryCount + 3, tensors.slice(0, middle), 0, data.subarray(0, cut)),
    file(about(1), 3, tensors.slice(middle), cut, data.subarray(cut)),
  ];
}

class Reader {
  /** Behind "GGUF" and the version. */
  at = 8;
  readonly #view: DataView;

  constructor(model: Uint8Array) {
    this.#view = new DataView(model.buffer, model.byteOffset, model.byteLength);
  }

  /** @returns where what was skipped begins */
  skip(byteLength: number): number {
    this.at += byteLength;
    return this.at - byteLength;
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  u64(): number {
    return Number(this.#view.getBigUint64(this.skip(8), true));
  }

  skipText(): void {
    const byteLength = this.u64();
    this.skip(byteLength);
  }

  skipValue(type: number): void {
    if (type === 8) this.skipText();
    else if (type === 9) this.#skipList();
    else this.skip(numberBytes[type] ?? Number.NaN);
  }

  #skipList(): void {
    const [type, length] = [this.u32(), this.u64()];
    for (let index = 0; index < length; index++) this.skipValue(type);
  }
}

function file(
  metadata: readonly Uint8Array[],
  entries: number,
  tensors: readonly Tensor[],
  cut: number,
  data: Uint8Array,
): Bytes {
  const list = tensors.flatMap(({ entry, offset }) => [entry, u64(offset - cut)]);
  const head = Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(entries), ...metadata, ...list]);
  const padding = Buffer.alloc(-head.byteLength & (alignment - 1));
  return new Uint8Array(Buffer.concat([head, padding, data]));
}

function u16Entry(name: string, value: number): Buffer {
  return Buffer.concat([text(name), u32(2), Buffer.from(Uint16Array.of(value).buffer)]);
}

function countEntry(tensors: number): Buffer {
  return Buffer.concat([text('split.tensors.count'), u32(5), u32(tensors)]);
}
