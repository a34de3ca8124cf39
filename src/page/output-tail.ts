import type { OutputStream } from '../rpc/program-environment.js';

/** The end of what a guest has written, as UTF-8. */
export type OutputText = Readonly<Record<OutputStream, string>>;

/** The bytes that are kept of each stream. */
const maxBytes = 16 << 10;

/** Keeps the end of what a guest writes during a call, for the error of that call. */
export class OutputTail {
  #streams: Record<OutputStream, Uint8Array> = { stdout: new Uint8Array(), stderr: new Uint8Array() };

  take(stream: OutputStream, bytes: Uint8Array): void {
    const kept = this.#streams[stream];
    const added = bytes.subarray(-maxBytes);
    const old = kept.subarray(Math.max(0, kept.byteLength + added.byteLength - maxBytes));
    const joined = new Uint8Array(old.byteLength + added.byteLength);
    joined.set(old);
    joined.set(added, old.byteLength);
    this.#streams[stream] = joined;
  }

  /** Gives what was written since it was last asked. */
  next(): OutputText {
    const { stdout, stderr } = this.#streams;
    this.#streams = { stdout: new Uint8Array(), stderr: new Uint8Array() };
    return { stdout: decode(stdout), stderr: decode(stderr) };
  }
}

/** The text of bytes of which the beginning may be cut off, within a character. */
function decode(bytes: Uint8Array): string {
  let start = 0;
  while (bytes.byteLength === maxBytes && start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return new TextDecoder().decode(bytes.subarray(start));
}
