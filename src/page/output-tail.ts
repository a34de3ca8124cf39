import type { OutputStream } from '../rpc/program-environment.js';

/** The end of what a guest has written, as UTF-8. */
export type OutputText = Readonly<Record<OutputStream, string>>;

/** The bytes that are kept of each stream. */
const maxBytes = 16 << 10;

/** Keeps the end of what a guest writes during a call, for the error of that call. */
export class OutputTail {
  #streams: Readonly<Record<OutputStream, Uint8Array>> = noBytes;

  take(stream: OutputStream, bytes: Uint8Array): void {
    const kept = this.#streams[stream];
    const added = bytes.subarray(-maxBytes);
    const old = kept.subarray(Math.max(0, kept.byteLength + added.byteLength - maxBytes));
    const joined = new Uint8Array(old.byteLength + added.byteLength);
    joined.set(old);
    joined.set(added, old.byteLength);
    this.#streams = { ...this.#streams, [stream]: joined };
  }

  /** Begins anew, for the next call. @returns what was there */
  cut(): OutputTail {
    const before = new OutputTail();
    before.#streams = this.#streams;
    this.#streams = noBytes;
    return before;
  }

  text(): OutputText {
    const { stdout, stderr } = this.#streams;
    return { stdout: decode(stdout), stderr: decode(stderr) };
  }
}

const noBytes = { stdout: new Uint8Array(), stderr: new Uint8Array() };

/** The text of bytes of which the beginning may be cut off, within a character. */
function decode(bytes: Uint8Array): string {
  let start = 0;
  while (bytes.byteLength === maxBytes && start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return new TextDecoder().decode(bytes.subarray(start));
}
