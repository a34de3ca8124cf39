import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { type IDBPDatabase, openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isBlob } from '../standard/brand-checks.js';
import { chunkBytes, DamagedError, GoneError, type ModelCache, openModelCache } from './cache.js';
import { patternBytes } from './file-server.fixture.js';
import { expectSame } from './models.fixture.js';

const key = 'https://models.example/m.onnx';
const other = 'https://models.example/m.onnx?v=2';
const file = { key, url: key, resumable: true };

/** The database as a browser's developer tools see it, opened beside the cache. */
let database: IDBPDatabase;
let cache: ModelCache;

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  cache = await openModelCache();
  database = await openDB('wasi-nn-web');
});

afterEach(() => {
  vi.restoreAllMocks();
  database.close();
});

async function write(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await cache.begin({ key, url: key, resumable: true });
  for (let offset = 0; offset < bytes.byteLength; offset += chunkBytes) {
    await cache.append(key, offset, bytes.subarray(offset, offset + chunkBytes));
  }
}

async function read(key: string): Promise<Uint8Array | undefined> {
  const record = await cache.find(key);
  if (!record) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of cache.read(record)) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}

const chunkKeys = () => database.getAllKeys('chunks');

function openFirstVersion(): Promise<IDBPDatabase> {
  return openDB('wasi-nn-web', 1, {
    upgrade(database) {
      database.createObjectStore('models', { keyPath: 'url' });
      database.createObjectStore('chunks');
    },
  });
}

describe('openModelCache', () => {
  it.each([
    [0, 0],
    [1, 1],
    [chunkBytes - 1, 1],
    [chunkBytes, 1],
    [chunkBytes + 1, 2],
    [9 << 20, 3],
  ])('keeps %d bytes in %d chunks', async (length, chunks) => {
    await write(key, patternBytes(length));
    expectSame(await read(key), patternBytes(length));
    expect(await chunkKeys()).toHaveLength(chunks);
    expect(await cache.find(key)).toMatchObject({ received: length, complete: false });
  });

  it('keeps a file until the next visit, and has nothing under other keys', async () => {
    await write(key, patternBytes(100));
    await cache.complete(key, {});
    cache = await openModelCache();
    expectSame(await read(key), patternBytes(100));
    expect(await cache.find(key)).toMatchObject({ complete: true });
    expect(await cache.find(other)).toBeUndefined();
  });

  it('keeps files apart', async () => {
    await Promise.all([write(key, patternBytes(chunkBytes + 10, 1)), write(other, patternBytes(chunkBytes + 20, 2))]);
    expectSame(await read(key), patternBytes(chunkBytes + 10, 1));
    expectSame(await read(other), patternBytes(chunkBytes + 20, 2));
  });

  it('rejects where the browser refuses a database', async () => {
    const refusal = new DOMException('no databases here', 'SecurityError');
    const open = () => {
      throw refusal;
    };
    globalThis.indexedDB = Object.assign(new IDBFactory(), { open });
    await expect(openModelCache()).rejects.toBe(refusal);
  });

  it('gives way to another tab that has a newer schema', async () => {
    const newer = await openDB('wasi-nn-web', 3, { blocked: () => database.close() });
    expect(newer.version).toBe(3);
    newer.close();
  });

  it('rejects where another tab holds on to an older schema', async () => {
    globalThis.indexedDB = new IDBFactory();
    const older = await openFirstVersion();
    await expect(openModelCache()).rejects.toThrow('close it');
    older.close();
  });
});

describe('the first version of the schema', () => {
  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    const first = await openFirstVersion();
    await first.put('models', { url: key, byteLength: 5, chunkBytes: 2, complete: true });
    await first.put('models', { url: other, byteLength: 3, chunkBytes: 2, complete: false });
    for (const [index, chunk] of [[1, 2], [3, 4], [5]].entries()) {
      await first.put('chunks', Uint8Array.from(chunk), [key, index]);
    }
    first.close();
    cache = await openModelCache();
  });

  it('is upgraded, with its models', async () => {
    expect(await cache.find(key)).toMatchObject({ key, url: key, received: 5, complete: true, resumable: false });
    expect(await cache.find(other)).toMatchObject({ received: 3, complete: false, resumable: false });
    expect(await read(key)).toEqual(Buffer.of(1, 2, 3, 4, 5));
  });

  it('leaves none of its stores behind', async () => {
    const upgraded = await openDB('wasi-nn-web');
    expect([...upgraded.objectStoreNames]).toEqual(['chunks', 'files']);
    upgraded.close();
  });
});

describe('a database that is no cache of ours', () => {
  it('is refused, and left as it is', async () => {
    globalThis.indexedDB = new IDBFactory();
    (await openDB('wasi-nn-web', 1)).close();
    await expect(openModelCache()).rejects.toThrow();
    const untouched = await openDB('wasi-nn-web');
    expect([untouched.version, ...untouched.objectStoreNames]).toEqual([1]);
    untouched.close();
  });
});

describe('begin', () => {
  it('makes place for a file, with what is known of it', async () => {
    await cache.begin({ ...file, etag: '"1"', lastModified: 'yesterday', total: 10 });
    expect(await cache.find(key)).toMatchObject({
      ...file,
      etag: '"1"',
      lastModified: 'yesterday',
      total: 10,
      received: 0,
      complete: false,
    });
  });

  it('takes the place of what was there, and leaves no chunks of it behind', async () => {
    await cache.begin({ ...file, etag: '"1"' });
    await cache.append(key, 0, patternBytes(chunkBytes));
    await cache.append(key, chunkBytes, patternBytes(5));
    await write(key, patternBytes(5, 2));
    expectSame(await read(key), patternBytes(5, 2));
    expect(await chunkKeys()).toEqual([[key, 0]]);
    expect(await cache.find(key)).not.toHaveProperty('etag');
  });

  it("leaves another file's chunks alone, also where one key begins like the other", async () => {
    await write(other, patternBytes(9 << 20, 1));
    await write(key, patternBytes(5, 2));
    expectSame(await read(other), patternBytes(9 << 20, 1));
  });
});

describe('append', () => {
  it('keeps a view without the buffer behind it, and copies it', async () => {
    const larger = patternBytes(1000);
    await write(key, larger.subarray(100, 300));
    const chunk: unknown = await database.get('chunks', [key, 0]);
    expect(isBlob(chunk) && chunk.size).toBe(200);
    larger.fill(0);
    expectSame(await read(key), patternBytes(1000).subarray(100, 300));
  });

  it('stores a Blob only when the browser has its bytes, which a page that closes may take along', async () => {
    let end = (_bytes: ArrayBuffer) => {};
    const transport = new Promise<ArrayBuffer>((resolve) => {
      end = resolve;
    });
    vi.spyOn(Blob.prototype, 'arrayBuffer').mockReturnValueOnce(transport);
    await cache.begin(file);
    const appending = cache.append(key, 0, patternBytes(200));
    await cache.touch(key);
    expect(await cache.find(key)).toMatchObject({ received: 0 });
    end(new ArrayBuffer(1));
    await appending;
    expect(await cache.find(key)).toMatchObject({ received: 200 });
  });

  it('keeps typed arrays where the browser keeps no Blobs', async () => {
    const put = IDBObjectStore.prototype.put;
    const refused = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      value,
      key,
    ) {
      // As in WebKit's private windows.
      if (isBlob(value)) throw new DOMException('Blobs are not supported yet', 'DataCloneError');
      return put.call(this, value, key);
    });
    const larger = patternBytes(2 * chunkBytes + 100);
    await write(key, larger.subarray(100));
    const first: unknown = await database.get('chunks', [key, 0]);
    expect(first instanceof Uint8Array && first.buffer.byteLength).toBe(chunkBytes);
    expectSame(await read(key), larger.subarray(100));
    expect(refused.mock.calls.filter(([value]) => isBlob(value))).toHaveLength(1);
  });

  it('reads a file of which some chunks are Blobs and some are typed arrays', async () => {
    const bytes = patternBytes(3 * chunkBytes);
    for (const arrays of [[0], [1], [0, 2]]) {
      await write(key, bytes);
      for (const index of arrays) {
        await database.put('chunks', bytes.slice(index * chunkBytes, (index + 1) * chunkBytes), [key, index]);
      }
      expectSame(await read(key), bytes);
    }
  });

  it('refuses a chunk of a file that is gone, complete, or another', async () => {
    const append = (offset: number) => cache.append(key, offset, patternBytes(5));
    await expect(append(0)).rejects.toThrow(GoneError);
    await write(key, patternBytes(chunkBytes));
    await expect(append(0)).rejects.toThrow(GoneError);
    await expect(append(2 * chunkBytes)).rejects.toThrow(GoneError);
    await cache.complete(key, {});
    await expect(append(chunkBytes)).rejects.toThrow(GoneError);
    expectSame(await read(key), patternBytes(chunkBytes));
  });

  it('fails with the reason why the browser ended a transaction, and stores nothing of the chunk', async () => {
    await write(key, patternBytes(chunkBytes));
    const full = new DOMException('the disk is full', 'QuotaExceededError');
    const put = IDBObjectStore.prototype.put;
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value, key) {
      const request = put.call(this, value, key);
      // As where the browser finds that there is no room while it writes.
      if (this.name === 'files') {
        Object.defineProperty(this.transaction, 'error', { value: full });
        this.transaction.abort();
      }
      return request;
    });
    await expect(cache.append(key, chunkBytes, patternBytes(5))).rejects.toBe(full);
    vi.restoreAllMocks();
    expectSame(await read(key), patternBytes(chunkBytes));
  });
});

describe('read', () => {
  const record = { ...file, received: chunkBytes + 10, chunkBytes, complete: true, lastUsed: 0 };

  it.each([
    ['a chunk is missing', [chunkBytes]],
    ['all chunks are missing', []],
    ['the last chunk is short', [chunkBytes, 9]],
    ['the last chunk is long', [chunkBytes, 11]],
    ['the first chunk is short', [chunkBytes - 1, 10]],
  ])('fails where %s', async (_what, lengths) => {
    await database.put('files', record);
    for (const [index, length] of lengths.entries()) await database.put('chunks', patternBytes(length), [key, index]);
    await expect(read(key)).rejects.toThrow(DamagedError);
  });

  it('fails where the record promises more than there is, before it gives anything of it', async () => {
    await database.put('files', { ...record, received: 2 ** 50 });
    await database.put('chunks', patternBytes(chunkBytes), [key, 0]);
    const found = await cache.find(key);
    const chunks = found && cache.read(found)[Symbol.asyncIterator]();
    await expect(chunks?.next()).rejects.toThrow(DamagedError);
  });

  it('takes a chunk whose bytes the browser has lost for a missing one', async () => {
    await write(key, patternBytes(10));
    const lost = new DOMException('the file is gone', 'NotFoundError');
    vi.spyOn(Blob.prototype, 'stream').mockReturnValue(
      new ReadableStream({ type: 'bytes', pull: (controller) => controller.error(lost) }),
    );
    await expect(read(key)).rejects.toThrow('after 0 of 10 bytes');
  });

  it('fails where a chunk is neither a Blob nor bytes', async () => {
    await database.put('files', { ...record, received: 10 });
    await database.put('chunks', 'ten bytes.', [key, 0]);
    await expect(read(key)).rejects.toThrow('chunk 0 has no bytes, not the 10');
  });

  it('can end early', async () => {
    await write(key, patternBytes(9 << 20));
    const found = await cache.find(key);
    if (!found) throw new Error('nothing was stored');
    for await (const piece of cache.read(found)) {
      expectSame(piece, patternBytes(piece.byteLength));
      break;
    }
    await cache.delete(key);
    expect(await chunkKeys()).toEqual([]);
  });
});

describe('a record that is none', () => {
  beforeEach(async () => {
    await write(other, patternBytes(10));
    await database.put('files', { key, url: key, received: Number.NaN });
    await database.put('chunks', patternBytes(10), [key, 0]);
  });

  it('is not taken for a file', async () => {
    await expect(cache.find(key)).rejects.toThrow(DamagedError);
  });

  it('is not among the files, and its chunks take no room any more', async () => {
    expect((await cache.list()).map((record) => record.key)).toEqual([other]);
    expect(await chunkKeys()).toEqual([[other, 0]]);
  });
});

describe('complete and touch', () => {
  it('note what makes a file whole, and when it was used', async () => {
    const now = vi.spyOn(Date, 'now').mockReturnValue(1000);
    await write(key, patternBytes(10));
    now.mockReturnValue(2000);
    await cache.complete(key, { freshUntil: 5000 });
    expect(await cache.find(key)).toMatchObject({ complete: true, freshUntil: 5000, lastUsed: 2000 });
    now.mockReturnValue(3000);
    await cache.touch(key);
    expect(await cache.find(key)).toMatchObject({ complete: true, freshUntil: 5000, lastUsed: 3000 });
    await cache.touch(key, { etag: '"2"', freshUntil: 9000 });
    expect(await cache.find(key)).toMatchObject({ etag: '"2"', freshUntil: 9000 });
  });

  it('make nothing of a file that is gone', async () => {
    await cache.complete(key, {});
    await cache.touch(key);
    expect(await cache.list()).toEqual([]);
  });
});

describe('list', () => {
  it('begins with the file that was used longest ago', async () => {
    const now = vi.spyOn(Date, 'now');
    for (const [name, time] of [
      ['b', 2],
      ['c', 3],
      ['a', 1],
    ] as const) {
      now.mockReturnValue(time);
      await cache.begin({ ...file, key: name });
    }
    expect((await cache.list()).map(({ key }) => key)).toEqual(['a', 'b', 'c']);
  });
});

describe('delete and clear', () => {
  it('remove a file with all its chunks, and no other', async () => {
    await write(key, patternBytes(9 << 20));
    await write(other, patternBytes(10));
    await cache.delete(key);
    await cache.delete(key);
    expect(await cache.find(key)).toBeUndefined();
    expectSame(await read(other), patternBytes(10));
    expect(await chunkKeys()).toEqual([[other, 0]]);
  });

  it('remove everything', async () => {
    await write(key, patternBytes(10));
    await write(other, patternBytes(10));
    await cache.clear();
    expect(await cache.list()).toEqual([]);
    expect(await chunkKeys()).toEqual([]);
  });
});
