import { isBlob } from '../standard/brand-checks.js';
import { messageOf, quote, WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { FileRecord } from './cache-database.js';
import { type Conversion, keyOf } from './cache-key.js';
import { type ConvertedFiles, type ConvertedPiece, isMadeOf } from './converted-files.js';
import { type Wait, wait as waitByClock } from './download.js';
import { estimateStorage } from './estimate-storage.js';
import { createFiles, type FileProgress, isOnPage } from './files.js';
import { largestBytes, tooLarge } from './growing-bytes.js';
import type { Entries, ModelEntry, PartSource } from './model-options.js';
import { type ModelStore, storedBytes } from './model-store.js';
import { createProgress, type ModelProgress } from './progress.js';
import type { Registry } from './registry.js';
import { createSharing } from './sharing.js';

/** A model's files and how they are to be loaded. */
export interface OpenModel extends Omit<ModelEntry, 'sources'> {
  readonly parts: readonly GraphBuilder[];
  /** The keys under which the cache keeps the parts, if it has room; absent where it keeps none or not all of them. */
  readonly files?: readonly string[];
}

/** The models that can be loaded by name. */
export interface NamedModels {
  /**
   * Fetches a model's files, from the cache where they are there. The bytes are the caller's.
   *
   * @throws WasiNNError as {@link Registry.find}, and where a file cannot be had; the signal's reason
   */
  open(name: string, signal?: AbortSignal): Promise<OpenModel>;
  /**
   * Drops the files of a model that no runtime could read, so that the next load downloads them again. The cache keeps
   * the files whose digest is registered: they are what the registry asks for.
   */
  forget(name: string): Promise<void>;
}

/** Models that were converted to ONNX, kept between visits. */
export interface ConvertedModels {
  /** What was kept of a conversion, and has not changed since; nothing where there is none. The bytes are the caller's. */
  findConverted(conversion: Conversion): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Keeps a conversion, piece by piece, where there is room for it and the cache has the files that it was made of.
   *
   * @returns whether the next piece is wanted
   */
  keepConverted(conversion: Conversion, piece: ConvertedPiece): Promise<boolean>;
}

/** A registered model, and what the cache has of it. */
export interface ModelListing {
  readonly name: string;
  readonly encoding: GraphEncoding;
  readonly target: ExecutionTarget;
  /** All URLs of all parts; none for a model that the page has given. */
  readonly urls: readonly string[];
  /** `whole`: it can be loaded without the network; `part`: a download was broken off, and will go on from there. */
  readonly cached: 'no' | 'part' | 'whole';
  /** How many bytes the cache has of it, with what it was converted to. */
  readonly cachedBytes: number;
  /** The length in bytes, where it is known. */
  readonly size?: number;
  /** When it was last loaded or fetched. */
  readonly lastUsed?: Date;
}

/** What models take of the browser's storage, in bytes. */
export interface ModelsUsage {
  /** All that is kept of models, registered ones or not, with what they were converted to. */
  readonly bytes: number;
  /** How many files that is. */
  readonly files: number;
  /** What models may take. */
  readonly budget: number;
  /** What the page's origin takes and may take, by the browser's estimate, where it gives one. */
  readonly origin?: { readonly usage: number; readonly quota: number };
}

/** Models as a page looks after them. */
export interface Models extends NamedModels, ConvertedModels {
  /** Registers models, in place of those of the same names; graphs that are loaded stay as they are. */
  add(entries: Entries): void;
  list(): Promise<ModelListing[]>;
  /** What a model is meant for; nothing of it is fetched. @throws WasiNNError as {@link Registry.find} */
  targetOf(name: string): Promise<ExecutionTarget>;
  /**
   * Puts a model into the cache.
   *
   * @throws WasiNNError as {@link NamedModels.open}, and `runtime-error` where there is no room; the signal's reason
   */
  preload(name: string, signal?: AbortSignal): Promise<void>;
  /** Deletes what the cache has of a model. @throws WasiNNError as {@link Registry.find} */
  delete(name: string): Promise<void>;
  /** Deletes all that the cache has. */
  clear(): Promise<void>;
  usage(): Promise<ModelsUsage>;
}

export interface ModelsOptions {
  readonly registry: Registry;
  readonly store: ModelStore;
  readonly converted: ConvertedFiles;
  /** How many bytes the store may hold. */
  readonly budget: number;
  onProgress(progress: ModelProgress): void;
  /** How the time between tries goes by. Default: by the clock. */
  readonly wait?: Wait;
}

const never = new AbortController().signal;

export function createModels({
  registry,
  store,
  converted,
  budget,
  onProgress,
  wait = waitByClock,
}: ModelsOptions): Models {
  const files = createFiles(store, wait);
  const sharing = createSharing<GraphBuilder | undefined, FileProgress>();
  const track = createProgress(onProgress);

  /** Fetches all parts of a model, with the names that share a file sharing its download. */
  async function fetchParts(
    operation: 'load-by-name' | 'preload',
    name: string,
    signal: AbortSignal,
  ): Promise<{ readonly entry: ModelEntry; readonly parts: readonly (GraphBuilder | undefined)[] }> {
    const entry = await registry.find(name);
    const { sources, fetch } = entry;
    const wanted = operation === 'load-by-name';
    const tracker = track(name, sources.length);
    let bytes = 0;
    // Where one part fails, the others need not go on.
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    try {
      const parts = await Promise.all(
        sources.map(async (source, index) => {
          if ('data' in source) return wanted ? readLocal(source.data) : undefined;
          const participant = { signal: either, onNotice: (step: FileProgress) => tracker.update(index, step) };
          const join = (key: string) =>
            sharing.join(key, participant, (common, onProgress) =>
              files.fetch(source, { fetch, wanted, signal: common, onProgress }),
            );
          // Who wants the bytes may go: the download goes on for who wants it kept, and then sees whether it was.
          const wantedKey = `wanted ${keyOf(source)}`;
          if (!wanted && sharing.isUnderway(wantedKey)) await join(wantedKey).catch(() => undefined);
          const { result, isFirst } = await join(wanted ? wantedKey : keyOf(source));
          bytes += result?.byteLength ?? 0;
          if (bytes > largestBytes) throw tooLarge(bytes);
          return isFirst ? result : result?.slice();
        }),
      );
      return { entry, parts };
    } catch (cause) {
      failed.abort(cause);
      signal.throwIfAborted();
      throw named(operation, name, cause);
    } finally {
      tracker.end();
    }
  }

  async function remove({ sources }: ModelEntry): Promise<void> {
    await Promise.all(sources.map(async (source) => 'urls' in source && store.delete(keyOf(source))));
  }

  return {
    async open(name, signal = never) {
      const { entry, parts } = await fetchParts('load-by-name', name, signal);
      const { sources, ...options } = entry;
      const files = keysOf(sources);
      return { ...options, parts: parts.map((part) => part ?? new Uint8Array()), ...(files ? { files } : {}) };
    },
    async preload(name, signal = never) {
      await fetchParts('preload', name, signal);
    },
    async forget(name) {
      const entry = await registry.find(name).catch(() => undefined);
      const sources = entry?.sources ?? [];
      await Promise.all(sources.map(async (source) => 'urls' in source && files.distrust(source)));
    },
    findConverted: (conversion) => converted.find(conversion),
    keepConverted: (conversion, piece) => converted.keep(conversion, piece),
    targetOf: async (name) => (await registry.find(name)).target,
    delete: async (name) => remove(await registry.find(name)),
    clear: () => store.clear(),
    add: (entries) => registry.add(entries),
    async list() {
      const kept = await store.list();
      const records = new Map(kept.map((record) => [record.key, record]));
      const conversions = kept.filter(({ convertedFrom }) => convertedFrom);
      return [...(await registry.entries())].map(([name, entry]) => toListing(name, entry, records, conversions));
    },
    async usage() {
      const kept = await store.list();
      const origin = await estimateStorage();
      return { bytes: storedBytes(kept), files: kept.length, budget, ...(origin ? { origin } : {}) };
    },
  };
}

/** The keys of all files of a model, where the cache may have them all. */
function keysOf(sources: readonly PartSource[]): readonly string[] | undefined {
  const keys = sources.flatMap((source) => ('urls' in source && !isOnPage(source) ? keyOf(source) : []));
  return keys.length > 0 && keys.length === sources.length ? keys : undefined;
}

async function readLocal(data: GraphBuilder | Blob): Promise<GraphBuilder> {
  return isBlob(data) ? new Uint8Array(await data.arrayBuffer()) : data.slice();
}

function toListing(
  name: string,
  { sources, encoding, target }: ModelEntry,
  records: ReadonlyMap<string, FileRecord>,
  conversions: readonly FileRecord[],
): ModelListing {
  const remote = sources.filter((source) => 'urls' in source);
  const kept = remote.flatMap((part) => records.get(keyOf(part)) ?? []);
  const fileBytes = storedBytes(kept);
  const keys = keysOf(sources) ?? [];
  const cachedBytes = fileBytes + storedBytes(conversions.filter((conversion) => isMadeOf(conversion, keys)));
  const isWhole = kept.length > 0 && kept.length === remote.length && kept.every(({ complete }) => complete);
  const size = sizeOf(sources, records);
  const lastUsed = Math.max(0, ...kept.map((record) => record.lastUsed));
  return {
    name,
    encoding,
    target,
    urls: remote.flatMap(({ urls }) => urls),
    cached: isWhole ? 'whole' : fileBytes > 0 ? 'part' : 'no',
    cachedBytes,
    ...(size === undefined ? {} : { size }),
    ...(kept.length > 0 ? { lastUsed: new Date(lastUsed) } : {}),
  };
}

function sizeOf(sources: readonly PartSource[], records: ReadonlyMap<string, FileRecord>): number | undefined {
  let sum = 0;
  for (const source of sources) {
    const size = 'data' in source ? localSize(source.data) : (source.size ?? recordedSize(records.get(keyOf(source))));
    if (size === undefined) return undefined;
    sum += size;
  }
  return sum;
}

function localSize(data: GraphBuilder | Blob): number {
  return isBlob(data) ? data.size : data.byteLength;
}

function recordedSize(record: FileRecord | undefined): number | undefined {
  return record?.complete ? record.received : record?.total;
}

function named(operation: string, name: string, cause: unknown): WasiNNError {
  const code = cause instanceof WasiNNError ? cause.code : 'runtime-error';
  return new WasiNNError(code, `${operation}: model ${quote(name)}: ${messageOf(cause)}`, { cause });
}
