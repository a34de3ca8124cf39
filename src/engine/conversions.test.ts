import { describe, expect, it } from 'vitest';
import type { Conversion } from '../models/cache-key.js';
import { chunkBytes } from '../models/chunk-bytes.js';
import type { ConvertedPiece } from '../models/converted-files.js';
import type { ConvertedModels } from '../models/models.js';
import { WasiNNError } from '../standard/error.js';
import { createConversionKeeper } from './conversions.js';

/** Models that note what comes, and answer when a test says so. */
function watched() {
  const pieces: { conversion: Conversion; piece: ConvertedPiece }[] = [];
  const answers: ((isNextWanted: boolean) => void)[] = [];
  const models: ConvertedModels = {
    findConverted: async () => undefined,
    keepConverted: (conversion, piece) => {
      pieces.push({ conversion, piece });
      return new Promise((resolve) => answers.push(resolve));
    },
  };
  /** Answers what has come and what comes next, until nothing comes any more. */
  async function answerAll(isNextWanted = true): Promise<void> {
    for (let answer = answers.shift(); answer; answer = answers.shift()) {
      answer(isNextWanted);
      await settled();
    }
  }
  return { models, pieces, answerAll };
}

/** Lets all that is ready go on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const bytes = (length: number, first: number) => Uint8Array.from({ length }, (_, index) => (first + index) % 251);

describe('a conversion that is kept', () => {
  it.each([
    [[3]],
    [[3, 5]],
    [[4, chunkBytes - 4]],
    [[4, chunkBytes - 4, 0]],
    [[4, 10, chunkBytes]],
    [[4, 10, 2 * chunkBytes]],
  ])('goes to the models in pieces of one chunk (parts of %j bytes)', async (lengths) => {
    const { models, pieces, answerAll } = watched();
    const parts = lengths.map((length, index) => bytes(length, index));
    createConversionKeeper(models).forModel(['a', 'b'])?.keep('key', parts);
    await settled();
    await answerAll();

    const total = lengths.reduce((sum, length) => sum + length, 0);
    expect(pieces.map(({ piece }) => piece.offset)).toEqual(
      Array.from({ length: Math.ceil(total / chunkBytes) }, (_, index) => index * chunkBytes),
    );
    for (const { conversion, piece } of pieces) {
      expect(conversion).toEqual({ files: ['a', 'b'], key: 'key' });
      expect(piece.total).toBe(total);
    }
    expect(Buffer.compare(Buffer.concat(pieces.map(({ piece }) => piece.bytes)), Buffer.concat(parts))).toBe(0);
  });

  it('stops where the next piece is not wanted, and the next conversion goes on', async () => {
    const { models, pieces, answerAll } = watched();
    const conversions = createConversionKeeper(models).forModel(['a']);
    conversions?.keep('large', [bytes(chunkBytes + 1, 0)]);
    conversions?.keep('small', [bytes(1, 0)]);
    await settled();
    expect(pieces.map(({ conversion }) => conversion.key)).toEqual(['large']);
    await answerAll(false);
    expect(pieces.map(({ conversion }) => conversion.key)).toEqual(['large', 'small']);
  });

  it('waits for others only with 64 MiB in all', async () => {
    const { models, pieces, answerAll } = watched();
    const conversions = createConversionKeeper(models).forModel(['a']);
    conversions?.keep('first', [new Uint8Array(65 << 20)]);
    conversions?.keep('too many', [new Uint8Array(1)]);
    await settled();
    await answerAll(false);
    conversions?.keep('second', [new Uint8Array(1)]);
    conversions?.keep('third', [new Uint8Array((64 << 20) - 1)]);
    conversions?.keep('too many', [new Uint8Array(1)]);
    await settled();
    await answerAll(false);
    expect(pieces.map(({ conversion }) => conversion.key)).toEqual(['first', 'second', 'third']);
  });

  it('is lost where the models cannot be reached, and so is one that is looked for', async () => {
    const fail = () => Promise.reject(new WasiNNError('runtime-error', 'the models worker is gone'));
    const conversions = createConversionKeeper({ findConverted: fail, keepConverted: fail }).forModel(['a']);
    conversions?.keep('key', [new Uint8Array(1)]);
    await settled();
    expect(await conversions?.find('key')).toBeUndefined();
  });

  it('has no place where there are no models, or the cache keeps no files', () => {
    expect(createConversionKeeper(undefined).forModel(['a'])).toBeUndefined();
    expect(createConversionKeeper(watched().models).forModel(undefined)).toBeUndefined();
  });
});
