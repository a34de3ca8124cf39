import { messageOf, WasiNNError } from '../standard/error.js';

/** No browser compiles a WebAssembly module of more bytes; a server could send without end. */
const largestGuest = 2 ** 30;

/**
 * Fetches a guest, or a part of one.
 *
 * @param limit how many bytes it may have
 * @throws WasiNNError `runtime-error` where the server cannot be reached, `not-found` where it has no such file,
 *   `too-large` for more bytes than the limit; the signal's reason
 */
export async function fetchBytes(
  url: string,
  signal: AbortSignal,
  limit = largestGuest,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) {
      throw new WasiNNError('not-found', `instantiate: ${url} answered ${response.status} ${response.statusText}`);
    }
    if (!response.body) return new Uint8Array();
    const limited = response.body.pipeThrough(limitBytes(url, limit));
    return new Uint8Array(await new Response(limited).arrayBuffer());
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof WasiNNError) throw cause;
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
