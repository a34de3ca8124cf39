import { WasiNNError } from '../standard/error.js';
import { type GraphEncoding, isGraphEncoding } from '../standard/graph.js';

/** Modules of backends that the page brings along, by the encodings that they serve. */
export type BackendsOption = Readonly<Partial<Record<Exclude<GraphEncoding, 'autodetect'>, string | URL>>>;

/** A {@link BackendsOption} that has been checked: absolute URLs by their encodings. It can be posted to a worker. */
export type BackendUrls = ReadonlyMap<GraphEncoding, string>;

/**
 * Checks which backends a page brings along, and resolves their URLs.
 *
 * @param base the URL that relative ones are resolved against
 * @throws WasiNNError `invalid-argument` that names the entry and what is wrong with it
 */
export function resolveBackends(backends: BackendsOption, base: string): BackendUrls {
  return new Map(Object.entries(backends).map(([encoding, url]) => resolve(encoding, url, base)));
}

function resolve(encoding: string, url: string | URL, base: string): [GraphEncoding, string] {
  if (!isGraphEncoding(encoding) || encoding === 'autodetect')
    throw invalid(`${JSON.stringify(encoding)} is no encoding that a backend can serve`);
  const resolved = URL.parse(String(url), base);
  if (!resolved) throw invalid(`the URL ${JSON.stringify(String(url))} for ${encoding} is none`);
  return [encoding, resolved.href];
}

function invalid(reason: string): WasiNNError {
  return new WasiNNError('invalid-argument', `backends: ${reason}`);
}
