const utf8 = new TextEncoder();

/**
 * Writes protobuf messages. Bulk data is referenced until {@link finish} copies it once, into the only buffer that is as
 * large as the whole message.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufWriter {
  /** All bytes but the bulk data. */
  #bytes = new Uint8Array(4096);
  #length = 0;
  /** Bulk data, with the place in `#bytes` that it comes in front of. */
  readonly #insertions: { at: number; readonly data: Uint8Array }[] = [];
  #inserted = 0;

  /** A field that is an integer: its 64 bits in two's complement. */
  int(field: number, value: number | bigint): void {
    this.#varint(field * 8);
    if (typeof value === 'number' && value >= 0 && value <= 0x7fff_ffff) this.#varint(value);
    else this.#varint64(BigInt.asUintN(64, BigInt(value)));
  }

  float(field: number, value: number): void {
    this.#varint(field * 8 + 5);
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  text(field: number, value: string): void {
    this.message(field, () => {
      // One UTF-16 unit becomes three bytes at most.
      this.#reserve(value.length * 3);
      this.#length += utf8.encodeInto(value, this.#bytes.subarray(this.#length)).written;
    });
  }

  /** A field of bytes that are referenced until the end: the caller leaves them as they are until then. */
  bulk(field: number, data: Uint8Array): void {
    this.#varint(field * 8 + 2);
    this.#varint(data.byteLength);
    this.#insertions.push({ at: this.#length, data });
    this.#inserted += data.byteLength;
  }

  /** A field that is a message of the fields that `write` writes. */
  message(field: number, write: () => void): void {
    this.#varint(field * 8 + 2);
    this.#reserve(1);
    const start = ++this.#length;
    const insertions = this.#insertions.length;
    const inserted = this.#inserted;
    write();
    this.#fillInLength(start, this.#length - start + this.#inserted - inserted, insertions);
  }

  /** How many bytes {@link finish} returns if nothing more is written. */
  get byteLength(): number {
    return this.#length + this.#inserted;
  }

  finish(): Uint8Array<ArrayBuffer> {
    const result = new Uint8Array(this.byteLength);
    let from = 0;
    let to = 0;
    for (const { at, data } of this.#insertions) {
      result.set(this.#bytes.subarray(from, at), to);
      to += at - from;
      result.set(data, to);
      to += data.byteLength;
      from = at;
    }
    result.set(this.#bytes.subarray(from, this.#length), to);
    return result;
  }

  /** Puts the length of a message in front of it. One byte is kept free for it; a longer one moves the message on. */
  #fillInLength(start: number, length: number, firstInsertion: number): void {
    const extra = varintBytes(length) - 1;
    if (extra > 0) {
      this.#reserve(extra);
      this.#bytes.copyWithin(start + extra, start, this.#length);
      for (const insertion of this.#insertions.slice(firstInsertion)) insertion.at += extra;
    }
    const end = this.#length + extra;
    this.#length = start - 1;
    this.#varint(length);
    this.#length = end;
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  #varint64(value: bigint): void {
    this.#reserve(10);
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[this.#length++] = Number(rest);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.byteLength) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.byteLength * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}
