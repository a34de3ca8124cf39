import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openEmptyCache } from './cache.fixture.js';
import { chunkBytes, GoneError, type ModelCache } from './cache.js';
import { type Conversion, convertedKeyOf } from './cache-key.js';
import { type ConvertedFiles, createConvertedFiles } from './converted-files.js';
import { patternBytes } from './file-server.fixture.js';
import { type CacheNotice, createModelStore } from './model-store.js';

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

function open(budget = 2 ** 32, changes: Partial<ModelCache> = {}) {
  const changed = Promise.resolve({ ...cache, ...changes });
  const store = createModelStore({ cache: changed, budget, onNotice: (notice) => notices.push(notice) });
  return { store, converted: createConvertedFiles({ cache: changed, store, budget }) };
}

/** Puts a file into the cache, as a download does. */
async function download(store: ReturnType<typeof open>['store'], key: string, length: number): Promise<void> {
  await store.begin({ key, url: `https://models.example/${key}`, resumable: true });
  await store.append({ key, url: key, offset: 0, bytes: patternBytes(length), missing: length });
  await store.complete(key, {});
}

const conversion: Conversion = { files: ['a.xml', 'a.bin'], key: 'openvino-1-0f' };

/** Keeps a conversion of so many bytes, as an engine does. */
async function keep(converted: ConvertedFiles, conversion: Conversion, total: number): Promise<void> {
  const bytes = patternBytes(total);
  for (let offset = 0; offset < total; offset += chunkBytes) {
    const piece = { offset, total, bytes: bytes.slice(offset, offset + chunkBytes) };
    if (!(await converted.keep(conversion, piece))) return;
  }
}

const keys = async () => (await cache.list()).map(({ key }) => key);

async function openWithOriginal(budget?: number, changes?: Partial<ModelCache>) {
  const opened = open(budget, changes);
  for (const key of conversion.files) await download(opened.store, key, 10);
  return opened;
}

describe('converted files', () => {
  it.each([10, chunkBytes, chunkBytes + 1])('keep %d bytes until the next visit', async (length) => {
    const { converted } = await openWithOriginal();
    expect(await converted.find(conversion)).toBeUndefined();
    await keep(converted, conversion, length);
    expect(Buffer.compare((await open().converted.find(conversion)) ?? Buffer.of(), patternBytes(length))).toBe(0);
    expect(notices).toEqual([]);
  });

  it('are different files where their keys or their originals differ', async () => {
    const { converted } = await openWithOriginal();
    await keep(converted, conversion, 10);
    expect(await converted.find({ ...conversion, key: 'openvino-2-0f' })).toBeUndefined();
    expect(await converted.find({ ...conversion, files: ['b.xml', 'a.bin'] })).toBeUndefined();
  });

  it.each(['a.xml', 'a.bin'])('are deleted with %s, which they were made of', async (original) => {
    const { store, converted } = await openWithOriginal();
    await download(store, 'other', 10);
    await keep(converted, conversion, 10);
    await store.delete(original);
    expect(await keys()).toEqual(['a.xml', 'a.bin', 'other'].filter((key) => key !== original));
    const database = await openDB('wasi-nn-web');
    expect(await database.count('chunks')).toBe(2);
    database.close();
  });

  it('are deleted when another version of the original comes', async () => {
    const { store, converted } = await openWithOriginal();
    await keep(converted, conversion, 10);
    await download(store, 'a.bin', 12);
    expect((await keys()).toSorted()).toEqual(['a.bin', 'a.xml']);
  });

  it('are not kept where an original is not there, or not whole', async () => {
    const { store, converted } = open();
    await keep(converted, conversion, 10);
    await download(store, 'a.xml', 10);
    await keep(converted, conversion, 10);
    await store.begin({ key: 'a.bin', url: 'a.bin', resumable: true });
    await keep(converted, conversion, 10);
    expect((await keys()).toSorted()).toEqual(['a.bin', 'a.xml']);
  });

  it('are not kept where the original is deleted while they are stored', async () => {
    const append: ModelCache['append'] = async (...given) => {
      await cache.delete('a.bin');
      await cache.append(...given);
    };
    const { converted, store } = await openWithOriginal(2 ** 32);
    const racing = createConvertedFiles({ cache: Promise.resolve({ ...cache, append }), store, budget: 2 ** 32 });
    await keep(racing, conversion, 10);
    expect(await keys()).toEqual(['a.xml']);
    expect(await converted.find(conversion)).toBeUndefined();
  });

  it('are not kept without a cache', async () => {
    const none = Promise.reject(new Error('no cache in this test'));
    const store = createModelStore({ cache: none, budget: 100, onNotice: () => undefined });
    const converted = createConvertedFiles({ cache: none, store, budget: 100 });
    await keep(converted, conversion, 10);
    expect(await converted.find(conversion)).toBeUndefined();
  });
});

describe('converted files under a budget', () => {
  it('are kept up to the last byte, and delete no other file', async () => {
    const { store, converted } = await openWithOriginal(60);
    await download(store, 'other', 10);
    await keep(converted, conversion, 31);
    expect(await keys()).toEqual(['a.xml', 'a.bin', 'other']);
    await keep(converted, conversion, 30);
    expect(await keys()).toEqual(['a.xml', 'a.bin', 'other', convertedKeyOf(conversion)]);
    expect(notices).toEqual([]);
  });

  it('make room for downloads before any other file does', async () => {
    const { store, converted } = await openWithOriginal(60);
    await keep(converted, conversion, 40);
    await download(store, 'other', 20);
    expect(await keys()).toEqual(['a.xml', 'a.bin', 'other']);
  });

  it("of the page make no room for a guest's files, and those of a guest do", async () => {
    const { store, converted } = await openWithOriginal(70);
    await download(store, 'guest a', 10);
    await keep(converted, conversion, 10);
    await keep(converted, { files: ['guest a'], key: 'pytorch-1-0f' }, 10);
    await download(store, 'guest b', 30);
    expect(await keys()).toEqual(['a.xml', 'a.bin', 'guest a', convertedKeyOf(conversion), 'guest b']);
    await download(store, 'guest c', 50);
    expect((await keys()).toSorted()).toEqual(
      ['a.bin', 'a.xml', convertedKeyOf(conversion), 'guest a', 'guest b'].toSorted(),
    );
  });

  it('stop where a download takes the room meanwhile', async () => {
    const { store } = await openWithOriginal(chunkBytes + 100);
    let isFirst = true;
    const append: ModelCache['append'] = async (...given) => {
      await cache.append(...given);
      if (isFirst) await cache.begin({ key: 'other', url: 'other', resumable: true });
      if (isFirst) await cache.append('other', 0, patternBytes(70));
      isFirst = false;
    };
    const racing = createConvertedFiles({
      cache: Promise.resolve({ ...cache, append }),
      store,
      budget: chunkBytes + 100,
    });
    await keep(racing, conversion, chunkBytes + 20);
    expect((await keys()).toSorted()).toEqual(['a.bin', 'a.xml', 'other']);
  });

  it('are not kept where the browser has no room', async () => {
    const { converted } = await openWithOriginal();
    vi.stubGlobal('navigator', { storage: { estimate: async () => ({ usage: 95, quota: 100 }) } });
    await keep(converted, conversion, 10);
    expect(await keys()).toEqual(['a.xml', 'a.bin']);
  });

  it('leave nothing behind where the disk is full', async () => {
    const append = () => Promise.reject(new DOMException('the disk is full', 'QuotaExceededError'));
    const { store } = await openWithOriginal();
    const full = createConvertedFiles({ cache: Promise.resolve({ ...cache, append }), store, budget: 2 ** 32 });
    await keep(full, conversion, 10);
    expect(await keys()).toEqual(['a.xml', 'a.bin']);
  });

  it('are five of one model at most: the one used longest ago goes', async () => {
    const { converted } = await openWithOriginal();
    const nth = (number: number): Conversion => ({ ...conversion, key: `pytorch-1-${number}` });
    for (let number = 0; number < 5; number++) await keep(converted, nth(number), 10);
    await converted.find(nth(0));
    await keep(converted, nth(5), 10);
    expect(await converted.find(nth(0))).toBeDefined();
    expect(await converted.find(nth(1))).toBeUndefined();
    expect(await keys()).toHaveLength(7);
  });
});

it('a converted file that two engines store at once is right or not there, and can be stored again', async () => {
  const { converted } = await openWithOriginal();
  const length = 3 * chunkBytes;
  await Promise.all([keep(converted, conversion, length), keep(converted, conversion, length)]);
  const found = await converted.find(conversion);
  if (found) expect(Buffer.compare(found, patternBytes(length))).toBe(0);
  await keep(converted, conversion, length);
  expect(Buffer.compare((await converted.find(conversion)) ?? Buffer.of(), patternBytes(length))).toBe(0);
});

describe('a damaged converted file', () => {
  it('is deleted where its bytes have changed', async () => {
    const { converted } = await openWithOriginal();
    await keep(converted, conversion, 10);
    const database = await openDB('wasi-nn-web');
    await database.put('chunks', patternBytes(10).fill(7, 0, 1), [convertedKeyOf(conversion), 0]);
    database.close();
    expect(await converted.find(conversion)).toBeUndefined();
    expect(await keys()).toEqual(['a.xml', 'a.bin']);
    expect(notices).toEqual([
      { reason: 'damaged', message: expect.stringContaining('https://models.example/a.xml is converted again: ') },
    ]);
  });

  it('is deleted where a chunk is missing', async () => {
    const { converted } = await openWithOriginal();
    await keep(converted, conversion, 10);
    const database = await openDB('wasi-nn-web');
    await database.delete('chunks', [convertedKeyOf(conversion), 0]);
    database.close();
    expect(await converted.find(conversion)).toBeUndefined();
    expect(await keys()).toEqual(['a.xml', 'a.bin']);
  });

  it('is not read before it is whole', async () => {
    const append: ModelCache['append'] = () => Promise.reject(new GoneError('it was deleted meanwhile'));
    const { store, converted } = await openWithOriginal();
    const stopped = createConvertedFiles({ cache: Promise.resolve({ ...cache, append }), store, budget: 2 ** 32 });
    await keep(stopped, conversion, 10);
    expect(await keys()).toContain(convertedKeyOf(conversion));
    expect(await converted.find(conversion)).toBeUndefined();
    await keep(converted, conversion, 10);
    expect(await converted.find(conversion)).toHaveLength(10);
  });
});
