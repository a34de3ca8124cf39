import { messageOf } from '../standard/error.js';
import { type Completion, DamagedError, GoneError, type ModelCache, type NewFile } from './cache.js';
import type { FileRecord } from './cache-database.js';

/** Why a model is not in the cache as it should be; it can be used all the same. */
export interface CacheNotice {
  /** `unavailable`: the browser gives no storage; `full`: it has no room; `damaged`: what was stored has changed. */
  readonly reason: 'unavailable' | 'full' | 'damaged';
  /** For people. */
  readonly message: string;
}

export interface ModelStoreOptions {
  /** Rejects where there is no cache; models are then downloaded on every visit. */
  readonly cache: Promise<ModelCache>;
  /** How many bytes the cache may hold. */
  readonly budget: number;
  onNotice(notice: CacheNotice): void;
}

/** The next bytes of a file that has begun. */
export interface NewChunk {
  readonly key: string;
  /** Where the file comes from, for people. */
  readonly url: string;
  /** Where the bytes stand in the file. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** How many bytes of the file are not stored yet, these included, as far as that is known. */
  readonly missing: number;
}

/**
 * The cache under a policy: files that were not used for longest make room for new ones, and no failure of the
 * browser's storage is one of a model's. The methods do not reject.
 */
export interface ModelStore {
  find(key: string): Promise<FileRecord | undefined>;
  list(): Promise<readonly FileRecord[]>;
  /**
   * Passes on what is stored of a file, chunk by chunk.
   *
   * @returns whether it was all there; what is damaged is deleted
   */
  read(record: FileRecord, take: (chunk: Uint8Array) => void): Promise<boolean>;
  /** @returns whether the file can be kept */
  begin(file: NewFile): Promise<boolean>;
  /** @returns whether the chunk is stored; where it is not, nothing is left of the file */
  append(chunk: NewChunk): Promise<boolean>;
  complete(key: string, completion: Completion): Promise<boolean>;
  touch(key: string, completion?: Completion): Promise<void>;
  delete(key: string): Promise<void>;
  clear(): Promise<void>;
}

export function createModelStore({ cache, budget, onNotice }: ModelStoreOptions): ModelStore {
  cache.catch((cause) =>
    onNotice({ reason: 'unavailable', message: `models are not kept for the next visit: ${messageOf(cause)}` }),
  );

  /** Carries something out on the cache, and answers with `fallback` where it fails. */
  async function attempt<Value, Fallback>(
    action: (cache: ModelCache) => Promise<Value>,
    fallback: Fallback,
  ): Promise<Value | Fallback> {
    try {
      return await action(await cache);
    } catch {
      return fallback;
    }
  }

  /** Deletes files, the one used longest ago first, until the others take no more than `limit` bytes. */
  async function evict(cache: ModelCache, keeping: string, limit: number): Promise<void> {
    const files = await cache.list();
    let used = storedBytes(files);
    for (const { key, received } of files) {
      if (used <= limit) return;
      if (key === keeping) continue;
      await cache.delete(key);
      used -= received;
    }
  }

  /** Carries out a step of storing a file; where the browser's quota is reached, once more with older files gone. */
  async function store(
    cache: ModelCache,
    key: string,
    needed: number,
    step: (cache: ModelCache) => Promise<void>,
  ): Promise<void> {
    const { received = 0 } = (await cache.find(key)) ?? {};
    // Where it does not fit anyway, others need not go for it.
    if (received + needed > budget) {
      throw new Error(`it takes ${received + needed} bytes, and models may take ${budget} (cacheBudget)`);
    }
    await evict(cache, key, budget - needed);
    try {
      await step(cache);
    } catch (cause) {
      if (!isQuotaError(cause)) throw cause;
      await evict(cache, key, storedBytes(await cache.list()) - needed);
      await step(cache);
    }
  }

  /** @returns whether the step succeeded; nothing is left of the file where it did not */
  async function keep(
    { key, url }: { readonly key: string; readonly url: string },
    needed: number,
    step: (cache: ModelCache) => Promise<void>,
  ): Promise<boolean> {
    const opened = await cache.catch(() => undefined);
    if (!opened || budget === 0) return false;
    try {
      await store(opened, key, needed, step);
      return true;
    } catch (cause) {
      onNotice({ reason: 'full', message: `${url} is not kept for the next visit: ${messageOf(cause)}` });
      // What is there in its place is another's.
      if (!(cause instanceof GoneError)) await attempt((cache) => cache.delete(key), undefined);
      return false;
    }
  }

  return {
    find: (key) => attempt((cache) => cache.find(key), undefined),
    list: () => attempt((cache) => cache.list(), []),
    async read(record, take) {
      try {
        for await (const chunk of (await cache).read(record)) take(chunk);
        return true;
      } catch (cause) {
        if (!(cause instanceof DamagedError)) return false;
        onNotice({ reason: 'damaged', message: `${record.url} is fetched again: ${cause.message}` });
        await attempt((cache) => cache.delete(record.key), undefined);
        return false;
      }
    },
    begin: (file) => keep(file, 0, (cache) => cache.begin(file)),
    append({ key, url, offset, bytes, missing }) {
      const needed = Math.max(missing, bytes.byteLength);
      return keep({ key, url }, needed, (cache) => cache.append(key, offset, bytes));
    },
    complete: (key, completion) => attempt((cache) => cache.complete(key, completion).then(() => true), false),
    touch: (key, completion) => attempt((cache) => cache.touch(key, completion), undefined),
    delete: (key) => attempt((cache) => cache.delete(key), undefined),
    clear: () => attempt((cache) => cache.clear(), undefined),
  };
}

/** How many bytes the cache has of some files. */
export function storedBytes(files: readonly FileRecord[]): number {
  return files.reduce((sum, { received }) => sum + received, 0);
}

function isQuotaError(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === 'QuotaExceededError';
}
