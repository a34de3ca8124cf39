import { type MemoryFile, OutOfSpaceError } from './memory-file.js';
import { inputStreamCreate, outputStreamCreate } from './preview2-shim.js';
import type { ErrorCode } from './preview2-tree.js';

/** The streams of files, as `wasi:io` has them. */

export type InputStream = ReturnType<typeof inputStreamCreate>;
export type OutputStream = ReturnType<typeof outputStreamCreate>;

/** The most bytes that one call reads. A guest calls again for the rest. */
export const maxReadBytes = 16 << 20;

/** The error of a stream that could not be written to. */
export class IoError {
  readonly #text: string;
  readonly #code: ErrorCode | undefined;

  constructor(text: string, code?: ErrorCode) {
    this.#text = text;
    this.#code = code;
  }

  toDebugString(): string {
    return this.#text;
  }

  static codeOf(error: IoError): ErrorCode | undefined {
    return error.#code;
  }
}

/** A place in a file that a stream begins at. */
export interface StreamStart {
  readonly file: MemoryFile;
  readonly offset: bigint;
  /** Called when the guest has dropped the stream. */
  close(): void;
}

export function createFileInput({ file, offset, close }: StreamStart): InputStream {
  let position = Number(offset);
  return inputStreamCreate({
    blockingRead(length: bigint) {
      const bytes = file.read(position, Math.min(Number(length), maxReadBytes));
      if (bytes.byteLength === 0 && length > 0n) throw { tag: 'closed' };
      position += bytes.byteLength;
      return bytes;
    },
    drop: close,
  });
}

/** @param onWrite called after each write */
export function createFileOutput({ file, offset, close }: StreamStart, onWrite: () => void): OutputStream {
  let position = Number(offset);
  return outputStreamCreate({
    write: (bytes: Uint8Array) => {
      writeOrFail(() => file.write(position, bytes));
      position += bytes.byteLength;
      onWrite();
    },
    drop: close,
  });
}

/** A stream has an error of another shape than a descriptor. */
function writeOrFail(write: () => void): void {
  try {
    write();
  } catch (cause) {
    if (!(cause instanceof OutOfSpaceError)) throw cause;
    throw { tag: 'last-operation-failed', val: new IoError(cause.message, 'insufficient-space') };
  }
}
