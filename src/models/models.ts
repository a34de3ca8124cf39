import { messageOf, quote, WasiNNError } from '../standard/error.js';
import type { GraphBuilder } from '../standard/graph.js';
import type { ModelCache } from './cache.js';
import { download } from './download.js';
import type { ModelEntry, ModelSource, Registry } from './registry.js';

/** Where a model that is being opened stands. */
export interface ModelProgress {
  readonly name: string;
  /** `cache`: read from the last visit's; `download`: on its way. */
  readonly phase: 'cache' | 'download';
  readonly loaded: number;
  readonly total?: number;
}

/** A model's files and how they are to be loaded. */
export interface OpenModel extends ModelEntry {
  readonly parts: readonly GraphBuilder[];
}

/** The models that guests may load by name. */
export interface Models {
  /**
   * Fetches a model's files, from the cache where they are there.
   *
   * @throws WasiNNError `not-found` for a name that the registry does not have, or what {@link download} throws
   */
  open(name: string): Promise<OpenModel>;
  /** Drops what the cache has of a model: its bytes turned out not to be one. */
  forget(name: string): Promise<void>;
}

export interface ModelsOptions {
  readonly registry: Registry;
  /** Rejects where there is no cache; models are then downloaded on every visit. */
  readonly cache: Promise<ModelCache>;
  onProgress(progress: ModelProgress): void;
}

export function createModels({ registry, cache, onProgress }: ModelsOptions): Models {
  const store = tolerant(cache);
  const underway = new Map<string, Promise<GraphBuilder>>();

  /** Names that share a URL share its download. */
  function fetchOnce(name: string, url: string): Promise<GraphBuilder> {
    const known = underway.get(url);
    if (known) return known;
    const fetching = fetchModel(name, url).finally(() => underway.delete(url));
    underway.set(url, fetching);
    return fetching;
  }

  async function fetchModel(name: string, url: string): Promise<GraphBuilder> {
    const kept = await store.read(url);
    if (kept) {
      onProgress({ name, phase: 'cache', loaded: kept.byteLength, total: kept.byteLength });
      return kept;
    }
    const bytes = await download(url, {
      onProgress: (progress) => onProgress({ name, phase: 'download', ...progress }),
    });
    await store.write(url, bytes);
    return bytes;
  }

  return {
    async open(name) {
      const entry = find(registry, name);
      const { source } = entry;
      if ('backend' in source) return { ...entry, parts: [] };
      const bytes = await readSource(source, (url) => fetchOnce(name, url)).catch((cause) => {
        throw named(name, cause);
      });
      return { ...entry, parts: [bytes] };
    },
    async forget(name) {
      const source = registry.get(name)?.source;
      if (source && 'url' in source) await store.delete(source.url);
    },
  };
}

/** A cache whose every failure is that of an empty one: a model that cannot be kept can still be used. */
function tolerant(cache: Promise<ModelCache>): ModelCache {
  const read = async (url: string) => (await cache).read(url);
  const write = async (url: string, bytes: GraphBuilder) => (await cache).write(url, bytes);
  const remove = async (url: string) => (await cache).delete(url);
  const ignore = () => undefined;
  cache.catch(ignore);
  return {
    read: (url) => read(url).catch(ignore),
    // What a failed write leaves behind only takes room.
    write: (url, bytes) => write(url, bytes).catch(() => remove(url).catch(ignore)),
    delete: (url) => remove(url).catch(ignore),
  };
}

async function readSource(
  source: Exclude<ModelSource, { readonly backend: string }>,
  fetchUrl: (url: string) => Promise<GraphBuilder>,
): Promise<GraphBuilder> {
  if ('url' in source) return fetchUrl(source.url);
  return source.data instanceof Blob ? new Uint8Array(await source.data.arrayBuffer()) : source.data;
}

function find(registry: Registry, name: string): ModelEntry {
  const entry = registry.get(name);
  if (entry) return entry;
  const known = [...registry.keys()].map(quote).join(', ');
  throw new WasiNNError(
    'not-found',
    `load-by-name: no model is registered as ${quote(name)}; ${known ? `registered are ${known}` : 'the registry is empty'}`,
  );
}

function named(name: string, cause: unknown): WasiNNError {
  const code = cause instanceof WasiNNError ? cause.code : 'runtime-error';
  return new WasiNNError(code, `load-by-name: model ${quote(name)}: ${messageOf(cause)}`, { cause });
}
