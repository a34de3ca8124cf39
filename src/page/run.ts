import {
  knownProposals,
  type OutputStream,
  type ProgramEnvironment,
  type Proposal,
} from '../rpc/program-environment.js';
import type { Waiting } from '../rpc/waiting.js';
import { isBlob, isUint8Array } from '../standard/brand-checks.js';
import { WasiNNError } from '../standard/error.js';
import type { GuestImports } from './page-imports.js';
import type { StandardInput } from './standard-input.js';

/** The bytes of a file: as they are, or where to get them from. */
export type FileSource = string | URL | Blob | Uint8Array<ArrayBuffer>;

/** What a program finds around it. */
export interface EnvironmentOptions {
  /** The program's arguments, without its name. Default: none. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /**
   * What it reads from its standard input: text, bytes, a stream of these, or a function that is called for the next piece. The
   * guest waits for the page as `waiting` says. What a stream or function throws is an I/O error to the guest, and an event
   * `fault`. A stream is cancelled when the guest ends. Default: nothing.
   */
  readonly stdin?: StandardInput;
  /**
   * Files by their paths: `{ 'fixture/model.onnx': '/models/squeezenet.onnx' }`; a string or URL is fetched. The guest
   * finds the tree as `/` and as its working folder. It can write to it, in memory alone, and add 256 MiB at most.
   */
  readonly files?: Readonly<Record<string, FileSource>>;
  /**
   * Functions of the page that a core module imports, by module and name: `{ bench: { start() {}, end() {} } }`. The guest waits
   * for each as `waiting` says. A function that reads `guest.memory` while the guest waits needs `'suspend'`. What it throws traps
   * the guest. Default: none.
   */
  readonly imports?: GuestImports;
  /**
   * Interfaces that are only proposed for wasi-nn, which a component may import: `['prompt']` for `wasi:nn/prompt`. They may change
   * with the proposal. Default: none.
   */
  readonly proposals?: readonly Proposal[];
  /** Called with what the guest writes, as it does. Default: nothing is done with it, but `run` returns it. */
  readonly stdout?: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly stderr?: (bytes: Uint8Array<ArrayBuffer>) => void;
  /**
   * How the guest waits for the engine. `'suspend'` takes JSPI; `'block'` takes a cross-origin isolated page. Default:
   * `'suspend'` where the browser can, else `'block'`.
   */
  readonly waiting?: Waiting;
  /** Ends the guest; its promises reject with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How a program ended, and what it wrote. */
export interface RunResult {
  readonly exitCode: number;
  /** The first 16 MiB of what it wrote, as UTF-8. */
  readonly stdout: string;
  readonly stderr: string;
  /** The files that the program made or changed, by their paths, in a record without a prototype. */
  readonly files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
}

/**
 * Gets together what a program finds around it.
 *
 * @throws WasiNNError `not-found` or `runtime-error` where a file cannot be fetched, `invalid-argument` for unknown proposals
 */
export async function gatherEnvironment(
  options: EnvironmentOptions,
  imports: ProgramEnvironment['imports'],
  stdin: ProgramEnvironment['stdin'],
): Promise<ProgramEnvironment> {
  const { args = [], env = {}, files = {}, proposals = [], signal } = options;
  refuseUnknownProposals(proposals);
  const entries = Object.entries(files).map(
    async ([path, source]) => [path, await readFile(path, source, signal)] as const,
  );
  return {
    args: ['guest', ...args],
    env,
    stdin,
    files: new Map(await Promise.all(entries)),
    imports,
    proposals: [...proposals],
  };
}

function refuseUnknownProposals(proposals: unknown): void {
  const known: readonly unknown[] = knownProposals;
  if (Array.isArray(proposals) && proposals.every((proposal) => known.includes(proposal))) return;
  throw new WasiNNError('invalid-argument', `proposals: expected a list of ${knownProposals.join(', ')}`);
}

async function readFile(path: string, source: FileSource, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (isUint8Array(source)) return source;
  if (isBlob(source)) return new Uint8Array(await source.arrayBuffer());
  const response = await fetch(source, signal ? { signal } : {});
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new WasiNNError(
    'not-found',
    `files: ${path}: ${response.url} answered ${response.status} ${response.statusText}`,
  );
}

/** Collects what a program writes: enough to read, not enough for a guest to fill the page's memory with. */
export class OutputCapture {
  static readonly limit = 16 << 20;
  readonly #streams: Record<OutputStream, CapturedStream> = {
    stdout: { blocks: [], byteLength: 0 },
    stderr: { blocks: [], byteLength: 0 },
  };

  take(stream: OutputStream, bytes: Uint8Array): void {
    const captured = this.#streams[stream];
    for (let rest = bytes.subarray(0, OutputCapture.limit - captured.byteLength); rest.byteLength > 0; ) {
      const used = captured.byteLength % blockBytes;
      if (used === 0) captured.blocks.push(new Uint8Array(blockBytes));
      const part = rest.subarray(0, blockBytes - used);
      captured.blocks.at(-1)?.set(part, used);
      captured.byteLength += part.byteLength;
      rest = rest.subarray(part.byteLength);
    }
  }

  text(stream: OutputStream): string {
    const { blocks, byteLength } = this.#streams[stream];
    const decoder = new TextDecoder();
    const pieces = blocks.map((block, index) => {
      return decoder.decode(block.subarray(0, byteLength - index * blockBytes), { stream: true });
    });
    return pieces.join('') + decoder.decode();
  }
}

/** What is kept is copied into blocks: a piece by itself costs far more than the bytes of a short one. */
interface CapturedStream {
  readonly blocks: Uint8Array[];
  byteLength: number;
}

const blockBytes = 256 << 10;
