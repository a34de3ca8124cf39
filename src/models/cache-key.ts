import type { RemotePart } from './registry.js';

/** No URL and no digest begins like it. */
const guestPrefix = 'guest ';

/**
 * What a file is kept under: its digest, so that it may move from one URL to another, or its first URL. What guests have
 * fetched by URL is kept apart from the page's models: it came without the credentials and headers of the registry.
 */
export function keyOf({ sha256, urls: [first], allowedUrls }: RemotePart): string {
  if (allowedUrls) return guestPrefix + first;
  return sha256 === undefined ? first : `sha256:${sha256}`;
}

/** Whether a file is kept under a URL that a guest has given. */
export function isOfGuest(key: string): boolean {
  return key.startsWith(guestPrefix);
}
