import type { Conversions } from '../backends/backend.js';
import type { Conversion } from '../models/cache-key.js';
import { chunkBytes } from '../models/chunk-bytes.js';
import type { ConvertedModels } from '../models/models.js';

/** How many bytes of conversions may wait while another is stored: they are kept in memory meanwhile. */
const mostWaiting = 64 << 20;

/** What the engine's backends convert, on its way to the models. */
export interface ConversionKeeper {
  /**
   * Where a backend keeps what it converts of a model. Only a model that was opened by name has one, and only for itself: no
   * guest can write what another model is loaded from.
   *
   * @param files the keys of the model's files in the cache, where it keeps them
   */
  forModel(files: readonly string[] | undefined): Conversions | undefined;
}

/** @param models absent where nothing is kept */
export function createConversionKeeper(models: ConvertedModels | undefined): ConversionKeeper {
  let last: Promise<void> = Promise.resolve();
  /** How many bytes wait or are being stored. */
  let pending = 0;

  /** Stores one conversion at a time. One that would have too many bytes wait is made again on the next visit. */
  function keep(models: ConvertedModels, conversion: Conversion, content: readonly Uint8Array[]): void {
    const bytes = content.reduce((sum, part) => sum + part.byteLength, 0);
    if (pending > 0 && pending + bytes > mostWaiting) return;
    pending += bytes;
    last = last
      .then(() => send(models, conversion, content, bytes))
      // The models' thread is gone.
      .catch(() => undefined)
      .then(() => {
        pending -= bytes;
      });
  }

  return {
    forModel(files) {
      if (!files || !models) return undefined;
      return {
        // A model that cannot be had from there is converted again.
        find: (key) => models.findConverted({ files, key }).catch(() => undefined),
        keep: (key, content) => keep(models, { files, key }, content),
      };
    },
  };
}

/** Sends a conversion piece by piece, each when the one before is stored: a large one is never in memory twice. */
async function send(
  models: ConvertedModels,
  conversion: Conversion,
  content: readonly Uint8Array[],
  total: number,
): Promise<void> {
  let offset = 0;
  for (const bytes of pieces(content, total)) {
    const isNextWanted = await models.keepConverted(conversion, { offset, total, bytes });
    if (!isNextWanted) return;
    offset += chunkBytes;
  }
}

/** Copies the bytes of some parts, one chunk of the cache at a time. */
function* pieces(content: readonly Uint8Array[], total: number): Generator<Uint8Array<ArrayBuffer>> {
  let piece = new Uint8Array(Math.min(chunkBytes, total));
  let filled = 0;
  let left = total;
  for (const part of content) {
    for (let at = 0; at < part.byteLength; ) {
      const taken = part.subarray(at, at + piece.byteLength - filled);
      piece.set(taken, filled);
      at += taken.byteLength;
      filled += taken.byteLength;
      if (filled < piece.byteLength) continue;
      left -= filled;
      yield piece;
      piece = new Uint8Array(Math.min(chunkBytes, left));
      filled = 0;
    }
  }
}
