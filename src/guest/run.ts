import { WasiNNError } from '../standard/error.js';
import type { Waiting } from '../transpiler/waiting.js';
import type { OutputStream, ProgramEnvironment } from './program.js';

/** The bytes of a file: as they are, or where to get them from. */
export type FileSource = string | URL | Blob | Uint8Array<ArrayBuffer>;

/** What a program finds around it. */
export interface EnvironmentOptions {
  /** The program's arguments, without its name. Default: none. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads from its standard input; text is passed on as UTF-8. Default: nothing. */
  readonly stdin?: string | Uint8Array<ArrayBuffer>;
  /**
   * Files by their paths: `{ 'fixture/model.onnx': '/models/squeezenet.onnx' }`; a string or URL is fetched. The guest
   * finds the tree as `/` and as its working folder. It can write to it, in memory alone, and add 256 MiB at most.
   */
  readonly files?: Readonly<Record<string, FileSource>>;
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
}

/**
 * Gets together what a program finds around it.
 *
 * @throws WasiNNError `not-found` or `runtime-error` where a file cannot be fetched
 */
export async function gatherEnvironment(options: EnvironmentOptions): Promise<ProgramEnvironment> {
  const { args = [], env = {}, stdin = '', files = {}, signal } = options;
  const entries = Object.entries(files).map(
    async ([path, source]) => [path, await readFile(path, source, signal)] as const,
  );
  return {
    args: ['guest', ...args],
    env,
    stdin: typeof stdin === 'string' ? new TextEncoder().encode(stdin) : stdin,
    files: new Map(await Promise.all(entries)),
  };
}

async function readFile(path: string, source: FileSource, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
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
  readonly #chunks: Record<OutputStream, Uint8Array[]> = { stdout: [], stderr: [] };
  readonly #left: Record<OutputStream, number> = { stdout: OutputCapture.limit, stderr: OutputCapture.limit };

  take(stream: OutputStream, bytes: Uint8Array): void {
    const kept = bytes.subarray(0, this.#left[stream]);
    this.#left[stream] -= kept.byteLength;
    if (kept.byteLength > 0) this.#chunks[stream].push(kept);
  }

  text(stream: OutputStream): string {
    const decoder = new TextDecoder();
    const pieces = this.#chunks[stream].map((chunk) => decoder.decode(chunk, { stream: true }));
    return pieces.join('') + decoder.decode();
  }
}
