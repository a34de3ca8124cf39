import { type FileRecord, toValidators } from './cache-database.js';

/** The largest chunks that a record may have: each is read into memory at once. */
const largestChunk = 64 << 20;

/**
 * Checks what the database has in the place of a record: it may be damaged, and every script of the page's origin can
 * write to it.
 *
 * @returns nothing for what is no record
 */
export function parseFileRecord(stored: unknown): FileRecord | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined;
  const { key, url, chunkBytes, received, complete, resumable, ...rest }: Record<string, unknown> = { ...stored };
  const { total, freshUntil, lastUsed, etag, lastModified, convertedFrom, sha256 } = rest;
  if (typeof key !== 'string' || typeof url !== 'string') return undefined;
  if (typeof complete !== 'boolean' || typeof resumable !== 'boolean') return undefined;
  if (!isLength(chunkBytes) || chunkBytes === 0 || chunkBytes > largestChunk || !isLength(received)) return undefined;
  if (!isNumber(lastUsed) || !(isLength(total) || total === undefined)) return undefined;
  if (!isOptionalNumber(freshUntil) || !isOptionalHeader(etag) || !isOptionalHeader(lastModified)) return undefined;
  if (!(convertedFrom === undefined || isKeys(convertedFrom))) return undefined;
  if (!(sha256 === undefined || typeof sha256 === 'string')) return undefined;
  return {
    key,
    url,
    chunkBytes,
    received,
    complete,
    resumable,
    lastUsed,
    ...(total === undefined ? {} : { total }),
    ...(freshUntil === undefined ? {} : { freshUntil }),
    ...toValidators({ etag, lastModified }),
    ...(convertedFrom === undefined ? {} : { convertedFrom }),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isKeys(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((key) => typeof key === 'string');
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function isOptionalNumber(value: unknown): value is number | undefined {
  return value === undefined || isNumber(value);
}

/** What is no text of an HTTP header could not be sent back to the server. */
function isOptionalHeader(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value));
}
