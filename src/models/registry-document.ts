import { messageOf, WasiNNError } from '../standard/error.js';
import { createWatchdog, type Watchdog } from './download-watchdog.js';
import { GrowingBytes } from './growing-bytes.js';
import { shownUrl } from './model-url.js';
import { readBody } from './read-body.js';
import { type Entries, parseTable } from './registry.js';
import { TransientError } from './request.js';

/** More is no list of models, and would only take memory. */
const maximumBytes = 16 << 20;

/** Each takes time and memory to check, and is told to the page that lists them. */
const maximumModels = 10_000;

/** How a document must come, as a model must by default. */
const pace = { stallTimeout: 30_000, minimumRate: 1024 };

/**
 * Fetches a registry document: `{ "models": { "squeezenet": "squeezenet.onnx", … } }`, as `models.schema.json` says.
 * Its URLs are resolved against its own.
 *
 * @throws WasiNNError `not-found` or `runtime-error` where it cannot be had, `invalid-argument` that tells what is wrong
 *   in it
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
 * @throws WasiNNError `invalid-argument` that tells what is wrong in it
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
  const { signal } = watchdog;
  watchdog.start();
  try {
    // Asked for anew on each visit, since it is what tells of new models; offline, the browser's own copy serves.
    const response = await fetch(url, { cache: 'no-cache', signal })
      .catch(() => fetch(url, { cache: 'force-cache', signal }))
      .catch(unreachable(url));
    watchdog.stop();
    if (response.ok) return new TextDecoder().decode(await readBytes(url, response, watchdog));
    await response.body?.cancel();
    const code = response.status === 404 || response.status === 410 ? 'not-found' : 'runtime-error';
    throw new WasiNNError(
      code,
      `models: ${shownUrl(url)} answered ${response.status} ${response.statusText}`.trimEnd(),
    );
  } finally {
    watchdog.stop();
  }
}

async function readBytes(url: string, { body }: Response, watchdog: Watchdog): Promise<Uint8Array> {
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
  if (body) {
    await readBody(url, body, watchdog.signal, watchdog, take).catch((cause) => {
      throw cause instanceof TransientError ? unreachable(url)(cause) : cause;
    });
  }
  return bytes.take();
}

function unreachable(url: string): (cause: unknown) => never {
  return (cause) => {
    const text = `models: ${shownUrl(url)} could not be read (${messageOf(cause)}): check the network and its CORS headers`;
    throw new WasiNNError('runtime-error', text, { cause });
  };
}
