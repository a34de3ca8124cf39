import { messageOf, WasiNNError } from '../standard/error.js';

/**
 * Fetches a guest, or a part of one.
 *
 * @throws WasiNNError `runtime-error` where the server cannot be reached, `not-found` where it has no such file
 */
export async function fetchBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url).catch((cause) => {
    throw new WasiNNError('runtime-error', `instantiate: ${url} could not be reached (${messageOf(cause)})`, { cause });
  });
  if (!response.ok) {
    throw new WasiNNError('not-found', `instantiate: ${url} answered ${response.status} ${response.statusText}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}
