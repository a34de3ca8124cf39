import type { IDBPTransaction } from 'idb';
import { isBlob, isUint8Array } from '../standard/brand-checks.js';
import { free } from '../standard/free.js';
import { openByteReader } from './byte-reader.js';
import { type CacheConnection, openCacheConnection } from './cache-connection.js';
import type { CacheDatabase, CacheSchema, FileRecord, StoredChunk, Validators } from './cache-database.js';
import { chunkBytes } from './chunk-bytes.js';
import { parseFileRecord } from './file-record.js';

export { chunkBytes };

/** How a file begins in the cache. */
export interface NewFile extends Validators {
  readonly key: string;
  readonly url: string;
  readonly resumable: boolean;
  readonly total?: number;
  /** For a converted model, see {@link FileRecord.convertedFrom}. */
  readonly convertedFrom?: readonly string[];
}

/** What makes a file whole. */
export interface Completion extends Validators {
  readonly freshUntil?: number;
  /** For a converted model. */
  readonly sha256?: string;
}

/**
 * Files kept between visits, in chunks. Every method rejects where the browser's storage fails, also on a new connection:
 * one that was closed, or whose database was deleted, is opened again.
 */
export interface ModelCache {
  /** @throws DamagedError where there is something else than a record of a file */
  find(key: string): Promise<FileRecord | undefined>;
  /** All files, the one used longest ago first. */
  list(): Promise<FileRecord[]>;
  /**
   * Reads what is stored of a file, piece by piece. The next piece may be written over the one before.
   *
   * @throws DamagedError where a chunk is missing or of the wrong length
   */
  read(record: FileRecord): AsyncIterable<Uint8Array>;
  /**
   * Makes room for a file, in place of what there was under its key and of what was converted from that.
   *
   * @throws GoneError for a converted model, where a file that it was made of is not there or not complete
   */
  begin(file: NewFile): Promise<void>;
  /**
   * Stores the next chunk, copied: the bytes may be written over afterwards.
   *
   * @param offset where the chunk stands in the file
   * @throws GoneError where the file's next chunk is another, since someone else has cleared the cache or written to it
   */
  append(key: string, offset: number, chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Makes a file count. */
  complete(key: string, completion: Completion): Promise<void>;
  /** Notes that a file was used, or found unchanged. */
  touch(key: string, completion?: Completion): Promise<void>;
  /** Deletes a file, and what was converted from it. */
  delete(key: string): Promise<void>;
  clear(): Promise<void>;
}

/** What is stored is not what was. */
export class DamagedError extends Error {}

/** The file is not there any more, or is another's. */
export class GoneError extends Error {}

export async function openModelCache(): Promise<ModelCache> {
  const { run } = await openCacheConnection();
  /** Whether the browser is known to keep no Blobs. */
  let refusesBlobs = false;

  /** WebKit keeps no Blobs for private windows. Browsers give different errors for that. */
  async function appendChunk(key: string, offset: number, chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    const append = (stored: StoredChunk) => run((database) => appendStored(database, key, offset, stored));
    if (!refusesBlobs) {
      try {
        return await append(await run(() => createBlob(chunk)));
      } catch (cause) {
        if (cause instanceof GoneError || isQuotaError(cause)) throw cause;
      }
    }
    await append(wholeBuffer(chunk));
    refusesBlobs = true;
  }

  return {
    find: (key) => run((database) => find(database, key)),
    list: () => run(list),
    read: (record) => read(run, record),
    begin: (file) => run((database) => begin(database, file)),
    append: appendChunk,
    complete: (key, completion) => run((database) => update(database, key, { ...completion, complete: true })),
    touch: (key, completion = {}) => run((database) => update(database, key, completion)),
    delete: (key) => run((database) => remove(database, key)),
    clear: () => run(clear),
  };
}

async function find(database: CacheDatabase, key: string): Promise<FileRecord | undefined> {
  const stored: unknown = await database.get('files', key);
  if (stored === undefined) return undefined;
  const record = parseFileRecord(stored);
  if (record) return record;
  throw new DamagedError('what the cache knows of it is no record of a file');
}

/** Records that are none have no claim to their room: they are deleted with their chunks. */
async function list(database: CacheDatabase): Promise<FileRecord[]> {
  const records: FileRecord[] = [];
  const damaged: string[] = [];
  for (const stored of await database.getAll('files')) {
    const record = parseFileRecord(stored);
    if (record) records.push(record);
    else damaged.push(stored.key);
  }
  for (const key of damaged) await remove(database, key);
  return records.sort((one, other) => one.lastUsed - other.lastUsed);
}

/** How many bytes of a Blob are read at once. */
const readBytes = 1 << 20;

async function* read(run: CacheConnection['run'], record: FileRecord): AsyncGenerator<Uint8Array> {
  const { key, received } = record;
  const count = Math.ceil(received / record.chunkBytes);
  if (count === 0) return;
  const lengthOf = (index: number) => Math.min(record.chunkBytes, received - index * record.chunkBytes);
  const get = (index: number): Promise<unknown> => run((database) => database.get('chunks', [key, index]));
  const first = await get(0);
  if (isBlob(first)) {
    const chunks = await run((database) => database.getAll('chunks', chunksOf(key)));
    return yield* readBlob(run, new Blob(allChunks(chunks, count, lengthOf)));
  }
  // Whoever reads sets memory aside for all that the record promises.
  const last = count - 1;
  if (!(await run((database) => database.getKey('chunks', [key, last])))) throw damaged(last, 'no', lengthOf(last));
  let next: Promise<unknown> | undefined = Promise.resolve(first);
  for (let index = 0; next; index++) {
    const chunk = checkedChunk(await next, index, lengthOf(index));
    // Asked for ahead, so that the storage works while the chunk is used.
    next = index < last ? get(index + 1) : undefined;
    // Whoever stops reading early does not wait for it.
    next?.catch(() => undefined);
    yield* isBlob(chunk) ? readBlob(run, chunk) : readTypedArray(chunk);
  }
}

/**
 * Chunks of which the first is a Blob. They are read as one: a stream for each would leave memory to the garbage collector.
 *
 * @throws DamagedError where one is missing, or has another length
 */
function allChunks(chunks: readonly unknown[], count: number, lengthOf: (index: number) => number): BlobPart[] {
  const parts: BlobPart[] = [];
  for (let index = 0; index < count; index++) parts.push(checkedChunk(chunks[index], index, lengthOf(index)));
  return parts;
}

/**
 * Makes a Blob that outlives its page. In a private window of Chromium a transaction completes before the browser has
 * the Blob's bytes, and a page that closes takes them along. Whoever reads a Blob waits for its bytes.
 */
async function createBlob(bytes: Uint8Array<ArrayBuffer>): Promise<Blob> {
  const blob = new Blob([bytes]);
  await blob.slice(-1).arrayBuffer();
  return blob;
}

function* readTypedArray(chunk: Uint8Array): Generator<Uint8Array> {
  yield chunk;
  free(chunk);
}

/** @throws DamagedError where the browser has lost the bytes, as after its user has deleted its files */
async function* readBlob(run: CacheConnection['run'], blob: Blob): AsyncGenerator<Uint8Array> {
  const reader = openByteReader(blob.stream(), readBytes);
  let length = 0;
  try {
    for (;;) {
      const bytes = await run(() => reader.read().catch(() => undefined));
      if (!bytes) break;
      length += bytes.byteLength;
      yield bytes;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
  if (length !== blob.size) throw new DamagedError(`the browser has lost it after ${length} of ${blob.size} bytes`);
}

/** @throws DamagedError for what is no chunk, or has another length */
function checkedChunk(chunk: unknown, index: number, length: number): Blob | Uint8Array<ArrayBuffer> {
  if (isBlob(chunk) && chunk.size === length) return chunk;
  if (isUint8Array(chunk) && chunk.byteLength === length) return chunk;
  throw damaged(index, isBlob(chunk) ? chunk.size : isUint8Array(chunk) ? chunk.byteLength : 'no', length);
}

function damaged(index: number, actual: number | 'no', expected: number): DamagedError {
  return new DamagedError(`chunk ${index} has ${actual} bytes, not the ${expected} that were stored`);
}

async function begin(database: CacheDatabase, file: NewFile): Promise<void> {
  const transaction = database.transaction(['files', 'chunks'], 'readwrite');
  const files = transaction.objectStore('files');
  for (const original of file.convertedFrom ?? []) {
    const isWhole = parseFileRecord(await files.get(original))?.complete;
    if (!isWhole) throw new GoneError(`${original}, of which it was made, was deleted meanwhile`);
  }
  const record: FileRecord = { ...file, chunkBytes, received: 0, complete: false, lastUsed: Date.now() };
  const replaced = await withConverted(transaction, file.key);
  await end(transaction, [...removeAll(transaction, replaced), files.put(record)]);
}

type Writing = IDBPTransaction<CacheSchema, ('files' | 'chunks')[], 'readwrite'>;

/** The key of a file, and those of what was converted from it. */
async function withConverted(transaction: Writing, key: string): Promise<string[]> {
  const records = await transaction.objectStore('files').getAll();
  const converted = records.filter((record) => parseFileRecord(record)?.convertedFrom?.includes(key));
  return [key, ...converted.map((record) => record.key)];
}

function removeAll(transaction: Writing, keys: readonly string[]): Promise<void>[] {
  return keys.flatMap((key) => [
    transaction.objectStore('files').delete(key),
    transaction.objectStore('chunks').delete(chunksOf(key)),
  ]);
}

async function appendStored(database: CacheDatabase, key: string, offset: number, chunk: StoredChunk): Promise<void> {
  const length = isBlob(chunk) ? chunk.size : chunk.byteLength;
  const transaction = database.transaction(['files', 'chunks'], 'readwrite');
  const files = transaction.objectStore('files');
  const record = await files.get(key);
  if (!record || record.complete || record.received !== offset) throw new GoneError('it was deleted meanwhile');
  await end(transaction, [
    transaction.objectStore('chunks').put(chunk, [key, offset / record.chunkBytes]),
    files.put({ ...record, received: offset + length, lastUsed: Date.now() }),
  ]);
}

/** A view would be stored with the whole buffer behind it. */
function wholeBuffer(chunk: Uint8Array): Uint8Array {
  return chunk.byteLength === chunk.buffer.byteLength ? chunk : chunk.slice();
}

async function update(database: CacheDatabase, key: string, changes: Partial<FileRecord>): Promise<void> {
  const transaction = database.transaction('files', 'readwrite');
  const record = await transaction.store.get(key);
  if (record) await transaction.store.put({ ...record, ...changes, lastUsed: Date.now() });
  await transaction.done;
}

async function remove(database: CacheDatabase, key: string): Promise<void> {
  const transaction = database.transaction(['files', 'chunks'], 'readwrite');
  await end(transaction, removeAll(transaction, await withConverted(transaction, key)));
}

async function clear(database: CacheDatabase): Promise<void> {
  const transaction = database.transaction(['files', 'chunks'], 'readwrite');
  await end(transaction, [transaction.objectStore('files').clear(), transaction.objectStore('chunks').clear()]);
}

interface Ending {
  readonly done: Promise<void>;
  readonly error: DOMException | null;
}

/** @throws what ended the transaction, rather than that a request of it was ended */
async function end(transaction: Ending, requests: readonly Promise<unknown>[]): Promise<void> {
  try {
    await Promise.all([...requests, transaction.done]);
  } catch (cause) {
    throw transaction.error ?? cause;
  }
}

function chunksOf(key: string): IDBKeyRange {
  return IDBKeyRange.bound([key, 0], [key, Number.POSITIVE_INFINITY]);
}

export function isQuotaError(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === 'QuotaExceededError';
}
