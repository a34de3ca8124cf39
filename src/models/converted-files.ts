import { free } from '../standard/free.js';
import { GoneError, type ModelCache } from './cache.js';
import type { FileRecord } from './cache-database.js';
import { type Conversion, convertedKeyOf } from './cache-key.js';
import { createDigest, type Digest } from './digest.js';
import { GrowingBytes } from './growing-bytes.js';
import { type ModelStore, requireRoom, storedBytes } from './model-store.js';

/**
 * How many conversions of one model are kept: what a PyTorch program declares, and as many graphs for certain inputs as the
 * engine keeps. A guest chooses the inputs, and could fill the cache by them.
 */
const mostConversions = 5;

/** The next bytes of a converted model. All pieces but the last have as many as a chunk of the cache. */
export interface ConvertedPiece {
  /** Where the bytes stand in it. */
  readonly offset: number;
  /** How many bytes it has in all. */
  readonly total: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Models that were converted to ONNX, kept beside the files that they were made of. The methods do not reject. */
export interface ConvertedFiles {
  /** The bytes are the caller's. */
  find(conversion: Conversion): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Keeps a converted model, piece by piece, where the cache has the files that it was made of, and has room. It deletes
   * nothing but older conversions of the same files. The bytes are taken over.
   *
   * @returns whether the next piece is wanted
   */
  keep(conversion: Conversion, piece: ConvertedPiece): Promise<boolean>;
}

export interface ConvertedFilesOptions {
  /** Rejects where there is no cache. */
  readonly cache: Promise<ModelCache>;
  readonly store: ModelStore;
  /** How many bytes the cache may hold. */
  readonly budget: number;
}

export function createConvertedFiles({ cache, store, budget }: ConvertedFilesOptions): ConvertedFiles {
  /** Of those that are being stored, by their keys. Two engines may store the same one: the pieces are the same. */
  const digests = new Map<string, Digest>();

  /** @returns whether the next piece is wanted */
  async function keepPiece(cache: ModelCache, key: string, piece: ConvertedPiece): Promise<boolean> {
    const { offset, total, bytes } = piece;
    const digest = digests.get(key);
    if (!digest) return false;
    // Downloads go on meanwhile.
    if (storedBytes(await cache.list()) + bytes.byteLength > budget) throw new Error('other models take the room');
    await cache.append(key, offset, bytes);
    digest.update(bytes);
    const end = offset + bytes.byteLength;
    free(bytes);
    if (end < total) return true;
    digests.delete(key);
    await cache.complete(key, { sha256: digest.finish() });
    return false;
  }

  return {
    async find(conversion) {
      const record = await store.find(convertedKeyOf(conversion));
      return record?.complete && record.convertedFrom ? readChecked(store, record) : undefined;
    },
    async keep(conversion, piece) {
      const opened = await cache.catch(() => undefined);
      if (!opened) return false;
      const key = convertedKeyOf(conversion);
      try {
        if (piece.offset === 0) {
          if (!(await begin(opened, conversion, piece.total, budget))) return false;
          digests.set(key, await createDigest());
        }
        return await keepPiece(opened, key, piece);
      } catch (cause) {
        // It is converted again on the next visit. What is there in its place is another's.
        if (cause instanceof GoneError) return false;
        digests.delete(key);
        await opened.delete(key).catch(() => undefined);
        return false;
      }
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

/**
 * Gives a converted model its place in the cache.
 *
 * @returns whether there is room
 * @throws GoneError where a file that it was made of is not there
 */
async function begin(cache: ModelCache, conversion: Conversion, total: number, budget: number): Promise<boolean> {
  const key = convertedKeyOf(conversion);
  const files = await cache.list();
  const original = files.find((file) => file.key === conversion.files[0]);
  const surplus = surplusConversions(files, conversion, key);
  const staying = files.filter((file) => file.key !== key && !surplus.includes(file));
  if (!original || storedBytes(staying) + total > budget) return false;
  await requireRoom(total, 0);
  for (const file of surplus) await cache.delete(file.key);
  await cache.begin({ key, url: original.url, resumable: false, total, convertedFrom: conversion.files });
  return true;
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
