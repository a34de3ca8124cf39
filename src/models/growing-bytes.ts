import { WasiNNError } from '../standard/error.js';

/** How much is set aside for bytes of which nobody knows how many come. */
const firstCapacity = 1 << 20;

/** No runtime has more memory than a WebAssembly module can address; a server could send without end. */
export const largestBytes = 2 ** 32;

/** Bytes that come one after another, in one buffer in the end. */
export class GrowingBytes {
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #length = 0;

  /**
   * @param expected how many bytes come in all, where it is known; then nothing is ever copied
   * @throws WasiNNError `too-large` for more than the browser can hold at once, as `append` does
   */
  append(bytes: Uint8Array, expected = 0): void {
    const needed = this.#length + bytes.byteLength;
    const capacity = this.#bytes?.byteLength ?? 0;
    if (needed > capacity) this.#grow(expected >= needed ? expected : nextCapacity(needed, capacity));
    this.#bytes?.set(bytes, this.#length);
    this.#length = needed;
  }

  /** Hands the bytes over. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes ?? new Uint8Array();
    this.#bytes = undefined;
    const length = this.#length;
    this.#length = 0;
    return bytes.byteLength === length ? bytes : bytes.slice(0, length);
  }

  #grow(capacity: number): void {
    const larger = allocate(capacity);
    if (this.#bytes) larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

function nextCapacity(needed: number, capacity: number): number {
  return Math.max(needed, Math.min(capacity * 2, largestBytes), firstCapacity);
}

/** @throws WasiNNError `too-large` */
export function allocate(byteLength: number): Uint8Array<ArrayBuffer> {
  if (byteLength > largestBytes) throw tooLarge(byteLength);
  try {
    return new Uint8Array(byteLength);
  } catch (cause) {
    throw tooLarge(byteLength, cause);
  }
}

export function tooLarge(byteLength: number, cause?: unknown): WasiNNError {
  const text = `a model of ${byteLength} bytes is more than this browser can hold at once`;
  return new WasiNNError('too-large', text, { cause });
}
