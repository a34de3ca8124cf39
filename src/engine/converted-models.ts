import type { ConvertedModels } from '../models/models.js';
import type { Rpc } from '../rpc/rpc.js';
import { isUint8Array } from '../standard/brand-checks.js';

/** The cache of converted models, which the engine reaches through the hub. */
export function convertedModelsOf(hub: Rpc): ConvertedModels {
  return {
    async findConverted(conversion) {
      const found = await hub.request('findConverted', conversion);
      return isUint8Array(found) ? found : undefined;
    },
    async keepConverted(conversion, piece) {
      const parameters = { conversion, piece };
      return (await hub.request('keepConverted', parameters, { transfer: [piece.bytes.buffer] })) === true;
    },
  };
}
