import { Fd, wasi } from '@bjorn3/browser_wasi_shim';
import type { ProgramEnvironment } from '../rpc/program-environment.js';
import type { FileSpace } from './memory-file.js';
import { InputError, type PageInput } from './page-input.js';
import { FileInode, StandardInput } from './preview1-files.js';

/** The standard input of a core module. @param input where it comes from when the environment leaves it to the page */
export function createStandardInput(stdin: ProgramEnvironment['stdin'], space: FileSpace, input: PageInput): Fd {
  return stdin === 'page' ? new StreamInput(input) : new StandardInput(new FileInode(stdin, space));
}

/** A standard input that the page provides piece by piece. */
export class StreamInput extends Fd {
  readonly #input: PageInput;

  constructor(input: PageInput) {
    super();
    this.#input = input;
  }

  /** What a guest that is suspended waits for before it reads. */
  ready(): Promise<void> | undefined {
    return this.#input.ready();
  }

  override fd_fdstat_get() {
    const fdstat = new wasi.Fdstat(wasi.FILETYPE_UNKNOWN, 0);
    fdstat.fs_rights_base = BigInt(wasi.RIGHTS_FD_READ);
    return { ret: wasi.ERRNO_SUCCESS, fdstat };
  }

  override fd_filestat_get() {
    return { ret: wasi.ERRNO_SUCCESS, filestat: new wasi.Filestat(0n, wasi.FILETYPE_UNKNOWN, 0n) };
  }

  /** There is a piece by now where the guest is suspended. Otherwise its thread blocks here. */
  override fd_read(byteLength: number) {
    try {
      void this.#input.ready();
      return { ret: wasi.ERRNO_SUCCESS, data: this.#input.take(byteLength) ?? new Uint8Array() };
    } catch (cause) {
      if (cause instanceof InputError) return { ret: wasi.ERRNO_IO, data: new Uint8Array() };
      throw cause;
    }
  }
}
