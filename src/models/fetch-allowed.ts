import { quote, WasiNNError } from '../standard/error.js';
import { matchesUrlPattern } from './url-pattern.js';

/**
 * Fetches a URL that a guest has chosen among those that the page allows, and refuses to be sent elsewhere. Browsers do
 * not tell where a redirect leads before they have followed it, and a request to there would already carry away whatever
 * the guest has put into the URL. So redirects of other origins are not followed at all. Those of the page's own origin
 * are followed within that origin, without cookies; an answer from a URL that no pattern matches is dropped.
 *
 * @throws WasiNNError `security` for a redirect that is not followed or leads to a URL that no pattern matches; what
 *   `fetch` throws
 */
export async function fetchAllowed(url: string, init: RequestInit, allowedUrls: readonly string[]): Promise<Response> {
  const direct = await fetch(url, { ...init, redirect: 'manual' });
  const response = isRedirect(direct) ? await followWithinOrigin(url, init) : direct;
  const final = finalUrlOf(response);
  if (final === '' || allowedUrls.some((pattern) => matchesUrlPattern(pattern, final))) return response;
  await response.body?.cancel();
  throw refused(url, `to ${quote(final)}, which the page does not allow`);
}

/**
 * Where an answer came from: a service worker may have followed redirects by itself, as ours does when it isolates a page.
 *
 * @returns nothing where a service worker has made the answer
 */
function finalUrlOf({ headers, url }: Response): string {
  return headers.get('Wasi-NN-Web-Final-URL') ?? url;
}

/** Browsers hide a redirect's status, other runtimes show it. */
function isRedirect({ type, status }: Response): boolean {
  return type === 'opaqueredirect' || [301, 302, 303, 307, 308].includes(status);
}

async function followWithinOrigin(url: string, init: RequestInit): Promise<Response> {
  if (new URL(url).origin !== globalThis.location?.origin) throw refused(url, 'elsewhere');
  return fetch(url, { ...init, redirect: 'follow', mode: 'same-origin', credentials: 'omit' }).catch((cause) => {
    init.signal?.throwIfAborted();
    throw refused(url, `to where the page's origin ends`, cause);
  });
}

function refused(url: string, where: string, cause?: unknown): WasiNNError {
  const text = `load-by-name: ${quote(url)} redirects ${where}: allow the final URL, and load the model from there`;
  return new WasiNNError('security', text, { cause });
}
