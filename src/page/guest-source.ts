import type { GuestSource } from '../rpc/prepared-guest.js';
import type { TranspiledGuest } from '../rpc/transpiled-guest.js';
import { isBlob, isResponse, isURL } from '../standard/brand-checks.js';
import { WasiNNError } from '../standard/error.js';
import { baseURL } from './base-url.js';

/**
 * A guest: its URL (resolved against the page), a Response, a Blob, its bytes, a compiled core module, or a component
 * that was transpiled in a build step.
 */
export type GuestInput = UncompiledInput | WebAssembly.Module;

type UncompiledInput = string | URL | Response | Blob | BufferSource | TranspiledGuest;

/** What the transpiler fetches or reads. The page's thread reads neither responses nor Blobs. */
export async function toGuestSource(source: UncompiledInput): Promise<GuestSource> {
  if (typeof source === 'string' || isURL(source)) return { url: new URL(source, baseURL()).href };
  if ('glue' in source) return { transpiled: source };
  if (isResponse(source) && !source.ok) {
    throw new WasiNNError('not-found', `instantiate: ${source.url} answered ${source.status} ${source.statusText}`);
  }
  if (isResponse(source)) return { blob: await source.blob() };
  if (isBlob(source)) return { blob: source };
  const view = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  return { bytes: view.slice() };
}
