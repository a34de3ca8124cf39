import type { RemotePart } from './model-options.js';

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

/** Which conversion of which model. */
export interface Conversion {
  /** The keys of the model's files, in their order. */
  readonly files: readonly string[];
  /** What tells this conversion from all others of these files; of letters, digits and hyphens. */
  readonly key: string;
}

/**
 * What a converted model is kept under. No key of a file has a space followed by `converted`, since URLs have no spaces. What
 * is converted of a guest's file is as much a guest's.
 */
export function convertedKeyOf({ files: [first = ''], key }: Conversion): string {
  return `${first} converted ${key}`;
}
