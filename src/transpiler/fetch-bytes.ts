import { messageOf, WasiNNError } from '../standard/error.js';

/**
 * Fetches a guest, or a part of one.
 *
 * @throws WasiNNError `runtime-error` where the server cannot be reached, `not-found` where it has no such file; the
 *   signal's reason
 */
export async function fetchBytes(url: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const response = await fetch(url, { signal });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw new WasiNNError('not-found', `instantiate: ${url} answered ${response.status} ${response.statusText}`);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof WasiNNError) throw cause;
    throw new WasiNNError('runtime-error', `instantiate: ${url} could not be reached (${messageOf(cause)})`, { cause });
  }
}
