import { messageOf, WasiNNError } from '../standard/error.js';
import { createWatchdog, type Watchdog } from './download-watchdog.js';
import { GrowingBytes } from './growing-bytes.js';
import type { Entries } from './model-options.js';
import { shownUrl } from './model-url.js';
import { readBody } from './read-body.js';
import { parseTable } from './registry.js';
import { TransientError } from './request.js';

/** More is no list of models, and would only take memory. */
const maximumBytes = 16 << 20;

/** Each takes time and memory to check, and is sent to the page that lists them. */
const maximumModels = 10_000;

/** A document must keep the pace that a model must keep by default. */
const pace = { stallTimeout: 30_000, minimumRate: 1024 };

/**
 * The whole document must come within this time, in ms. The pace alone allows hours for the largest document, and a
 * guest that blocks waits for it.
 */
const totalTimeout = 120_000;

/**
 * Fetches a registry document: `{ "models": { "squeezenet": "squeezenet.onnx", … } }`, as `models.schema.json` says.
 * Its URLs are resolved against its own. The request ends when nothing comes for 30 s, when less than 1 KiB a second
 * comes, and after 120 s in all.
 *
 * @throws WasiNNError `not-found` or `runtime-error` where the document cannot be fetched, `too-large` where it has more
 *   than 16 MiB or 10,000 models, `invalid-argument` that names what is wrong in it
 */
export async function fetchDocument(url: string): Promise<Entries> {
  const text = await fetchText(url);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new WasiNNError('invalid-argument', `models: ${shownUrl(url)} is no JSON (${messageOf(cause)})`, { cause });
  }
  return parseDocument(parsed, url);
}

/**
 * @param base the document's own URL
 * @throws WasiNNError `invalid-argument` that says what is wrong in it
 */
export function parseDocument(document: unknown, base: string): Entries {
  if (typeof document !== 'object' || document === null || !('models' in document)) {
    throw new WasiNNError('invalid-argument', `models: ${base} has no "models": expected { "models": { name: … } }`);
  }
  const stray = Object.keys(document).find((member) => member !== 'models' && member !== '$schema');
  if (stray === undefined) return parseTable(document.models, base, maximumModels);
  throw new WasiNNError('invalid-argument', `models: ${base} has "${stray}"; known are models and $schema`);
}

async function fetchText(url: string): Promise<string> {
  const watchdog = createWatchdog(url, pace);
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(tooSlow(url)), totalTimeout);
  const signal = AbortSignal.any([watchdog.signal, timeout.signal]);
  watchdog.start();
  try {
    // The document names new models, so each visit asks the server for it. Offline, the browser's own copy serves.
    const response = await fetch(url, { cache: 'no-cache', signal }).catch(() => {
      signal.throwIfAborted();
      return fetch(url, { cache: 'force-cache', signal });
    });
    watchdog.stop();
    if (response.ok) return new TextDecoder().decode(await readBytes(url, response, watchdog, signal));
    await response.body?.cancel();
    const code = response.status === 404 || response.status === 410 ? 'not-found' : 'runtime-error';
    throw new WasiNNError(
      code,
      `models: ${shownUrl(url)} answered ${response.status} ${response.statusText}`.trimEnd(),
    );
  } catch (cause) {
    const reason: unknown = signal.aborted ? signal.reason : cause;
    throw reason instanceof WasiNNError && !(reason instanceof TransientError) ? reason : unreadable(url, reason);
  } finally {
    clearTimeout(timer);
    watchdog.stop();
  }
}

async function readBytes(
  url: string,
  { body }: Response,
  watchdog: Watchdog,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const bytes = new GrowingBytes();
  let length = 0;
  const take = async (piece: Uint8Array) => {
    length += piece.byteLength;
    if (length > maximumBytes) {
      throw new WasiNNError(
        'too-large',
        `models: ${shownUrl(url)} has more than the ${maximumBytes} bytes of a registry`,
      );
    }
    bytes.append(piece);
  };
  if (body) await readBody(url, body, signal, watchdog, take);
  return bytes.take();
}

function tooSlow(url: string): WasiNNError {
  return new WasiNNError(
    'runtime-error',
    `models: ${shownUrl(url)} did not come within ${totalTimeout} ms: serve the document faster, or register the models from code`,
  );
}

function unreadable(url: string, cause: unknown): WasiNNError {
  const text = `models: ${shownUrl(url)} could not be read (${messageOf(cause)}): check the network and its CORS headers`;
  return new WasiNNError('runtime-error', text, { cause });
}
