import { messageOf, WasiNNError } from '../standard/error.js';
import { GoneError } from './cache.js';
import { createWatchdog } from './download-watchdog.js';
import { type IncomingFile, MismatchError } from './incoming-file.js';
import type { ModelEntry, RemotePart } from './model-options.js';
import { shownUrl } from './model-url.js';
import { readBody } from './read-body.js';
import { type FileBody, isForeign, requestFile, TransientError } from './request.js';

export interface DownloadOptions {
  readonly part: RemotePart;
  readonly fetch: ModelEntry['fetch'];
  readonly file: IncomingFile;
  readonly signal: AbortSignal;
  /** An answer that is at hand, from the first URL. */
  readonly answer?: FileBody | undefined;
  readonly wait: Wait;
  onReceived(): void;
}

/** Lets a time go by, in ms. @throws the signal's reason */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** The first wait before a request is made again, in ms; each after it is twice as long. */
const firstBackoff = 250;
const longestBackoff = 10_000;

/** A request that brought as many bytes more than those before: the next one that fails counts as the first. */
const worthwhileBytes = 64 << 10;

/**
 * Downloads a file from the first of its URLs that gives it, each asked again where it fails in a way that may pass.
 *
 * @returns the bytes, where they are wanted
 * @throws WasiNNError with what each URL said; the signal's reason
 */
export async function download(options: DownloadOptions): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { part, signal } = options;
  const failures: WasiNNError[] = [];
  for (const [index, url] of part.urls.entries()) {
    try {
      return await downloadFrom(url, index === 0 ? options : { ...options, answer: undefined });
    } catch (cause) {
      signal.throwIfAborted();
      failures.push(toFailure(url, cause));
    }
  }
  const [first, ...others] = failures;
  if (first && others.length === 0) throw first;
  throw new WasiNNError(
    first?.code ?? 'runtime-error',
    `all ${failures.length} URLs failed: ${failures.map(({ message }) => message).join('; ')}`,
    { cause: first },
  );
}

async function downloadFrom(url: string, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { file, fetch, signal, wait } = options;
  let { answer } = options;
  let failed = 0;
  /** The most that any try has brought: a server that has no parts must not begin again and again. */
  let furthest = file.received;
  for (let mayRestart = true; ; ) {
    const before = file.received;
    try {
      return await transfer(url, options, answer);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof MismatchError || cause instanceof GoneError) {
        await file.discard();
        // What was there may be of another version than what came: the whole file from one answer decides.
        const isOfOneAnswer = before === 0 && cause instanceof MismatchError;
        if (isOfOneAnswer || !mayRestart) throw cause;
        mayRestart = false;
      } else {
        if (!(cause instanceof TransientError)) throw cause;
        failed = file.received - furthest >= worthwhileBytes ? 1 : failed + 1;
        furthest = Math.max(furthest, file.received);
        if (failed > fetch.retries) throw cause;
        await wait(Math.max(backoff(failed), Math.min(cause.retryAfter, longestBackoff)), signal);
      }
    }
    answer = undefined;
  }
}

/** Makes one request, and takes in what it brings. */
async function transfer(
  url: string,
  { part, file, fetch, signal, onReceived }: DownloadOptions,
  given: FileBody | undefined,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (file.received > 0 && file.received === file.total) return file.finish(url, undefined);

  const watchdog = createWatchdog(url, fetch);
  const either = AbortSignal.any([signal, watchdog.signal]);
  watchdog.start();
  try {
    const answer = given ?? (await requestFile({ url, part, fetch, signal: either, known: file.known(url) }));
    watchdog.stop();
    if (answer.kind === 'unchanged')
      throw new WasiNNError('runtime-error', `${shownUrl(url)} answered 304 without being asked`);
    file.begin(url, answer);
    onReceived();
    const before = file.received;
    const take = async (bytes: Uint8Array) => {
      await file.write(url, bytes);
      onReceived();
    };
    await readBody(url, answer.body, either, watchdog, take).catch((cause) => {
      // Another origin hides that the rest is one of a compressed form, of which no browser can make anything.
      const isUnreadable = cause instanceof TransientError && answer.kind === 'rest' && file.received === before;
      throw isUnreadable && isForeign(url) ? new MismatchError('runtime-error', cause.message, { cause }) : cause;
    });
    refuseShort(url, part, file);
    return await file.finish(url, answer.completion.freshUntil);
  } catch (cause) {
    watchdog.signal.throwIfAborted();
    throw cause;
  } finally {
    watchdog.stop();
  }
}

/** Browsers differ in whether a body that ends early is an error. On another origin Content-Length may be that of the compressed body. */
function refuseShort(url: string, { size }: RemotePart, { received, total }: IncomingFile): void {
  if (total === undefined || received >= total || (size === undefined && isForeign(url))) return;
  throw new TransientError(`${shownUrl(url)} ended after ${received} of ${total} bytes: try again`);
}

/** Grows with each failure, and differs from one visitor to the next, so that they do not all come back at once. */
function backoff(failed: number): number {
  return Math.min(firstBackoff * 2 ** (failed - 1), longestBackoff) * (0.5 + Math.random() / 2);
}

export const wait: Wait = (milliseconds, signal) => {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', stop, { once: true });
  });
};

function toFailure(url: string, cause: unknown): WasiNNError {
  return cause instanceof WasiNNError
    ? cause
    : new WasiNNError('runtime-error', `${shownUrl(url)}: ${messageOf(cause)}`, { cause });
}
