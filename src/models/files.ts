import { WasiNNError } from '../standard/error.js';
import type { Completion } from './cache.js';
import { type FileRecord, toValidators } from './cache-database.js';
import { keyOf } from './cache-key.js';
import { createDigest } from './digest.js';
import { download, type Wait } from './download.js';
import { GrowingBytes } from './growing-bytes.js';
import { IncomingFile } from './incoming-file.js';
import type { ModelEntry, RemotePart } from './model-options.js';
import type { ModelStore } from './model-store.js';
import { type FileBody, requestFile, type Unchanged } from './request.js';
import { takeTurns } from './turns.js';

/** Where a file that is being fetched stands. */
export interface FileProgress {
  /** `cache`: it is read from the cache; `download`: it is on its way; `wait`: another tab downloads it. */
  readonly phase: 'cache' | 'download' | 'wait';
  /** In bytes. */
  readonly loaded: number;
  readonly total?: number;
}

export interface FetchOptions {
  readonly fetch: ModelEntry['fetch'];
  /** Whether the bytes are wanted; otherwise the file is only put into the cache. */
  readonly wanted: boolean;
  readonly signal: AbortSignal;
  onProgress(progress: FileProgress): void;
}

/** Files of models, from the cache or from their URLs. */
export interface Files {
  /** @throws WasiNNError where no URL gives the file; the signal's reason */
  fetch(part: RemotePart, options: FetchOptions): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Takes notice that a runtime could not read a file. The cache keeps a file with a digest, since another download would
   * bring the same bytes; the next read checks the digest again. The cache deletes every other file.
   */
  distrust(part: RemotePart): Promise<void>;
}

/** Whether a file is on the page already, as a data URL or a Blob: the cache would have it twice. */
export function isOnPage({ urls }: RemotePart): boolean {
  return urls.every((url) => /^(data|blob):/.test(url));
}

export function createFiles(store: ModelStore, wait: Wait): Files {
  /** What this visit has downloaded, or found unchanged: it is not asked for again. */
  const current = new Set<string>();
  /** What the cache has returned with the right digest. */
  const checked = new Set<string>();

  /** @param waitedSince since when, in ms since 1970, another tab was waited for that saw to the file */
  async function fetchFile(
    part: RemotePart,
    options: FetchOptions,
    waitedSince?: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const key = keyOf(part);
    const record = await findUsable(key, part);
    if (!record?.complete) return downloadFile(part, options, record);
    if (isFresh(part, record, waitedSince)) return readKept(part, record, options);

    // Asked for where it came from: only there do its validators mean anything.
    const from = part.urls.includes(record.url) ? record.url : part.urls[0];
    const answer = await askForChanges(from, part, record, options);
    if (answer.kind === 'unchanged') return readKept(part, record, options, answer.completion);
    const urls = [from, ...part.urls.filter((url) => url !== from)] as const;
    return downloadFile({ ...part, urls }, options, undefined, answer);
  }

  async function downloadFile(
    part: RemotePart,
    { fetch, wanted, signal, onProgress }: FetchOptions,
    partial: FileRecord | undefined,
    answer?: FileBody,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const key = keyOf(part);
    checked.delete(key);
    const file = await IncomingFile.open({ part, key, store, wanted });
    await file.resume(partial);
    const onReceived = () => onProgress(toProgress('download', file.received, file.total));
    const bytes = await download({ part, fetch, file, signal, answer, wait, onReceived });
    current.add(key);
    return bytes;
  }

  async function readFromPage(
    part: RemotePart,
    { fetch, wanted, signal, onProgress }: FetchOptions,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!wanted) return undefined;
    const file = await IncomingFile.open({ part, key: keyOf(part), store, wanted, keeps: false });
    const onReceived = () => onProgress(toProgress('download', file.received, file.total));
    return download({ part, fetch, file, signal, wait, onReceived });
  }

  async function readKept(
    part: RemotePart,
    record: FileRecord,
    options: FetchOptions,
    completion?: Completion,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { key, received } = record;
    const bytes = await readChecked(part, record, options);
    if (!bytes) return downloadFile(part, options, undefined);
    options.onProgress(toProgress('cache', received, received));
    await store.touch(key, completion);
    current.add(key);
    return options.wanted ? bytes : undefined;
  }

  /**
   * Reads a file from the cache. The first time, its digest is made of each chunk while the storage reads the next, since
   * every script of the page's origin can write to the storage.
   *
   * @returns its bytes, none where they are not wanted; nothing where they are damaged
   */
  async function readChecked(
    { sha256 }: RemotePart,
    record: FileRecord,
    { wanted, signal }: FetchOptions,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { key, received } = record;
    const bytes = new GrowingBytes();
    const digest = sha256 === undefined || checked.has(key) ? undefined : await createDigest();
    const isThere = await store.read(record, (chunk) => {
      // Nobody waits for the rest.
      signal.throwIfAborted();
      digest?.update(chunk);
      if (wanted) bytes.append(chunk, received);
    });
    signal.throwIfAborted();
    if (!isThere) return undefined;
    const actual = digest?.finish();
    if (actual !== undefined && actual !== sha256) {
      await store.drop(
        record,
        `the cache has a file with the SHA-256 digest ${actual}, not the ${sha256} of the registry`,
      );
      return undefined;
    }
    if (digest) checked.add(key);
    return bytes.take();
  }

  /** A file whose length is not the registry's any more is another file. */
  async function findUsable(key: string, { size }: RemotePart): Promise<FileRecord | undefined> {
    const record = await store.find(key);
    if (!record?.complete || size === undefined || record.received === size) return record;
    await store.delete(key);
    return undefined;
  }

  function isFresh(
    { immutable }: RemotePart,
    { key, freshUntil = 0, lastUsed }: FileRecord,
    waitedSince: number | undefined,
  ): boolean {
    const now = Date.now();
    const isJustFetched = waitedSince !== undefined && waitedSince <= lastUsed && lastUsed <= now;
    return immutable || current.has(key) || now < freshUntil || isJustFetched;
  }

  return {
    fetch: (part, options) =>
      isOnPage(part)
        ? readFromPage(part, options)
        : withLock(keyOf(part), options, (waitedSince) => fetchFile(part, options, waitedSince)),
    async distrust(part) {
      const key = keyOf(part);
      checked.delete(key);
      if (part.sha256 === undefined) await store.delete(key);
    },
  };
}

/**
 * Asks the server that a file came from whether it has changed. Where the server cannot be asked, as offline, the file
 * counts as unchanged.
 *
 * @throws WasiNNError where the server says that the file is gone
 */
async function askForChanges(
  url: string,
  part: RemotePart,
  { etag, lastModified }: FileRecord,
  { fetch, signal }: FetchOptions,
): Promise<Unchanged | FileBody> {
  // It must not end the answer's body, which takes its own time.
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), fetch.stallTimeout);
  const known = { ...toValidators({ etag, lastModified }), bytes: 'all' } as const;
  try {
    return await requestFile({ url, part, fetch, signal: AbortSignal.any([signal, timeout.signal]), known });
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof WasiNNError && (cause.code === 'not-found' || cause.code === 'security')) throw cause;
    return { kind: 'unchanged', completion: {} };
  } finally {
    clearTimeout(timer);
  }
}

/** Lets one tab at a time see to a file; the others find it in the cache then. */
async function withLock<Result>(
  key: string,
  { signal, onProgress }: FetchOptions,
  action: (waitedSince?: number) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const name = `wasi-nn-web model ${key}`;
  const { locks } = globalThis.navigator ?? {};
  // Insecure pages have no locks: there one tab does not know of another.
  if (!locks) return takeTurns(name, () => action());
  const held = await locks.request(name, { ifAvailable: true }, async (lock) =>
    lock ? { result: await action() } : undefined,
  );
  if (held) return held.result;
  const since = Date.now();
  onProgress({ phase: 'wait', loaded: 0 });
  return locks.request(name, { signal }, () => action(since));
}

function toProgress(phase: FileProgress['phase'], loaded: number, expected: number | undefined): FileProgress {
  return expected === undefined || loaded > expected ? { phase, loaded } : { phase, loaded, total: expected };
}
