import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { type IDBPDatabase, openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openModelCache } from './cache.js';

const url = 'https://models.example/m.onnx';
const other = 'https://models.example/m.onnx?v=2';
const chunkBytes = 4 << 20;

/** The database as a browser's developer tools see it, opened beside the cache. */
let database: IDBPDatabase;

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  await openModelCache();
  database = await openDB('wasi-nn-web');
});

afterEach(() => database.close());

function model(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index += 997) bytes[index] = (index * 7 + seed) & 0xff;
  if (length > 0) bytes[length - 1] = seed;
  return bytes;
}

function expectSame(actual: Uint8Array | undefined, expected: Uint8Array): void {
  expect(actual?.byteLength).toBe(expected.byteLength);
  expect(Buffer.compare(actual ?? new Uint8Array(), expected)).toBe(0);
}

const chunkKeys = () => database.getAllKeys('chunks');

describe('openModelCache', () => {
  it.each([
    [0, 0],
    [1, 1],
    [chunkBytes - 1, 1],
    [chunkBytes, 1],
    [chunkBytes + 1, 2],
    [9 << 20, 3],
  ])('keeps %d bytes in %d chunks', async (length, chunks) => {
    const cache = await openModelCache();
    await cache.write(url, model(length));
    expectSame(await cache.read(url), model(length));
    expect(await chunkKeys()).toHaveLength(chunks);
  });

  it('keeps a view without the buffer behind it', async () => {
    const cache = await openModelCache();
    const larger = model(1000);
    await cache.write(url, larger.subarray(100, 300));
    expectSame(await cache.read(url), larger.subarray(100, 300));
    const chunk: unknown = await database.get('chunks', [url, 0]);
    expect(chunk instanceof Uint8Array && chunk.buffer.byteLength).toBe(200);
  });

  it('leaves the bytes it was given alone, and gives each reader bytes of its own', async () => {
    const cache = await openModelCache();
    const bytes = model(500);
    await cache.write(url, bytes);
    expectSame(bytes, model(500));
    bytes.fill(0);
    const first = await cache.read(url);
    first?.fill(0);
    expectSame(await cache.read(url), model(500));
  });

  it('has nothing for a URL that it was never given', async () => {
    const cache = await openModelCache();
    await cache.write(url, model(10));
    expect(await cache.read(other)).toBeUndefined();
  });

  it('keeps models apart', async () => {
    const cache = await openModelCache();
    await Promise.all([cache.write(url, model(chunkBytes + 10, 1)), cache.write(other, model(chunkBytes + 20, 2))]);
    expectSame(await cache.read(url), model(chunkBytes + 10, 1));
    expectSame(await cache.read(other), model(chunkBytes + 20, 2));
  });

  it('keeps models until the next visit', async () => {
    await (await openModelCache()).write(url, model(100));
    expectSame(await (await openModelCache()).read(url), model(100));
  });

  it('rejects where the browser refuses a database', async () => {
    const refusal = new DOMException('no databases here', 'SecurityError');
    globalThis.indexedDB = Object.assign(new IDBFactory(), {
      open: () => {
        throw refusal;
      },
    });
    await expect(openModelCache()).rejects.toBe(refusal);
  });

  it('gives way to another tab that has a newer schema', async () => {
    const newer = await openDB('wasi-nn-web', 2, { blocked: () => database.close() });
    expect(newer.version).toBe(2);
    newer.close();
  });
});

describe('write', () => {
  it('replaces what was there, and leaves no chunks of it behind', async () => {
    const cache = await openModelCache();
    await cache.write(url, model(9 << 20, 1));
    await cache.write(url, model(5, 2));
    expectSame(await cache.read(url), model(5, 2));
    expect(await chunkKeys()).toEqual([[url, 0]]);
  });

  it("leaves another model's chunks alone, also where one URL begins like the other", async () => {
    const cache = await openModelCache();
    await cache.write(other, model(9 << 20, 1));
    await cache.write(url, model(5, 2));
    expectSame(await cache.read(other), model(9 << 20, 1));
  });

  it('leaves nothing that can be read where it ends in the middle', async () => {
    const cache = await openModelCache();
    await cache.write(url, model(100));
    const full = new DOMException('the disk is full', 'QuotaExceededError');
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (value, key) {
      if (this.name === 'chunks' && Array.isArray(key) && key[1] === 1) throw full;
      return put.call(this, value, key);
    };
    try {
      await expect(cache.write(url, model(9 << 20))).rejects.toBe(full);
    } finally {
      IDBObjectStore.prototype.put = put;
    }
    expect(await database.get('models', url)).toMatchObject({ complete: false });
    expect(await cache.read(url)).toBeUndefined();
  });
});

describe('read', () => {
  const record = { url, byteLength: chunkBytes + 10, chunkBytes };

  it('finds a model that was stored whole', async () => {
    await database.put('models', { ...record, complete: true });
    await database.put('chunks', model(chunkBytes), [url, 0]);
    await database.put('chunks', model(10), [url, 1]);
    expect((await (await openModelCache()).read(url))?.byteLength).toBe(chunkBytes + 10);
  });

  it.each([
    ['the visit ended before the record was complete', false, [chunkBytes, 10]],
    ['the visit ended between chunks', false, [chunkBytes]],
    ['a chunk is missing', true, [chunkBytes]],
    ['all chunks are missing', true, []],
    ['the last chunk is short', true, [chunkBytes, 9]],
    ['the last chunk is long', true, [chunkBytes, 11]],
    ['the first chunk is short', true, [chunkBytes - 1, 10]],
  ])('finds nothing where %s', async (_what, complete, lengths) => {
    await database.put('models', { ...record, complete });
    for (const [index, length] of lengths.entries()) await database.put('chunks', model(length), [url, index]);
    const cache = await openModelCache();
    expect(await cache.read(url)).toBeUndefined();

    await cache.write(url, model(20));
    expectSame(await cache.read(url), model(20));
    expect(await chunkKeys()).toHaveLength(1);
  });

  it('reads chunks of another size, which an older version may have written', async () => {
    await database.put('models', { url, byteLength: 5, chunkBytes: 2, complete: true });
    for (const [index, chunk] of [[1, 2], [3, 4], [5]].entries()) {
      await database.put('chunks', Uint8Array.from(chunk), [url, index]);
    }
    expect(await (await openModelCache()).read(url)).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
  });
});

describe('delete', () => {
  it('removes a model with all its chunks, and no other', async () => {
    const cache = await openModelCache();
    await cache.write(url, model(9 << 20));
    await cache.write(other, model(10));
    await cache.delete(url);
    expect(await cache.read(url)).toBeUndefined();
    expectSame(await cache.read(other), model(10));
    expect(await chunkKeys()).toEqual([[other, 0]]);
    expect(await database.getAllKeys('models')).toEqual([other]);
  });

  it('is harmless for a URL that is not there', async () => {
    const cache = await openModelCache();
    await cache.delete(url);
    await cache.delete(url);
    expect(await cache.read(url)).toBeUndefined();
  });
});
