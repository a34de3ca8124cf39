import { type DBSchema, deleteDB, type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from 'idb';

/** What tells one version of a file at a URL from another. */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

/** The validators alone, and only those that there are. */
export function toValidators({
  etag,
  lastModified,
}: { [Key in keyof Validators]: Validators[Key] | undefined }): Validators {
  return { ...(etag === undefined ? {} : { etag }), ...(lastModified === undefined ? {} : { lastModified }) };
}

/** The validator that shows whether two versions are the same byte for byte, which a weak ETag does not. */
export function strongValidator({ etag, lastModified }: Validators): string | undefined {
  return etag && !etag.startsWith('W/') ? etag : lastModified;
}

/** What the cache knows of a file. Its chunks stand beside it, and all but the last are `chunkBytes` long. */
export interface FileRecord extends Validators {
  /** See {@link keyOf}, and {@link convertedKeyOf} for a converted model. */
  readonly key: string;
  /** Where its bytes came from. */
  readonly url: string;
  readonly chunkBytes: number;
  /** How many bytes the file has, where the server has said so. */
  readonly total?: number;
  /** How many bytes are stored. */
  readonly received: number;
  /** False until every byte is stored and checked: a visit that ends before goes on from here the next time. */
  readonly complete: boolean;
  /** Whether a download may go on from what is stored: there is a way to know that the rest belongs to it. */
  readonly resumable: boolean;
  /** Until when a server said that the file stays as it is, in ms since 1970. */
  readonly freshUntil?: number;
  /** In ms since 1970; the file that was used longest ago goes first. */
  readonly lastUsed: number;
  /** For a converted model: the keys of the files that it was made of. It is deleted with each of them. */
  readonly convertedFrom?: readonly string[];
  /** For a converted model that is complete: its SHA-256 digest, as 64 hexadecimal digits. */
  readonly sha256?: string;
}

/** What the first version of the schema knew of a file. */
interface FirstRecord {
  readonly url: string;
  readonly byteLength: number;
  readonly chunkBytes: number;
  readonly complete: boolean;
}

/**
 * Chromium reads Blobs twice as fast as typed arrays, and leaves no copies to its garbage collector. Browsers that keep no
 * Blobs, and earlier versions, have typed arrays.
 */
export type StoredChunk = Blob | Uint8Array;

export interface CacheSchema extends DBSchema {
  /** Gone since version 2. */
  models: { key: string; value: FirstRecord };
  files: { key: string; value: FileRecord };
  chunks: { key: [key: string, index: number]; value: StoredChunk };
}

export type CacheDatabase = IDBPDatabase<CacheSchema>;

const databaseName = 'wasi-nn-web';
const schemaVersion = 2;
const storeNames = ['files', 'chunks'] as const;

export interface OpenOptions {
  /** Called once when the connection is closed by anything but its own `close`. */
  onLost(): void;
}

/**
 * Opens the database, in the newest schema.
 *
 * @throws (rejects) where the browser refuses a database, as some private windows do, and where another tab holds on to
 *   an older schema
 */
export async function openCacheDatabase(options?: OpenOptions): Promise<CacheDatabase> {
  const database = await open(options);
  if (storeNames.every((name) => database.objectStoreNames.contains(name))) return database;
  // No upgrade comes to a database of this version any more: one without its stores would stay broken.
  database.close();
  await deleteDB(databaseName);
  return open(options);
}

function open({ onLost = () => undefined }: Partial<OpenOptions> = {}): Promise<CacheDatabase> {
  return new Promise((resolve, reject) => {
    openDB<CacheSchema>(databaseName, schemaVersion, {
      upgrade(database, oldVersion, _newVersion, transaction) {
        // Half an upgrade would be none that a later visit could go on from.
        upgrade(database, oldVersion, transaction).catch(() => transaction.abort());
        // The request to open the database reports that.
        transaction.done.catch(() => undefined);
      },
      blocked: () => reject(new Error('another tab holds on to an older version of the model cache: close it')),
      // Another tab that deletes the database, or has a newer schema, waits for this connection to go.
      blocking: (_current, _blocked, event) => {
        if (event.target instanceof IDBDatabase) event.target.close();
        onLost();
      },
      terminated: onLost,
    }).then(resolve, reject);
  });
}

type Upgrade = IDBPTransaction<CacheSchema, StoreNames<CacheSchema>[], 'versionchange'>;

async function upgrade(database: CacheDatabase, oldVersion: number, transaction: Upgrade): Promise<void> {
  const files = database.createObjectStore('files', { keyPath: 'key' });
  if (oldVersion === 0) {
    database.createObjectStore('chunks');
    return;
  }
  // Chunks stay where they are: the key of a file without a digest is its URL, as it was.
  for await (const { value } of transaction.objectStore('models')) {
    const { url, byteLength, chunkBytes, complete } = value;
    const record = {
      key: url,
      url,
      chunkBytes,
      received: byteLength,
      complete,
      resumable: false,
      lastUsed: Date.now(),
    };
    await files.put(record);
  }
  database.deleteObjectStore('models');
}
