import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

/** What goes wrong with one answer. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The connection breaks after as many bytes of the body, and the time until a promise resolves. */
  | { readonly kind: 'cut'; readonly after: number; readonly until?: Promise<void> }
  /** Nothing comes after as many bytes of the body, until the client goes. */
  | { readonly kind: 'stall'; readonly after: number }
  /** The answer is a page, whatever its content type says. */
  | { readonly kind: 'page'; readonly contentType: string }
  /** The answer waits for a promise after as many bytes of the body. */
  | { readonly kind: 'pause'; readonly after: number; readonly until: Promise<void> };

/** A file on a server, and how the server treats it; all of it may be changed between requests. */
export interface ServedFile {
  bytes: Uint8Array;
  etag?: string | undefined;
  lastModified?: string | undefined;
  cacheControl?: string | undefined;
  /** Whether `Range` is heeded. Default true. */
  ranges?: boolean;
  /** Whether `If-Range` is heeded where `Range` is. Default true. */
  conditions?: boolean;
  /** Whether answers have a Content-Length. Default true. */
  sendsLength?: boolean;
  /** Whether whole files are sent compressed, to clients that take that. */
  gzip?: boolean;
  /** Faults of the next answers, in order; the answers after them are right. `undefined` is a right answer. */
  faults?: (Fault | undefined)[];
}

/** One request, as the server met it. */
export interface ServedRequest {
  readonly range?: string | undefined;
  readonly ifRange?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly headers: IncomingMessage['headers'];
  status: number;
  /** How many bytes of the body were written. */
  sent: number;
  /** Resolves when the answer has ended, or the client has gone. */
  readonly closed: Promise<void>;
}

/** Bytes that differ from place to place, so that none can be in another's. */
export function patternBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed * 2654435761;
  for (let index = 0; index < words.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[index] = state;
  }
  return new Uint8Array(words.buffer, 0, length).slice();
}

/** Answers requests for a file in the given way, and notes them. */
export function serveFile(file: ServedFile): {
  readonly requests: ServedRequest[];
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
} {
  const requests: ServedRequest[] = [];
  return {
    requests,
    handle(request, response) {
      const { range, 'if-none-match': ifNoneMatch } = request.headers;
      const ifRange = request.headers['if-range']?.toString();
      const closed = new Promise<void>((resolve) => response.once('close', resolve));
      const noted = { range, ifRange, ifNoneMatch, headers: request.headers, status: 200, sent: 0, closed };
      requests.push(noted);
      void answer(file, file.faults?.shift(), request, response, noted);
    },
  };
}

async function answer(
  file: ServedFile,
  fault: Fault | undefined,
  { headers }: IncomingMessage,
  response: ServerResponse,
  noted: ServedRequest,
): Promise<void> {
  const { etag, lastModified, cacheControl } = file;
  if (fault?.kind === 'status') {
    noted.status = fault.status;
    response.writeHead(fault.status, fault.headers).end();
    return;
  }
  if (fault?.kind === 'page') {
    response.setHeader('Content-Type', fault.contentType).end('\n<!DOCTYPE html><title>Sign in</title>');
    return;
  }
  if (etag) response.setHeader('ETag', etag);
  if (lastModified) response.setHeader('Last-Modified', lastModified);
  if (cacheControl) response.setHeader('Cache-Control', cacheControl);
  const known = headers['if-none-match'] ?? headers['if-modified-since'];
  if (known !== undefined && (known === etag || known === lastModified)) {
    noted.status = 304;
    response.writeHead(304).end();
    return;
  }
  const { status, body } = bodyOf(file, headers, response);
  noted.status = status;
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/octet-stream');
  if (file.sendsLength !== false) response.setHeader('Content-Length', body.byteLength);
  await send(body, fault, response, noted);
}

function bodyOf(
  file: ServedFile,
  { range, 'if-range': ifRange, 'accept-encoding': encodings = '' }: IncomingMessage['headers'],
  response: ServerResponse,
): { readonly status: number; readonly body: Uint8Array } {
  const { bytes, etag, lastModified, ranges = true, conditions = true } = file;
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const isCurrent = !conditions || ifRange === undefined || ifRange === etag || ifRange === lastModified;
  if (first === undefined || !ranges || !isCurrent) {
    if (!file.gzip || !/\bgzip\b/.test(String(encodings))) return { status: 200, body: bytes };
    response.setHeader('Content-Encoding', 'gzip');
    return { status: 200, body: gzipSync(bytes) };
  }
  const start = Number(first);
  if (start >= bytes.byteLength) {
    response.setHeader('Content-Range', `bytes */${bytes.byteLength}`);
    return { status: 416, body: new Uint8Array() };
  }
  const end = last ? Math.min(Number(last) + 1, bytes.byteLength) : bytes.byteLength;
  response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${bytes.byteLength}`);
  return { status: 206, body: bytes.subarray(start, end) };
}

async function send(
  body: Uint8Array,
  fault: Exclude<Fault, { kind: 'status' | 'page' }> | undefined,
  response: ServerResponse,
  noted: ServedRequest,
): Promise<void> {
  response.flushHeaders();
  const until = fault ? Math.min(fault.after, body.byteLength) : body.byteLength;
  await write(body.subarray(0, until), response, noted);
  switch (fault?.kind) {
    case 'cut':
      await fault.until;
      // What was written is on its way only when the system has taken it.
      response.socket?.once('finish', () => response.destroy());
      response.socket?.end();
      return;
    case 'stall':
      return;
    case 'pause':
      await fault.until;
      await write(body.subarray(until), response, noted);
      response.end();
      return;
    default:
      response.end();
  }
}

async function write(bytes: Uint8Array, response: ServerResponse, noted: ServedRequest): Promise<void> {
  const piece = 256 << 10;
  for (let start = 0; start < bytes.byteLength && !response.destroyed; start += piece) {
    const part = bytes.subarray(start, start + piece);
    await new Promise<void>((resolve) => {
      const done = () => resolve();
      response.once('close', done);
      response.write(part, () => {
        response.off('close', done);
        done();
      });
    });
    noted.sent += part.byteLength;
  }
}
