import type { GraphBuilder } from '../../standard/graph.js';
import { fetchCode } from '../fetch-code.js';
import type { ImportedModel } from '../importer.js';
import { convertModel, type TensorFlowModel } from './convert-model.js';
import { isSavedModel, readGraphDef } from './graph-def.js';
import { damaged } from './message.js';
import { signatureOf } from './signature.js';

/**
 * Makes an ONNX model of a TensorFlow model: of a frozen graph (`.pb`), whose inputs are its placeholders and whose outputs
 * are the nodes that no other node uses, or of a SavedModel, whose inputs and outputs are those of its signature
 * `serving_default`.
 *
 * @param parts a frozen graph; or `saved_model.pb`, `variables.index` and `variables.data-00000-of-00001`, in any order
 * @throws WasiNNError `invalid-argument` for a wrong number of parts; `invalid-encoding` for bytes that are no such model;
 *   `unsupported-operation` that names all operators that cannot be converted; `too-large` for a model beyond the limits
 */
export async function importTensorflow(parts: readonly GraphBuilder[]): Promise<ImportedModel> {
  try {
    return await convertModel(await readModel(parts));
  } catch (cause) {
    // No valid model has sizes that numbers cannot express.
    if (cause instanceof RangeError)
      throw damaged(`it has sizes that are absurd or contradict each other (${cause.message})`);
    throw cause;
  }
}

async function readModel(parts: readonly GraphBuilder[]): Promise<TensorFlowModel> {
  const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const [only] = parts;
  if (only && parts.length === 1 && !isSavedModel(only)) {
    const graph = readGraphDef(only);
    return { graph, signature: signatureOf(graph), variables: new Map(), byteLength };
  }
  const { readSavedModel, savedModelParts } = await fetchCode(() => import('./saved-model.js'));
  if (only && parts.length === 1) return { ...readSavedModel(only, undefined), byteLength };
  const { model, index, data } = savedModelParts(parts);
  return { ...readSavedModel(model, { index, data }), byteLength };
}
