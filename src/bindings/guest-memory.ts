import { WasiNNError } from '../standard/error.js';
import { MissingMemoryError } from './errno.js';

/** Refuses what is not UTF-8 and keeps a byte order mark: a name is what the guest wrote or nothing. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The memory of a guest, as one of the functions that it calls reads and writes it. Pointers and lengths are unsigned
 * and untrusted; whatever does not lie in the memory from end to end is refused, also where it is empty.
 *
 * Each access gets the buffer from the memory, and views of it are good until the guest runs again: growing the memory
 * detaches them. They may be views of shared memory, which other threads of the guest can change at any time: read
 * each value once, and copy before decoding or keeping.
 */
export class GuestMemory {
  readonly #operation: string;
  readonly #memory: () => WebAssembly.Memory | undefined;

  /** @param operation the function that the guest called, for the texts of errors */
  constructor(operation: string, memory: () => WebAssembly.Memory | undefined) {
    this.#operation = operation;
    this.#memory = memory;
  }

  /** @throws MissingMemoryError */
  get buffer(): ArrayBufferLike {
    const memory = this.#memory();
    if (!memory) throw new MissingMemoryError(this.#operation);
    return memory.buffer;
  }

  /**
   * Bytes without a meaning to the ABI, at any alignment.
   *
   * @param what what should lie there, for the error's text
   * @throws WasiNNError `invalid-argument`
   */
  bytes(pointer: number, byteLength: number, what: string): Uint8Array {
    this.#check(pointer, byteLength, what);
    return new Uint8Array(this.buffer, pointer, byteLength);
  }

  /**
   * A structure made of u32 (and smaller) members, so aligned to four bytes. All numbers are little-endian.
   *
   * @throws WasiNNError `invalid-argument`
   */
  struct(pointer: number, byteLength: number, what: string): DataView {
    this.#check(pointer, byteLength, what);
    if (pointer % 4 !== 0) throw this.invalid(`${what} is at ${pointer}, which is not a multiple of 4`);
    return new DataView(this.buffer, pointer, byteLength);
  }

  /**
   * UTF-8 text.
   *
   * @throws WasiNNError `invalid-argument`
   */
  text(pointer: number, byteLength: number, what: string, maxByteLength: number): string {
    const view = this.bytes(pointer, byteLength, what);
    if (byteLength > maxByteLength) throw this.invalid(`${what} has ${byteLength} bytes, more than ${maxByteLength}`);
    try {
      return decoder.decode(view.slice());
    } catch {
      throw this.invalid(`${what} is not UTF-8`);
    }
  }

  invalid(text: string): WasiNNError {
    return new WasiNNError('invalid-argument', `${this.#operation}: ${text}`);
  }

  /** The condition is put so that a NaN, as the size of an absurd shape may be, does not pass. */
  #check(pointer: number, byteLength: number, what: string): void {
    const size = this.buffer.byteLength;
    if (pointer + byteLength <= size) return;
    throw this.invalid(`${what} (${byteLength} bytes at ${pointer}) is not within the memory of ${size} bytes`);
  }
}
