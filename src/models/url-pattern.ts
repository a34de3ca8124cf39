import { quote, WasiNNError } from '../standard/error.js';

/**
 * A URL in whose path and query `*` stands for any text: `https://models.example/onnx/*`. Scheme, host and port are
 * fixed, so that a pattern never allows another site than it names.
 *
 * @param base what a relative pattern is resolved against
 * @throws WasiNNError `invalid-argument` for what is no such URL
 */
export function parseUrlPattern(pattern: string, base: string): string {
  const url = URL.parse(pattern, base);
  if (url && /^https?:$/.test(url.protocol) && !url.host.includes('*') && !hasExtras(url)) return url.href;
  throw new WasiNNError(
    'invalid-argument',
    `allowedUrls: ${quote(pattern)} is no http(s) URL with "*" in its path alone: https://models.example/onnx/*`,
  );
}

/** @param href a URL as `URL.href` has it, with `..` and the like resolved */
export function matchesUrlPattern(pattern: string, href: string): boolean {
  const url = new URL(href);
  if (hasExtras(url)) return false;
  const [start = '', ...pieces] = pattern.split('*');
  const end = pieces.pop();
  if (end === undefined) return href === pattern;
  if (!href.startsWith(start) || isAmbiguous(url.pathname)) return false;

  let position = start.length;
  for (const piece of pieces) {
    const found = href.indexOf(piece, position);
    if (found === -1) return false;
    position = found + piece.length;
  }
  return href.length - end.length >= position && href.endsWith(end);
}

/** A fragment, also an empty one, is never sent, and credentials are not a guest's to choose. */
function hasExtras({ href, username, password }: URL): boolean {
  return href.includes('#') || username !== '' || password !== '';
}

/**
 * Whether a server may read another path than is written: some decode a path, even twice, before they look at slashes,
 * backslashes and `..`, leave out what is behind a semicolon, or end at a NUL.
 */
function isAmbiguous(pathname: string): boolean {
  if (/%(25)*(2f|5c|00)/i.test(pathname)) return true;
  const decoded = decodeTwice(pathname);
  return decoded === undefined || decoded.split('/').some((segment) => /^\.\.?(;|$)/.test(segment));
}

/** @returns nothing where there is more to decode, or what is no UTF-8: it may be another spelling of a slash or a dot */
function decodeTwice(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(decodeURIComponent(text));
    return decoded === decodeURIComponent(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}
