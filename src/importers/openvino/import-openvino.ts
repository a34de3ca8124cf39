import { WasiNNError } from '../../standard/error.js';
import { fetchCode } from '../fetch-code.js';
import type { ImportedModel } from '../importer.js';
import { limitsFor } from '../limits.js';
import { loadOperators } from '../operator-groups.js';
import { UnsupportedOperators } from '../unsupported.js';
import { operatorLayers } from './ir.js';
import { operatorGroups } from './operators/index.js';
import { readIr } from './read-ir.js';

/**
 * Converts an OpenVINO model (IR version 10 or 11) to ONNX.
 *
 * Inputs have the names of the `Parameter` layers; the other names of their tensors are aliases. Outputs have the first
 * name of their tensor, or the name of the layer that computes it.
 *
 * @param parts the topology (`.xml`), then the weights (`.bin`), which may be empty
 * @throws WasiNNError `invalid-argument` for another number of parts; `invalid-encoding` for what is no IR of these
 *   versions, or contradicts itself; `unsupported-operation` that names all layers that cannot be converted; `too-large`
 */
export async function importOpenvino(parts: readonly Uint8Array[]): Promise<ImportedModel> {
  const [xml, weights] = parts;
  if (!xml || !weights || parts.length > 2) {
    throw new WasiNNError(
      'invalid-argument',
      `load: an OpenVINO model is 2 parts (the .xml file, then the .bin file with its weights), but ${parts.length} came`,
    );
  }
  const limits = limitsFor(xml.byteLength + weights.byteLength);
  const network = readIr(xml, limits);
  const unsupported = new UnsupportedOperators('OpenVINO');
  const layers = operatorLayers(network);
  const [{ convertModel }, operators] = await Promise.all([
    fetchCode(() => import('./convert-model.js')),
    loadOperators(operatorGroups, new Set(layers.map(({ type }) => type))),
  ]);
  for (const { type, name } of layers) if (!operators.has(type)) unsupported.add(type, name);
  unsupported.throwIfAny();
  return convertModel(network, limits, { weights, operators, unsupported });
}
