import { messageOf } from '../standard/error.js';
import { type Completion, DamagedError, GoneError, isQuotaError, type ModelCache, type NewFile } from './cache.js';
import type { FileRecord } from './cache-database.js';
import { isOfGuest } from './cache-key.js';
import { estimateStorage } from './estimate-storage.js';
import { shownUrl } from './model-url.js';

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

/** How storing a chunk has ended. `gone`: somebody has deleted the file, or stored another in its place. */
export type Appending = 'stored' | 'refused' | 'gone';

type DamagedFile = Pick<FileRecord, 'key' | 'url' | 'convertedFrom'>;

/** The next bytes of a file that has begun. */
export interface NewChunk {
  readonly key: string;
  /** Where the file comes from, for people. */
  readonly url: string;
  /** Where the bytes stand in the file. */
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many bytes of the file are not stored yet, these included; absent where nobody knows. */
  readonly missing?: number;
}

/**
 * The cache under a policy: files that were not used for longest make room for new ones, and no failure of the
 * browser's storage is one of a model's. The methods do not reject.
 */
export interface ModelStore {
  find(key: string): Promise<FileRecord | undefined>;
  list(): Promise<readonly FileRecord[]>;
  /**
   * Passes on what is stored of a file, piece by piece; each is gone when `take` has returned.
   *
   * @returns whether it was all there; what is damaged is deleted
   */
  read(record: FileRecord, take: (piece: Uint8Array) => void): Promise<boolean>;
  /** Deletes a file whose bytes turned out to be damaged, with a notice that says so. */
  drop(file: DamagedFile, damage: string): Promise<void>;
  /** @returns whether the file can be kept */
  begin(file: NewFile): Promise<boolean>;
  /** @returns whether the chunk is stored; where it is not, nothing is left of the file */
  append(chunk: NewChunk): Promise<Appending>;
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

  /** Deletes files, in their order, until so many bytes are free. */
  async function evict(cache: ModelCache, files: readonly FileRecord[], excess: number): Promise<void> {
    let left = excess;
    for (const { key, received } of files) {
      if (left <= 0) return;
      await cache.delete(key);
      left -= received;
    }
  }

  /**
   * Does a step of storing a file. Other files make room where all of this one can then be stored, and only there: one
   * that can never fit, or whose length nobody knows, evicts nothing.
   */
  async function store(
    cache: ModelCache,
    key: string,
    { writes, missing }: Needs,
    step: (cache: ModelCache) => Promise<void>,
  ): Promise<void> {
    const files = await cache.list();
    const needed = Math.max(missing ?? 0, writes);
    const received = files.find((file) => file.key === key)?.received ?? 0;
    const used = storedBytes(files);
    const others = storedBytes(evictable(files, key));
    const available = Math.max(0, budget - (used - others - received));
    if (received + needed > available) {
      throw new Error(`it takes ${received + needed} bytes, and models may take ${available} (cacheBudget)`);
    }
    if (missing !== undefined && used + needed > budget) {
      await requireRoom(needed, others);
      await evict(cache, evictable(files, key), used + needed - budget);
    }
    try {
      await step(cache);
    } catch (cause) {
      if (!isQuotaError(cause)) throw cause;
      if (missing === undefined) throw new Error(`${messageOf(cause)}; other models make room where its size is known`);
      // What is free is less than what could not be written.
      if (needed > others + writes) throw cause;
      await requireRoom(needed, others);
      await evict(cache, evictable(await cache.list(), key), needed);
      await step(cache);
    }
  }

  /** Nothing is left of the file where the step fails. */
  async function keep(
    { key, url }: Pick<FileRecord, 'key' | 'url'>,
    needs: Needs,
    step: (cache: ModelCache) => Promise<void>,
  ): Promise<Appending> {
    const opened = await cache.catch(() => undefined);
    if (!opened || budget === 0) return 'refused';
    try {
      await store(opened, key, needs, step);
      return 'stored';
    } catch (cause) {
      // What is there in its place is another's.
      if (cause instanceof GoneError) {
        onNotice({ reason: 'damaged', message: `${shownUrl(url)} was deleted from the cache while it was stored` });
        return 'gone';
      }
      onNotice({ reason: 'full', message: `${shownUrl(url)} is not kept for the next visit: ${messageOf(cause)}` });
      await attempt((cache) => cache.delete(key), undefined);
      return 'refused';
    }
  }

  async function drop({ key, url, convertedFrom }: DamagedFile, damage: string): Promise<void> {
    const mending = convertedFrom ? 'converted' : 'fetched';
    onNotice({ reason: 'damaged', message: `${shownUrl(url)} is ${mending} again: ${damage}` });
    await attempt((cache) => cache.delete(key), undefined);
  }

  return {
    async find(key) {
      try {
        return await (await cache).find(key);
      } catch (cause) {
        if (cause instanceof DamagedError) await drop({ key, url: key }, cause.message);
        return undefined;
      }
    },
    list: () => attempt((cache) => cache.list(), []),
    async read(record, take) {
      try {
        for await (const piece of (await cache).read(record)) take(piece);
        return true;
      } catch (cause) {
        if (cause instanceof DamagedError) await drop(record, cause.message);
        return false;
      }
    },
    drop,
    begin: async (file) => (await keep(file, { writes: 0, missing: 0 }, (cache) => cache.begin(file))) === 'stored',
    append({ key, url, offset, bytes, missing }) {
      const needs = { writes: bytes.byteLength, ...(missing === undefined ? {} : { missing }) };
      return keep({ key, url }, needs, (cache) => cache.append(key, offset, bytes));
    },
    complete: (key, completion) =>
      attempt(async (cache) => {
        await cache.complete(key, completion);
        // One whose length nobody knew has made no room before.
        const files = await cache.list();
        await evict(cache, evictable(files, key), storedBytes(files) - budget);
        return true;
      }, false),
    touch: (key, completion) => attempt((cache) => cache.touch(key, completion), undefined),
    delete: (key) => attempt((cache) => cache.delete(key), undefined),
    clear: () => attempt((cache) => cache.clear(), undefined),
  };
}

/**
 * The files that may go for another, in the order in which they go. Converted models go first, since making them again
 * takes no download; then the files of guests, then the page's. Within each, the one used longest ago goes first. For a
 * file of a guest only files of guests go: a guest chooses URLs, and could empty the cache by them.
 */
function evictable(files: readonly FileRecord[], key: string): FileRecord[] {
  const others = files.filter((file) => file.key !== key && (isOfGuest(file.key) || !isOfGuest(key)));
  const rank = (file: FileRecord) => (file.convertedFrom ? 0 : isOfGuest(file.key) ? 1 : 2);
  return others.toSorted((one, other) => rank(one) - rank(other));
}

/** What a step of storing a file writes, and what all steps that are left write; in bytes. */
interface Needs {
  readonly writes: number;
  /** Absent where nobody knows. */
  readonly missing?: number;
}

/** @throws Error where the browser says that there is no room, even if all other files go */
export async function requireRoom(needed: number, others: number): Promise<void> {
  const origin = await estimateStorage();
  if (!origin) return;
  const room = Math.max(0, origin.quota - origin.usage) + others;
  if (needed > room) throw new Error(`it takes ${needed} bytes, and the browser has room for ${room}`);
}

/** How many bytes the cache has of some files. */
export function storedBytes(files: readonly FileRecord[]): number {
  return files.reduce((sum, { received }) => sum + received, 0);
}
