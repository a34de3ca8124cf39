import { messageOf, WasiNNError } from '../standard/error.js';

/** How far a download is. `total` is absent where the server does not tell. */
export interface Progress {
  readonly loaded: number;
  readonly total?: number;
}

export interface DownloadOptions {
  onProgress?(progress: Progress): void;
}

/**
 * Fetches a model, whole, into one buffer.
 *
 * @throws WasiNNError `not-found` for 404 and 410, `security` for 401 and 403, `invalid-encoding` for an HTML page in
 *   the model's place, `too-large` for what does not fit into one buffer, `runtime-error` for every other failure
 */
export async function download(url: string, { onProgress }: DownloadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const response = await request(url);
  const type = response.headers.get('content-type') ?? '';
  if (/^text\/html\b/i.test(type)) {
    await response.body?.cancel();
    throw new WasiNNError('invalid-encoding', `${url} answered an HTML page, not a model: check the URL`);
  }
  const total = expectedLength(response);
  const bytes = await readAll(url, response, total, (loaded) =>
    onProgress?.(total === undefined || loaded > total ? { loaded } : { loaded, total }),
  );
  if (total !== undefined && bytes.byteLength < total) {
    throw new WasiNNError('runtime-error', `${url} ended after ${bytes.byteLength} of ${total} bytes: try again`);
  }
  return bytes;
}

async function request(url: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new WasiNNError(
      'runtime-error',
      `${url} could not be reached (${messageOf(cause)}): check the network and, on another origin, its CORS headers`,
      { cause },
    );
  }
  if (response.ok) return response;
  await response.body?.cancel();
  const { status, statusText } = response;
  throw new WasiNNError(codeOf(status), `${url} answered ${status} ${statusText}`.trimEnd());
}

function codeOf(status: number) {
  if (status === 404 || status === 410) return 'not-found';
  if (status === 401 || status === 403) return 'security';
  return 'runtime-error';
}

/**
 * The length that the body has at least. A compressed response tells that of its compressed form; on another origin the
 * header that would say so is hidden.
 */
function expectedLength({ headers }: Response): number | undefined {
  const length = headers.get('content-length');
  if (length === null || headers.has('content-encoding')) return undefined;
  return Number(length);
}

async function readAll(
  url: string,
  response: Response,
  total: number | undefined,
  onLoaded: (loaded: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = allocate(url, total ?? 1 << 20);
  let loaded = 0;
  if (!response.body) return bytes.subarray(0, 0);
  try {
    for await (const chunk of iterate(response.body)) {
      if (loaded + chunk.byteLength > bytes.byteLength) bytes = grow(url, bytes, loaded + chunk.byteLength);
      bytes.set(chunk, loaded);
      loaded += chunk.byteLength;
      onLoaded(loaded);
    }
  } catch (cause) {
    if (cause instanceof WasiNNError) throw cause;
    throw new WasiNNError('runtime-error', `${url} broke off after ${loaded} bytes (${messageOf(cause)}): try again`, {
      cause,
    });
  }
  return loaded === bytes.byteLength ? bytes : bytes.slice(0, loaded);
}

/** A stream as an async iterable; not every browser's own stream is one. */
async function* iterate(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

function grow(url: string, bytes: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  const larger = allocate(url, Math.max(needed, bytes.byteLength * 2));
  larger.set(bytes);
  return larger;
}

function allocate(url: string, byteLength: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(byteLength);
  } catch (cause) {
    throw new WasiNNError('too-large', `${url} has ${byteLength} bytes, which this browser cannot hold at once`, {
      cause,
    });
  }
}
