import { messageOf, WasiNNError } from '../standard/error.js';
import type { Completion } from './cache.js';
import { strongValidator, toValidators, type Validators } from './cache-database.js';
import { fetchAllowed } from './fetch-allowed.js';
import type { ModelEntry, RemotePart } from './model-options.js';
import { shownUrl } from './model-url.js';

export interface FileRequest {
  readonly url: string;
  readonly part: Pick<RemotePart, 'allowedUrls'>;
  readonly fetch: ModelEntry['fetch'];
  readonly signal: AbortSignal;
  /** What is there already: all of an older visit's file, or its first bytes. */
  readonly known?: KnownBytes | undefined;
}

export interface KnownBytes extends Validators {
  /** How many of the file's first bytes are there, or `all`. */
  readonly bytes: number | 'all';
  /** Whether a digest will reveal bytes of another version. */
  readonly hasDigest?: boolean;
}

/** A server's answer. */
export type FileAnswer = Unchanged | FileBody;

/** The file is as it was. */
export interface Unchanged {
  readonly kind: 'unchanged';
  readonly completion: Completion;
}

export interface FileBody {
  /** `rest`: the bytes after those that were known; `whole`: the file from its beginning. */
  readonly kind: 'whole' | 'rest';
  readonly completion: Completion;
  /** The length of the whole file, where the server sends it. */
  readonly total?: number;
  /** Whether the bytes are another form of the file than the server's own, so that offsets mean nothing to it. */
  readonly encoded: boolean;
  readonly body: ReadableStream<Uint8Array>;
}

/** A failure that may pass by itself. */
export class TransientError extends WasiNNError {
  /** How long the server wants to be left alone, in ms. */
  readonly retryAfter: number;

  constructor(message: string, options: ErrorOptions & { readonly retryAfter?: number } = {}) {
    super('runtime-error', message, options);
    this.retryAfter = options.retryAfter ?? 0;
  }
}

/**
 * Asks for a file, or for as much of it as is missing.
 *
 * @throws WasiNNError `not-found` for 404 and 410, `security` for 401 and 403, `invalid-encoding` for an HTML page in
 *   the model's place, {@link TransientError} for what may pass by itself, `runtime-error` for every other failure
 */
export async function requestFile(request: FileRequest): Promise<FileAnswer> {
  const { url, known } = request;
  const response = await send(request, requestHeaders(request));
  const completion = readCompletion(response.headers);
  if (response.status === 304) return { kind: 'unchanged', completion };
  if (known?.bytes === 'all' && response.status === 200 && isSameVersion(known, completion)) {
    await response.body?.cancel();
    return { kind: 'unchanged', completion };
  }
  // Nothing is left to send, or another version is shorter than what is known of this one.
  if (response.status === 416 && known) return requestFile({ ...request, known: undefined });
  if (!response.ok) throw await refusal(url, response);

  if (/^text\/html\b/i.test(response.headers.get('content-type') ?? '')) {
    await response.body?.cancel();
    throw htmlError(url);
  }
  const body = response.body ?? new Blob([]).stream();
  if (response.status !== 206) return whole(request, response, completion, body);
  if (typeof known?.bytes === 'number' && isRest(url, known, known.bytes, completion, response.headers)) {
    return { kind: 'rest', completion, encoded: false, body, ...restTotal(known.bytes, response.headers) };
  }
  // A part that was not asked for, or of another version.
  await body.cancel();
  if (!known)
    throw new WasiNNError(
      'runtime-error',
      `${shownUrl(url)} answered a part of the file where all of it was asked for`,
    );
  return requestFile({ ...request, known: undefined });
}

export function htmlError(url: string): WasiNNError {
  return new WasiNNError('invalid-encoding', `${shownUrl(url)} answered an HTML page, not a model: check the URL`);
}

/** @throws WasiNNError `security` for a redirect that a guest may not follow, {@link TransientError} */
async function send({ url, part, fetch: options, signal }: FileRequest, headers: Headers): Promise<Response> {
  const { credentials } = options;
  // The model cache keeps the bytes; a second copy in the browser's own cache would only take room.
  const init = { headers, credentials, signal, cache: 'no-store' } as const;
  try {
    return await (part.allowedUrls ? fetchAllowed(url, init, part.allowedUrls) : fetch(url, init));
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof WasiNNError) throw cause;
    throw new TransientError(
      `${shownUrl(url)} could not be reached (${messageOf(cause)}): check the network and, on another origin, its CORS headers`,
      { cause },
    );
  }
}

/**
 * On another origin, conditions would make the browser ask for permission first, which few servers give; the answer's
 * own headers show the same there.
 */
function requestHeaders({ url, fetch: { headers }, known }: FileRequest): Headers {
  const result = new Headers(headers);
  if (!known) return result;
  const { bytes, etag, lastModified } = known;
  if (bytes !== 'all') result.set('Range', `bytes=${bytes}-`);
  if (isForeign(url)) return result;
  if (bytes === 'all') {
    if (etag) result.set('If-None-Match', etag);
    else if (lastModified) result.set('If-Modified-Since', lastModified);
  } else {
    const condition = strongValidator(known);
    if (condition) result.set('If-Range', condition);
  }
  return result;
}

export function isForeign(url: string): boolean {
  const { origin, protocol } = new URL(url);
  return protocol.startsWith('http') && globalThis.location !== undefined && origin !== globalThis.location.origin;
}

function readCompletion(headers: Headers): Completion {
  const etag = headers.get('etag') ?? undefined;
  const lastModified = headers.get('last-modified') ?? undefined;
  const freshUntil = readFreshness(headers);
  return {
    ...toValidators({ etag, lastModified }),
    ...(freshUntil === undefined ? {} : { freshUntil }),
  };
}

/** @see https://www.rfc-editor.org/rfc/rfc9111#section-4.2 */
function readFreshness(headers: Headers): number | undefined {
  const control = headers.get('cache-control') ?? '';
  if (/\bno-(cache|store)\b/i.test(control)) return undefined;
  const seconds = /\bmax-age=(\d{1,10})/i.exec(control)?.[1];
  if (seconds === undefined) return undefined;
  return Date.now() + (Number(seconds) - (parseLength(headers.get('age')) ?? 0)) * 1000;
}

/** Whether both have a version, and the same. */
function isSameVersion(known: Validators, { etag, lastModified }: Validators): boolean {
  if (known.etag !== undefined && etag !== undefined) return known.etag === etag;
  return known.lastModified !== undefined && known.lastModified === lastModified;
}

function isOtherVersion(known: Validators, { etag, lastModified }: Validators): boolean {
  if (known.etag !== undefined && etag !== undefined) return known.etag !== etag;
  return known.lastModified !== undefined && lastModified !== undefined && known.lastModified !== lastModified;
}

/** Another origin may hide `Content-Range`: then a 206 is taken for what was asked for. */
function isRest(url: string, known: KnownBytes, offset: number, answered: Validators, headers: Headers): boolean {
  // A part of a compressed form is none of the file.
  if (headers.has('content-encoding') || isOtherVersion(known, answered)) return false;
  // Another origin was asked without a condition.
  if (isForeign(url) && !known.hasDigest && !isSameVersion(known, answered)) return false;
  const range = headers.get('content-range');
  return range === null || /^bytes (\d+)-/i.exec(range)?.[1] === String(offset);
}

function restTotal(offset: number, headers: Headers): { total?: number } {
  const total = readRangeTotal(headers);
  if (total !== undefined) return { total };
  const length = readLength(headers);
  return length === undefined ? {} : { total: offset + length };
}

async function whole(
  request: FileRequest,
  { headers }: Response,
  completion: Completion,
  body: ReadableStream<Uint8Array>,
): Promise<FileBody> {
  const encoded = headers.has('content-encoding');
  const total = encoded ? await askLength(request) : readLength(headers);
  return { kind: 'whole', completion, encoded, body, ...(total === undefined ? {} : { total }) };
}

function readLength(headers: Headers): number | undefined {
  return parseLength(headers.get('content-length'));
}

function readRangeTotal(headers: Headers): number | undefined {
  return parseLength(/\/(.+)$/.exec(headers.get('content-range') ?? '')?.[1]);
}

/** Browsers pass on what a server says, whether it is a number or not. */
function parseLength(text: string | null | undefined): number | undefined {
  return text && /^\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}

/** A compressed answer has its compressed length. Its server sends the real one when it is asked for one byte of the file. */
async function askLength(request: FileRequest): Promise<number | undefined> {
  const headers = new Headers(request.fetch.headers);
  headers.set('Range', 'bytes=0-0');
  const response = await send(request, headers).catch(() => undefined);
  await response?.body?.cancel();
  if (!response?.ok) return undefined;
  const total = readRangeTotal(response.headers);
  if (total !== undefined) return total;
  // Browsers ask for parts uncompressed, which also a server without parts may heed.
  const isWhole = response.status === 200 && !response.headers.has('content-encoding');
  return isWhole ? readLength(response.headers) : undefined;
}

async function refusal(url: string, response: Response): Promise<WasiNNError> {
  await response.body?.cancel();
  const { status, statusText, headers } = response;
  const message = `${shownUrl(url)} answered ${status} ${statusText}`.trimEnd();
  if (status === 404 || status === 410) return new WasiNNError('not-found', message);
  if (status === 401 || status === 403) return new WasiNNError('security', message);
  if (status < 500 && status !== 408 && status !== 429) return new WasiNNError('runtime-error', message);
  const retryAfter = Number(headers.get('retry-after') ?? 0) * 1000;
  return new TransientError(message, { retryAfter: Number.isFinite(retryAfter) ? retryAfter : 0 });
}
