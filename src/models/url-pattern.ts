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
  if (hasExtras(new URL(href))) return false;
  const [start = '', ...pieces] = pattern.split('*');
  const end = pieces.pop();
  if (end === undefined) return href === pattern;
  if (!href.startsWith(start)) return false;

  let position = start.length;
  for (const piece of pieces) {
    const found = href.indexOf(piece, position);
    if (found === -1) return false;
    position = found + piece.length;
  }
  return href.length - end.length >= position && href.endsWith(end);
}

/** A fragment is never sent, and credentials are not a guest's to choose. */
function hasExtras({ hash, username, password }: URL): boolean {
  return hash !== '' || username !== '' || password !== '';
}
