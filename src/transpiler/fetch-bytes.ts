import { messageOf, WasiNNError } from '../standard/error.js';

/** No browser compiles a WebAssembly module of more bytes; a server could send without end. */
const largestGuest = 2 ** 30;

/**
 * Fetches a guest, or a part of one.
 *
 * @throws WasiNNError `runtime-error` where the server cannot be reached, `not-found` where it has no such file; the signal's
 *   reason
 */
export async function fetchGuest(url: string, signal: AbortSignal): Promise<Response> {
  const response = await inWords(url, signal, () => fetch(url, { signal }));
  if (response.ok) return response;
  throw new WasiNNError('not-found', `instantiate: ${url} answered ${response.status} ${response.statusText}`);
}

/**
 * Reads the body of a response.
 *
 * @param url where it came from
 * @param limit how many bytes it may have
 * @throws WasiNNError as `fetchGuest`, `too-large` for more bytes than the limit
 */
export function readBody(
  response: Response,
  url: string,
  signal: AbortSignal,
  limit = largestGuest,
): Promise<Uint8Array<ArrayBuffer>> {
  return inWords(url, signal, async () => {
    if (!response.body) return new Uint8Array();
    const limited = response.body.pipeThrough(limitBytes(url, limit));
    return new Uint8Array(await new Response(limited).arrayBuffer());
  });
}

/** Fetches a guest, or a part of one, as bytes. @throws WasiNNError as `readBody` */
export async function fetchBytes(url: string, signal: AbortSignal, limit?: number): Promise<Uint8Array<ArrayBuffer>> {
  return readBody(await fetchGuest(url, signal), url, signal, limit);
}

/** The first bytes of a response, of which there may be fewer. The response can be read afterwards as if nothing had been. */
export async function peek(response: Response, length: number): Promise<Uint8Array> {
  const reader = response.clone().body?.getReader();
  const bytes: number[] = [];
  while (reader && bytes.length < length) {
    const { value } = await reader.read();
    if (!value) break;
    bytes.push(...value.subarray(0, length - bytes.length));
  }
  // The other branch is read on, which is all that this one waits for.
  reader?.cancel().catch(() => undefined);
  return Uint8Array.from(bytes);
}

/** Says what has happened to a request in the words of this library. */
export async function inWords<Result>(
  url: string,
  signal: AbortSignal,
  action: () => Promise<Result>,
): Promise<Result> {
  try {
    return await action();
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof WasiNNError || cause instanceof WebAssembly.CompileError) throw cause;
    throw new WasiNNError('runtime-error', `instantiate: ${url} could not be reached (${messageOf(cause)})`, { cause });
  }
}

/** Passes bytes on, and fails when more come than may. */
function limitBytes(url: string, limit: number): TransformStream<Uint8Array, Uint8Array> {
  let total = 0;
  return new TransformStream({
    transform(chunk, controller) {
      total += chunk.byteLength;
      if (total <= limit) return controller.enqueue(chunk);
      const text = `instantiate: ${url} has more than ${limit} bytes, which no browser can compile: build a smaller guest`;
      controller.error(new WasiNNError('too-large', text));
    },
  });
}
