import { messageOf, WasiNNError } from '../standard/error.js';
import { type Entries, parseTable } from './registry.js';

/** More is no list of models, and would only take memory. */
const maximumBytes = 16 << 20;

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
    throw new WasiNNError('invalid-argument', `models: ${url} is no JSON (${messageOf(cause)})`, { cause });
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
  if (stray === undefined) return parseTable(document.models, base);
  throw new WasiNNError('invalid-argument', `models: ${base} has "${stray}"; known are models and $schema`);
}

async function fetchText(url: string): Promise<string> {
  // Asked for anew on each visit, since it is what tells of new models; offline, the browser's own copy serves.
  const response = await fetch(url, { cache: 'no-cache' })
    .catch(() => fetch(url, { cache: 'force-cache' }))
    .catch(unreachable(url));
  if (!response.ok) {
    await response.body?.cancel();
    const code = response.status === 404 || response.status === 410 ? 'not-found' : 'runtime-error';
    throw new WasiNNError(code, `models: ${url} answered ${response.status} ${response.statusText}`.trimEnd());
  }
  const blob = await response.blob().catch(unreachable(url));
  if (blob.size <= maximumBytes) return blob.text();
  throw new WasiNNError(
    'too-large',
    `models: ${url} has ${blob.size} bytes, more than the ${maximumBytes} of a registry`,
  );
}

function unreachable(url: string): (cause: unknown) => never {
  return (cause) => {
    const text = `models: ${url} could not be read (${messageOf(cause)}): check the network and its CORS headers`;
    throw new WasiNNError('runtime-error', text, { cause });
  };
}
