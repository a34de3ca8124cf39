import type { Conversions } from '../backends/backend.js';
import type { ConvertedModels } from '../models/models.js';

/**
 * Where a backend keeps what it converts of a model. Only a model that was opened by name has one, and only for itself: no
 * guest can write what another model is loaded from.
 *
 * @param files the keys of the model's files in the cache, where it keeps them
 */
export function conversionsOf(
  files: readonly string[] | undefined,
  models: ConvertedModels | undefined,
): Conversions | undefined {
  if (!files || !models) return undefined;
  return {
    // A model that cannot be had from there is converted again.
    find: (key) => models.findConverted({ files, key }).catch(() => undefined),
    keep: (key, content) => void models.keepConverted({ files, key }, content).catch(() => undefined),
  };
}
