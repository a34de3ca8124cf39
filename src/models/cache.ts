import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

/** Models kept between visits. */
export interface ModelCache {
  /** The bytes kept for a URL, or nothing where there are none or they are damaged. */
  read(url: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  write(url: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  delete(url: string): Promise<void>;
}

interface ModelRecord {
  url: string;
  byteLength: number;
  chunkBytes: number;
  /** False until every chunk is stored: a visit that ends in the middle leaves no half model behind. */
  complete: boolean;
}

interface Schema extends DBSchema {
  models: { key: string; value: ModelRecord };
  chunks: { key: [url: string, index: number]; value: Uint8Array };
}

const databaseName = 'wasi-nn-web';
const schemaVersion = 1;

/** Small enough to be copied by the browser without a hitch, large enough that records do not dominate. */
const chunkBytes = 4 << 20;

/** Opens the cache in IndexedDB. Rejects where the browser refuses a database, as some private windows do. */
export async function openModelCache(): Promise<ModelCache> {
  const database = await openDB<Schema>(databaseName, schemaVersion, {
    upgrade(upgrading) {
      upgrading.createObjectStore('models', { keyPath: 'url' });
      upgrading.createObjectStore('chunks');
    },
    // Another tab with a newer schema waits for this connection to go.
    blocking: (_current, _blocked, event) => {
      if (event.target instanceof IDBDatabase) event.target.close();
    },
  });
  return {
    read: (url) => read(database, url),
    write: (url, bytes) => write(database, url, bytes),
    delete: (url) => remove(database, url),
  };
}

async function read(database: IDBPDatabase<Schema>, url: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const record = await database.get('models', url);
  if (!record?.complete) return undefined;

  const bytes = new Uint8Array(record.byteLength);
  for (let index = 0; index * record.chunkBytes < record.byteLength; index++) {
    const chunk = await database.get('chunks', [url, index]);
    const start = index * record.chunkBytes;
    const expected = Math.min(record.chunkBytes, record.byteLength - start);
    if (chunk?.byteLength !== expected) return undefined;
    bytes.set(chunk, start);
  }
  return bytes;
}

async function write(database: IDBPDatabase<Schema>, url: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await remove(database, url);
  const record: ModelRecord = { url, byteLength: bytes.byteLength, chunkBytes, complete: false };
  await database.put('models', record);
  for (let index = 0; index * chunkBytes < bytes.byteLength; index++) {
    // A view would be stored with the whole buffer behind it.
    const chunk = bytes.slice(index * chunkBytes, (index + 1) * chunkBytes);
    await database.put('chunks', chunk, [url, index]);
  }
  await database.put('models', { ...record, complete: true });
}

async function remove(database: IDBPDatabase<Schema>, url: string): Promise<void> {
  const transaction = database.transaction(['models', 'chunks'], 'readwrite');
  await Promise.all([
    transaction.objectStore('models').delete(url),
    transaction.objectStore('chunks').delete(IDBKeyRange.bound([url, 0], [url, Number.POSITIVE_INFINITY])),
    transaction.done,
  ]);
}
