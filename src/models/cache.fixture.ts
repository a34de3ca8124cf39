import { IDBFactory } from 'fake-indexeddb';
import { vi } from 'vitest';
import { type ModelCache, openModelCache } from './cache.js';

/**
 * Opens the cache of a database that is empty. From then on each look at the clock is later than the one before: the store
 * knows by it which file was used last. `vi.restoreAllMocks()` ends that.
 */
export async function openEmptyCache(): Promise<ModelCache> {
  globalThis.indexedDB = new IDBFactory();
  const cache = await openModelCache();
  let time = 0;
  vi.spyOn(Date, 'now').mockImplementation(() => ++time);
  return cache;
}
