import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { expect } from 'vitest';
import { isBlob } from '../standard/brand-checks.js';
import { type ModelCache, openModelCache } from './cache.js';
import { type FileRecord, openCacheDatabase, type StoredChunk } from './cache-database.js';
import { createConvertedFiles } from './converted-files.js';
import { type ServedFile, type ServedRequest, serveFile } from './file-server.fixture.js';
import type { Entries, ModelsOption } from './model-options.js';
import { type CacheNotice, createModelStore } from './model-store.js';
import { createModels, type Models } from './models.js';
import type { ModelProgress } from './progress.js';
import { createRegistry, toRegistryOptions } from './registry.js';
import { fetchDocument } from './registry-document.js';

export interface TestModels {
  readonly models: Models;
  readonly progress: ModelProgress[];
  readonly notices: CacheNotice[];
  /** How long was waited between tries, in ms; no time has gone by. */
  readonly waits: number[];
  /** The entries as they were checked. */
  readonly entries: Entries;
}

export interface TestModelsOptions {
  /** Default: the real one, on whatever `indexedDB` is. */
  readonly cache?: Promise<ModelCache>;
  readonly budget?: number;
  readonly allowedUrls?: readonly string[];
  /** Called in the place of a wait between tries. */
  onWait?(): void;
}

/** Models as the models worker makes them, in this thread. */
export function openTestModels(
  option: ModelsOption,
  base: string,
  { cache = openModelCache(), budget = 2 ** 32, allowedUrls = [], onWait }: TestModelsOptions = {},
): TestModels {
  const progress: ModelProgress[] = [];
  const notices: CacheNotice[] = [];
  const waits: number[] = [];
  const registry = toRegistryOptions(option, allowedUrls, base);
  const store = createModelStore({ cache, budget, onNotice: (notice) => notices.push(notice) });
  const models = createModels({
    registry: createRegistry(registry, fetchDocument),
    store,
    converted: createConvertedFiles({ cache, store, budget }),
    budget,
    onProgress: (step) => progress.push(step),
    wait: async (milliseconds) => {
      waits.push(milliseconds);
      onWait?.();
    },
  });
  return { models, progress, notices, waits, entries: registry.entries };
}

/** Models that are kept nowhere. */
export function openUncachedModels(option: ModelsOption): Models {
  return openTestModels(option, 'https://page.example/', { cache: Promise.reject(new Error('no cache in this test')) })
    .models;
}

/** What the cache has of one file. */
export interface StoredFile {
  readonly record: FileRecord;
  readonly bytes: Uint8Array;
}

/** All that the cache has, by the database itself. */
export async function readStored(): Promise<StoredFile[]> {
  const database = await openCacheDatabase();
  const records = await database.getAll('files');
  const keys = await database.getAllKeys('chunks');
  const chunks = await Promise.all((await database.getAll('chunks')).map(bytesOf));
  database.close();
  const stray = keys.find(([key]) => !records.some((record) => record.key === key));
  if (stray) throw new Error(`chunk ${stray} belongs to no file`);
  return records.map((record) => {
    const own = chunks.filter((_, index) => keys[index]?.[0] === record.key);
    return { record, bytes: Buffer.concat(own) };
  });
}

/** The bytes of a chunk as the cache stores it. */
export async function bytesOf(chunk: StoredChunk): Promise<Uint8Array> {
  return isBlob(chunk) ? new Uint8Array(await chunk.arrayBuffer()) : chunk;
}

/** A file on a server of its own. */
export interface FileSite {
  readonly url: string;
  readonly file: ServedFile;
  /** What was asked for so far. */
  readonly requests: ServedRequest[];
  stop(): void;
}

export async function startFileSite(file: ServedFile): Promise<FileSite> {
  const { requests, handle } = serveFile(file);
  const { url, stop } = await startTestServer(handle);
  return { url: `${url}model.bin`, file, requests, stop };
}

export interface TestServer {
  /** Ends in a slash. */
  readonly url: string;
  /** The paths asked for so far. */
  readonly requests: string[];
  stop(): void;
}

export async function startTestServer(answer: RequestListener): Promise<TestServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    requests,
    stop: () => server.close().closeAllConnections(),
  };
}

export const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export function expectSame(actual: Uint8Array | undefined, expected: Uint8Array): void {
  expect(actual?.byteLength).toBe(expected.byteLength);
  expect(Buffer.compare(actual ?? new Uint8Array(), expected)).toBe(0);
}

/** Expects the cache to have one file, whole, and nothing else. */
export async function expectKept(expected: Uint8Array): Promise<void> {
  const [stored, ...others] = await readStored();
  expect(others).toEqual([]);
  expect(stored?.record).toMatchObject({ complete: true, received: expected.byteLength });
  expectSame(stored?.bytes, expected);
}
