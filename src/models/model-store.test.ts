import 'fake-indexeddb/auto';
import { deleteDB, openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openEmptyCache } from './cache.fixture.js';
import { chunkBytes, GoneError, type ModelCache } from './cache.js';
import { patternBytes } from './file-server.fixture.js';
import { type CacheNotice, createModelStore, type ModelStore } from './model-store.js';

let cache: ModelCache;
let notices: CacheNotice[];

beforeEach(async () => {
  cache = await openEmptyCache();
  notices = [];
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function open(budget = 2 ** 32, changes: Partial<ModelCache> = {}): ModelStore {
  return createModelStore({
    cache: Promise.resolve({ ...cache, ...changes }),
    budget,
    onNotice: (notice) => notices.push(notice),
  });
}

const urlOf = (key: string) => `https://models.example/${key}`;

function begin(store: ModelStore, key: string): Promise<boolean> {
  return store.begin({ key, url: urlOf(key), resumable: true });
}

/** @param missing `unknown` for a file whose length nobody knows */
async function append(
  store: ModelStore,
  key: string,
  length: number,
  offset = 0,
  missing: number | 'unknown' = length,
): Promise<boolean> {
  const chunk = { key, url: urlOf(key), offset, bytes: patternBytes(length) };
  return (await store.append(missing === 'unknown' ? chunk : { ...chunk, missing })) === 'stored';
}

/** The browser's estimate of what the origin takes and may take. */
function stubEstimate(usage: number, quota: number): void {
  vi.stubGlobal('navigator', { storage: { estimate: async () => ({ usage, quota }) } });
}

/** Keeps a file of one chunk. */
async function keep(store: ModelStore, key: string, length: number): Promise<boolean> {
  return (await begin(store, key)) && (await append(store, key, length)) && (await store.complete(key, {}));
}

const keys = async () => (await cache.list()).map(({ key }) => key);
const full = new DOMException('the disk is full', 'QuotaExceededError');

/** Fails as a browser whose quota is used up does, as many times as given. */
function failing<Arguments extends unknown[]>(
  times: number,
  action: (...args: Arguments) => Promise<void>,
): (...args: Arguments) => Promise<void> {
  let left = times;
  return (...args) => (left-- > 0 ? Promise.reject(full) : action(...args));
}

describe('a store under a budget', () => {
  it('lets files that were used longest ago make room', async () => {
    const store = open(100);
    await keep(store, 'a', 40);
    await keep(store, 'b', 40);
    await store.touch('a');
    expect(await keep(store, 'c', 50)).toBe(true);
    expect(await keys()).toEqual(['a', 'c']);
    expect(notices).toEqual([]);
  });

  it('makes room for all of a file with its first chunk', async () => {
    const store = open(100);
    await keep(store, 'a', 40);
    await keep(store, 'b', 40);
    await begin(store, 'c');
    expect(await append(store, 'c', 10, 0, 90)).toBe(true);
    expect(await keys()).toEqual(['c']);
  });

  it('is used to the last byte', async () => {
    const store = open(100);
    await keep(store, 'a', 40);
    expect(await keep(store, 'b', 60)).toBe(true);
    expect(await keys()).toEqual(['a', 'b']);
  });

  it('refuses a file that does not fit, with a notice, and keeps the others', async () => {
    const store = open(100);
    await keep(store, 'a', 40);
    await begin(store, 'b');
    expect(await append(store, 'b', 60, 0, 101)).toBe(false);
    expect(await keys()).toEqual(['a']);
    expect(notices).toEqual([
      {
        reason: 'full',
        message: `${urlOf('b')} is not kept for the next visit: it takes 101 bytes, and models may take 100 (cacheBudget)`,
      },
    ]);
  });

  it('refuses a file that turns out not to fit, and leaves nothing of it', async () => {
    const store = open(chunkBytes + 10);
    await begin(store, 'a');
    expect(await append(store, 'a', chunkBytes)).toBe(true);
    expect(await append(store, 'a', 11, chunkBytes)).toBe(false);
    expect(await keys()).toEqual([]);
    expect(notices).toHaveLength(1);
  });

  it('evicts nothing for a file of unknown length that turns out not to fit', async () => {
    const store = open(2 * chunkBytes);
    await keep(store, 'a', chunkBytes);
    await begin(store, 'b');
    expect(await append(store, 'b', chunkBytes, 0, 'unknown')).toBe(true);
    expect(await append(store, 'b', chunkBytes, chunkBytes, 'unknown')).toBe(true);
    expect(await append(store, 'b', 1, 2 * chunkBytes, 'unknown')).toBe(false);
    expect(await keys()).toEqual(['a']);
  });

  it('makes room for a file of unknown length when it is complete', async () => {
    const store = open(chunkBytes);
    await keep(store, 'a', 40);
    await begin(store, 'b');
    expect(await append(store, 'b', chunkBytes, 0, 'unknown')).toBe(true);
    expect(await keys()).toEqual(['a', 'b']);
    expect(await store.complete('b', {})).toBe(true);
    expect(await keys()).toEqual(['b']);
  });

  it('evicts nothing for a file that the browser has no room for', async () => {
    const store = open(100);
    await keep(store, 'a', 40);
    stubEstimate(950, 1000);
    await begin(store, 'b');
    expect(await append(store, 'b', 10, 0, 91)).toBe(false);
    expect(await keys()).toEqual(['a']);
    expect(notices).toMatchObject([
      { message: expect.stringContaining('takes 91 bytes, and the browser has room for 90') },
    ]);
    expect(await begin(store, 'c')).toBe(true);
    expect(await append(store, 'c', 10, 0, 90)).toBe(true);
    expect(await keys()).toEqual(['c']);
  });

  it('keeps nothing where it is 0, and says nothing', async () => {
    expect(await begin(open(0), 'a')).toBe(false);
    expect(await keys()).toEqual([]);
    expect(notices).toEqual([]);
  });
});

describe("a store where the browser's quota is reached", () => {
  it('evicts as much as is needed, and tries once more', async () => {
    const setup = open();
    for (const key of ['a', 'b', 'c']) await keep(setup, key, 40);
    const store = open(undefined, { append: failing(1, cache.append) });
    expect(await keep(store, 'd', 50)).toBe(true);
    expect(await keys()).toEqual(['c', 'd']);
    expect(notices).toEqual([]);
  });

  it('evicts all others where they are fewer than is needed', async () => {
    await keep(open(), 'a', 40);
    const store = open(undefined, { append: failing(1, cache.append) });
    expect(await keep(store, 'b', 500)).toBe(true);
    expect(await keys()).toEqual(['b']);
  });

  it.each<[what: string, length: number, missing: number | 'unknown', quota?: number]>([
    ['that is larger than all others together', 10, 51],
    ['that the browser has no room for by its estimate', 50, 50, 1009],
    ['whose length nobody knows', 10, 'unknown'],
  ])('evicts nothing for a file %s', async (_what, length, missing, quota) => {
    await keep(open(), 'a', 40);
    if (quota) stubEstimate(1000, quota);
    const store = open(undefined, { append: failing(1, cache.append) });
    await begin(store, 'b');
    expect(await append(store, 'b', length, 0, missing)).toBe(false);
    expect(await keys()).toEqual(['a']);
    expect(notices).toMatchObject([{ reason: 'full' }]);
  });

  it('gives up with a notice where that did not help, and leaves nothing of the file', async () => {
    const store = open(undefined, { append: failing(2, cache.append) });
    expect(await keep(store, 'a', 50)).toBe(false);
    expect(await keys()).toEqual([]);
    expect(notices).toEqual([
      { reason: 'full', message: `${urlOf('a')} is not kept for the next visit: the disk is full` },
    ]);
  });

  it('gives up at once on another failure, and keeps the others', async () => {
    await keep(open(), 'a', 40);
    const store = open(undefined, { append: () => Promise.reject(new Error('the disk is on fire')) });
    expect(await keep(store, 'b', 50)).toBe(false);
    expect(await keys()).toEqual(['a']);
    expect(notices).toMatchObject([{ reason: 'full', message: expect.stringContaining('on fire') }]);
  });

  it('tries to begin once more too', async () => {
    expect(await begin(open(undefined, { begin: failing(1, cache.begin) }), 'a')).toBe(true);
    expect(await begin(open(undefined, { begin: failing(2, cache.begin) }), 'a')).toBe(false);
    expect(notices).toHaveLength(1);
  });

  it("leaves alone what another has put in a file's place", async () => {
    const store = open(undefined, { append: () => Promise.reject(new GoneError('it was deleted meanwhile')) });
    await keep(open(), 'a', 40);
    const chunk = { key: 'a', url: urlOf('a'), offset: 0, bytes: patternBytes(10), missing: 10 };
    expect(await store.append(chunk)).toBe('gone');
    expect(await keys()).toEqual(['a']);
    expect(notices).toEqual([
      { reason: 'damaged', message: `${urlOf('a')} was deleted from the cache while it was stored` },
    ]);
  });
});

describe('a store', () => {
  it('reads a file, piece by piece', async () => {
    const store = open();
    await begin(store, 'a');
    await append(store, 'a', chunkBytes);
    await append(store, 'a', 10, chunkBytes);
    const record = await store.find('a');
    let length = 0;
    const take = (piece: Uint8Array) => {
      length += piece.byteLength;
    };
    expect(record && (await store.read(record, take))).toBe(true);
    expect(length).toBe(chunkBytes + 10);
  });

  it('deletes a damaged file, with a notice', async () => {
    const store = open();
    await keep(store, 'a', 40);
    await keep(store, 'b', 40);
    const database = await openDB('wasi-nn-web');
    await database.delete('chunks', ['a', 0]);
    database.close();
    const record = await store.find('a');
    expect(record && (await store.read(record, () => undefined))).toBe(false);
    expect(await keys()).toEqual(['b']);
    expect(notices).toEqual([
      {
        reason: 'damaged',
        message: `${urlOf('a')} is fetched again: chunk 0 has no bytes, not the 40 that were stored`,
      },
    ]);
  });

  it('deletes a record that is none, with a notice', async () => {
    const store = open();
    await keep(store, 'a', 40);
    const database = await openDB('wasi-nn-web');
    await database.put('files', { key: 'a', complete: 'yes' });
    database.close();
    expect(await store.find('a')).toBeUndefined();
    expect(await store.find('a')).toBeUndefined();
    expect(notices).toMatchObject([{ reason: 'damaged', message: expect.stringMatching(/^a is fetched again/) }]);
  });

  it('goes on where another tab has deleted the database', async () => {
    const store = open();
    await keep(store, 'a', 40);
    const record = await cache.find('a');
    await deleteDB('wasi-nn-web');
    expect(record && (await store.read(record, () => undefined))).toBe(false);
    expect(await store.find('a')).toBeUndefined();
    expect(await keep(store, 'b', 40)).toBe(true);
    expect(await keys()).toEqual(['b']);
  });

  it('says once that there is no cache, and then fails nothing', async () => {
    const store = createModelStore({
      cache: Promise.reject(new DOMException('private window', 'SecurityError')),
      budget: 100,
      onNotice: (notice) => notices.push(notice),
    });
    expect(await begin(store, 'a')).toBe(false);
    expect(await append(store, 'a', 10)).toBe(false);
    expect(await store.complete('a', {})).toBe(false);
    expect(await store.find('a')).toBeUndefined();
    expect(await store.list()).toEqual([]);
    await store.touch('a');
    await store.delete('a');
    await store.clear();
    expect(notices).toEqual([
      { reason: 'unavailable', message: 'models are not kept for the next visit: private window' },
    ]);
  });

  it('fails nothing where its connection was lost', async () => {
    await keep(open(), 'a', 40);
    const record = await cache.find('a');
    const store = open();
    (await openDB('wasi-nn-web', 3)).close();
    expect(await store.find('a')).toBeUndefined();
    expect(await store.list()).toEqual([]);
    expect(record && (await store.read(record, () => undefined))).toBe(false);
    expect(await begin(store, 'b')).toBe(false);
    await store.touch('a');
    await store.delete('a');
    await store.clear();
    expect(notices).toMatchObject([{ reason: 'full' }]);
  });
});
