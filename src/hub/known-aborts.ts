import type { AvoidingModel } from '../rpc/engine-protocol.js';
import type { AvoidedProviders } from '../standard/device.js';

/**
 * The models that have made a runtime abort, each by its length and digest. The engine makes digests, and only of models that
 * are as long as one of these: the hub reads no model.
 */
export interface KnownAborts {
  /** Those with as many bytes. */
  ofLength(bytes: number): readonly AvoidingModel[];
  remember(bytes: number, digest: string, avoid: AvoidedProviders): void;
}

/** How many models are remembered. Of others, the one that came longest ago is forgotten. */
const maximumModels = 256;

export function createKnownAborts(): KnownAborts {
  /** By digest. */
  const models = new Map<string, { readonly bytes: number; readonly avoid: AvoidedProviders }>();

  return {
    ofLength(bytes) {
      return Array.from(models, ([digest, model]) => ({ digest, ...model })).filter((model) => model.bytes === bytes);
    },
    remember(bytes, digest, avoid) {
      const known = models.get(digest)?.avoid;
      models.delete(digest);
      models.set(digest, { bytes, avoid: { ...known, ...avoid } });
      const [oldest] = models.keys();
      if (models.size > maximumModels && oldest !== undefined) models.delete(oldest);
    },
  };
}
