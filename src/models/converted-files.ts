import { chunkBytes, GoneError, type ModelCache } from './cache.js';
import type { FileRecord } from './cache-database.js';
import { type Conversion, convertedKeyOf } from './cache-key.js';
import { createDigest } from './digest.js';
import { GrowingBytes } from './growing-bytes.js';
import { type ModelStore, requireRoom, storedBytes } from './model-store.js';
import { takeTurns } from './turns.js';

/**
 * How many conversions of one model are kept, or wait to be: what a PyTorch program declares, and as many graphs for certain inputs as the
 * engine keeps. A guest chooses the inputs, and could fill the cache by them.
 */
const mostConversions = 5;

/** Models that were converted to ONNX, kept beside the files that they were made of. The methods do not reject. */
export interface ConvertedFiles {
  /** The bytes are the caller's. */
  find(conversion: Conversion): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Keeps a converted model where the cache has the files that it was made of, and has room. It deletes nothing but older
   * conversions of the same files.
   */
  keep(conversion: Conversion, content: Blob): Promise<void>;
}

export interface ConvertedFilesOptions {
  /** Rejects where there is no cache. */
  readonly cache: Promise<ModelCache>;
  readonly store: ModelStore;
  /** How many bytes the cache may hold. */
  readonly budget: number;
}

export function createConvertedFiles({ cache, store, budget }: ConvertedFilesOptions): ConvertedFiles {
  /** How many conversions wait to be stored, by the keys of their originals. Each takes memory meanwhile. */
  const waiting = new Map<string, number>();

  return {
    async find(conversion) {
      const record = await store.find(convertedKeyOf(conversion));
      return record?.complete && record.convertedFrom ? readChecked(store, record) : undefined;
    },
    async keep(conversion, content) {
      const model = conversion.files.join(' ');
      const before = waiting.get(model) ?? 0;
      if (before >= mostConversions) return;
      waiting.set(model, before + 1);
      const opened = await cache.catch(() => undefined);
      // One at a time, so that what they take is known.
      if (opened) await takeTurns('converted models', () => keep(opened, conversion, content, budget));
      const left = (waiting.get(model) ?? 1) - 1;
      if (left > 0) waiting.set(model, left);
      else waiting.delete(model);
    },
  };
}

/** Reads a converted model, and deletes it where its bytes are not those that were kept. */
async function readChecked(store: ModelStore, record: FileRecord): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const digest = await createDigest();
  const bytes = new GrowingBytes();
  const isThere = await store.read(record, (chunk) => {
    digest.update(chunk);
    bytes.append(chunk, record.received);
  });
  if (!isThere) return undefined;
  const actual = digest.finish();
  if (actual === record.sha256) {
    await store.touch(record.key);
    return bytes.take();
  }
  await store.drop(record, `its conversion in the cache has the SHA-256 digest ${actual}, not ${record.sha256}`);
  return undefined;
}

async function keep(cache: ModelCache, conversion: Conversion, content: Blob, budget: number): Promise<void> {
  const key = convertedKeyOf(conversion);
  try {
    const files = await cache.list();
    const original = files.find((file) => file.key === conversion.files[0]);
    const surplus = surplusConversions(files, conversion, key);
    const staying = files.filter((file) => file.key !== key && !surplus.includes(file));
    if (!original || storedBytes(staying) + content.size > budget) return;
    await requireRoom(content.size, 0);
    for (const file of surplus) await cache.delete(file.key);
    await cache.begin({
      key,
      url: original.url,
      resumable: false,
      total: content.size,
      convertedFrom: conversion.files,
    });
    await write(cache, key, content, budget);
  } catch (cause) {
    // It is converted again on the next visit. What is there in its place is another's.
    if (!(cause instanceof GoneError)) await cache.delete(key).catch(() => undefined);
  }
}

/** @throws Error where there is no room; GoneError where it was deleted meanwhile */
async function write(cache: ModelCache, key: string, content: Blob, budget: number): Promise<void> {
  const digest = await createDigest();
  for (let offset = 0; offset < content.size; offset += chunkBytes) {
    const chunk = new Uint8Array(await content.slice(offset, offset + chunkBytes).arrayBuffer());
    // Downloads go on meanwhile.
    if (storedBytes(await cache.list()) + chunk.byteLength > budget) throw new Error('other models take the room');
    digest.update(chunk);
    await cache.append(key, offset, chunk);
  }
  await cache.complete(key, { sha256: digest.finish() });
}

/** Those conversions of the same files that go for another one: the ones used longest ago. */
function surplusConversions(files: readonly FileRecord[], { files: originals }: Conversion, key: string): FileRecord[] {
  const others = files.filter((file) => file.key !== key && isMadeOf(file, originals));
  return others.slice(0, Math.max(0, others.length + 1 - mostConversions));
}

/** Whether a file is a conversion of exactly these files. */
export function isMadeOf({ convertedFrom = [] }: FileRecord, originals: readonly string[]): boolean {
  return convertedFrom.length === originals.length && originals.every((key, index) => key === convertedFrom[index]);
}
