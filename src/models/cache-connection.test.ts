import 'fake-indexeddb/auto';
import { forceCloseDatabase, IDBFactory } from 'fake-indexeddb';
import { deleteDB, openDB, unwrap } from 'idb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CacheConnection, openCacheConnection } from './cache-connection.js';
import type { FileRecord } from './cache-database.js';

const record: FileRecord = {
  key: 'a',
  url: 'https://models.example/a',
  chunkBytes: 1,
  received: 0,
  complete: false,
  resumable: false,
  lastUsed: 0,
};

let connection: CacheConnection;

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  connection = await openCacheConnection();
});

afterEach(() => {
  vi.restoreAllMocks();
});

const put = () => connection.run((database) => database.put('files', record));
const get = () => connection.run((database) => database.get('files', 'a'));

/** Replaces the database by one of the same version that has other stores. */
async function replaceDatabase(): Promise<void> {
  await deleteDB('wasi-nn-web');
  const foreign = await openDB('wasi-nn-web', 2, { upgrade: (database) => void database.createObjectStore('other') });
  foreign.close();
}

describe('a connection', () => {
  it.each([
    ['closed', () => connection.run(async (database) => database.close())],
    [
      'closed by the browser',
      () =>
        connection.run(async (database) => {
          // Its declared type is that of the class.
          Reflect.apply(forceCloseDatabase, undefined, [unwrap(database)]);
        }),
    ],
  ])('that is %s is opened again', async (_what, close) => {
    await put();
    await close();
    expect(await get()).toEqual(record);
  });

  it.each([
    ['deleted by another tab', () => deleteDB('wasi-nn-web')],
    ['replaced by one without the stores', replaceDatabase],
  ])('to a database that is %s goes to a new one', async (_what, change) => {
    await put();
    await change();
    expect(await get()).toBeUndefined();
    await put();
    expect(await get()).toEqual(record);
  });

  it('lets another tab delete the database at once', async () => {
    const blocked = vi.fn();
    await deleteDB('wasi-nn-web', { blocked });
    expect(blocked).not.toHaveBeenCalled();
  });

  it('that is lost again and again is tried twice', async () => {
    const lost = new DOMException('the connection is closing', 'InvalidStateError');
    const action = vi.fn(() => Promise.reject(lost));
    await expect(connection.run(action)).rejects.toBe(lost);
    expect(action).toHaveBeenCalledTimes(2);
  });

  it.each([new Error('wrong'), new DOMException('the disk is full', 'QuotaExceededError')])(
    'does not try again after %s',
    async (cause) => {
      const action = vi.fn(() => Promise.reject(cause));
      await expect(connection.run(action)).rejects.toBe(cause);
      expect(action).toHaveBeenCalledTimes(1);
    },
  );

  it('to a database that another tab has upgraded fails, and deletes nothing', async () => {
    await put();
    const newer = await openDB('wasi-nn-web', 3);
    await expect(get()).rejects.toMatchObject({ name: 'VersionError' });
    expect(await newer.get('files', 'a')).toEqual(record);
    newer.close();
  });
});

describe('a browser that does not answer', () => {
  it('fails the action, and the next ones at once, until it answers', async () => {
    connection = await openCacheConnection(10);
    let answer = () => {};
    const stuck = connection.run(() => new Promise<void>((resolve) => (answer = resolve)));
    await expect(stuck).rejects.toThrow('has not answered for 10 ms');
    const action = vi.fn(async () => 1);
    await expect(connection.run(action)).rejects.toThrow('has not answered');
    expect(action).not.toHaveBeenCalled();
    answer();
    await vi.waitFor(async () => expect(await connection.run(action)).toBe(1));
  });

  it('fails to open the database', async () => {
    const holding = await openDB('wasi-nn-web');
    // It waits for a connection that does not go, and all that comes after waits for it.
    const deletion = deleteDB('wasi-nn-web');
    await expect(openCacheConnection(10)).rejects.toThrow('has not answered for 10 ms');
    holding.close();
    await deletion;
  });
});
