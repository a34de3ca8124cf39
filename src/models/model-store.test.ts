import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { chunkBytes, GoneError, type ModelCache, openModelCache } from './cache.js';
import { patternBytes } from './file-server.fixture.js';
import { type CacheNotice, createModelStore, type ModelStore } from './model-store.js';

let cache: ModelCache;
let notices: CacheNotice[];

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  cache = await openModelCache();
  notices = [];
  let time = 0;
  // Each look at the clock is later than the one before: that is what the store tells files apart by.
  vi.spyOn(Date, 'now').mockImplementation(() => ++time);
});

afterEach(() => {
  vi.restoreAllMocks();
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

function append(store: ModelStore, key: string, length: number, offset = 0, missing = length): Promise<boolean> {
  return store.append({ key, url: urlOf(key), offset, bytes: patternBytes(length), missing });
}

/** Keeps a file of one chunk. */
async function keep(store: ModelStore, key: string, length: number): Promise<boolean> {
  return (await begin(store, key)) && (await append(store, key, length)) && (await store.complete(key, {}));
}

const keys = async () => (await cache.list()).map(({ key }) => key);
const full = new DOMException('the disk is full', 'QuotaExceededError');

/** Fails as a browser whose quota is used up does, as often as told. */
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
    expect(await append(store, 'a', 10)).toBe(false);
    expect(await keys()).toEqual(['a']);
  });
});

describe('a store', () => {
  it('reads a file, chunk by chunk', async () => {
    const store = open();
    await begin(store, 'a');
    await append(store, 'a', chunkBytes);
    await append(store, 'a', 10, chunkBytes);
    const record = await store.find('a');
    const lengths: number[] = [];
    expect(record && (await store.read(record, ({ byteLength }) => lengths.push(byteLength)))).toBe(true);
    expect(lengths).toEqual([chunkBytes, 10]);
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
