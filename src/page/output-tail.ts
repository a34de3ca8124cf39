import type { OutputStream } from '../rpc/program-environment.js';
import { joinBytes } from '../standard/join-bytes.js';

/** The end of what a guest has written, as UTF-8. */
export type OutputText = Readonly<Record<OutputStream, string>>;

/** The bytes that are kept of each stream. */
const maxBytes = 16 << 10;

/** The last bytes of a stream, in a ring: a guest may write very many pieces of one byte each. */
interface Ring {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the next byte comes. */
  end: number;
  isFull: boolean;
}

/** Keeps the end of what a guest writes during a call, for the error of that call. */
export class OutputTail {
  #rings: Partial<Record<OutputStream, Ring>> = {};

  take(stream: OutputStream, bytes: Uint8Array): void {
    this.#rings[stream] ??= { bytes: new Uint8Array(maxBytes), end: 0, isFull: false };
    const ring = this.#rings[stream];
    const kept = bytes.subarray(-maxBytes);
    const beforeEdge = kept.subarray(0, maxBytes - ring.end);
    ring.bytes.set(beforeEdge, ring.end);
    ring.bytes.set(kept.subarray(beforeEdge.byteLength));
    const end = ring.end + kept.byteLength;
    ring.isFull ||= end >= maxBytes;
    ring.end = end % maxBytes;
  }

  /** Starts over, for the next call. @returns what was there */
  cut(): OutputTail {
    const before = new OutputTail();
    before.#rings = this.#rings;
    this.#rings = {};
    return before;
  }

  text(): OutputText {
    const { stdout, stderr } = this.#rings;
    return { stdout: decode(stdout), stderr: decode(stderr) };
  }
}

/** The text of what a ring holds. Its first bytes may be the rest of a character. */
function decode(ring: Ring | undefined): string {
  if (!ring) return '';
  const { bytes, end, isFull } = ring;
  if (!isFull) return new TextDecoder().decode(bytes.subarray(0, end));
  const inOrder = joinBytes([bytes.subarray(end), bytes.subarray(0, end)]);
  let start = 0;
  while (start < 3 && ((inOrder[start] ?? 0) & 0xc0) === 0x80) start++;
  return new TextDecoder().decode(inOrder.subarray(start));
}
