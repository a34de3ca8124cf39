import { messageOf } from '../standard/error.js';
import { type Completion, DamagedError, type ModelCache, type NewFile } from './cache.js';
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
  append(key: string, chunk: Uint8Array, expected: number): Promise<boolean>;
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

  /** Deletes files until as many bytes fit, the one used longest ago first. @returns whether they do */
  async function makeRoom(cache: ModelCache, keeping: string, needed: number, limit: number): Promise<boolean> {
    const files = await cache.list();
    let used = files.reduce((sum, { received }) => sum + received, 0);
    for (const { key, received } of files) {
      if (used + needed <= limit) return true;
      if (key === keeping) continue;
      await cache.delete(key);
      used -= received;
    }
    return used + needed <= limit;
  }

  /** Stores a chunk; where the browser's quota is reached, it is tried once more with older files gone. */
  async function store(cache: ModelCache, key: string, chunk: Uint8Array, expected: number): Promise<void> {
    if (!(await makeRoom(cache, key, chunk.byteLength, budget))) {
      throw new Error(`the ${budget} bytes that models may take here are fewer than this one needs`);
    }
    try {
      await cache.append(key, chunk);
    } catch (cause) {
      if (!isQuotaError(cause)) throw cause;
      const used = (await cache.list()).reduce((sum, { received }) => sum + received, 0);
      await makeRoom(cache, key, expected, used);
      await cache.append(key, chunk);
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
    begin: (file) =>
      budget === 0 ? Promise.resolve(false) : attempt((cache) => cache.begin(file).then(() => true), false),
    async append(key, chunk, expected) {
      try {
        await store(await cache, key, chunk, expected);
        return true;
      } catch (cause) {
        const message = `${key} is not kept for the next visit: ${messageOf(cause)}`;
        onNotice({ reason: 'full', message });
        await attempt((cache) => cache.delete(key), undefined);
        return false;
      }
    },
    complete: (key, completion) => attempt((cache) => cache.complete(key, completion).then(() => true), false),
    touch: (key, completion) => attempt((cache) => cache.touch(key, completion), undefined),
    delete: (key) => attempt((cache) => cache.delete(key), undefined),
    clear: () => attempt((cache) => cache.clear(), undefined),
  };
}

function isQuotaError(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === 'QuotaExceededError';
}
