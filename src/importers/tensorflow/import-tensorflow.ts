import { WasiNNError } from '../../standard/error.js';
import type { GraphBuilder } from '../../standard/graph.js';
import type { ImportedModel } from '../importer.js';
import { convertModel } from './convert-model.js';
import { readGraphDef } from './graph-def.js';
import { isSavedModel, readSavedModel } from './saved-model.js';
import { signatureOf } from './signature.js';
import { isSortedTable } from './sorted-table.js';

/**
 * Makes an ONNX model of a TensorFlow model: of a frozen graph (`.pb`), whose inputs are its placeholders and whose outputs
 * are the nodes that no other node uses, or of a SavedModel, whose inputs and outputs are those of its signature
 * `serving_default`.
 *
 * @param parts a frozen graph; or `saved_model.pb`, `variables.index` and `variables.data-00000-of-00001`, in any order
 * @throws WasiNNError `invalid-argument` for a wrong number of parts; `invalid-encoding` for bytes that are no such model;
 *   `unsupported-operation` that names all operators that cannot be converted; `too-large` for a model beyond the limits
 */
export function importTensorflow(parts: readonly GraphBuilder[]): ImportedModel {
  const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const [only] = parts;
  if (only && parts.length === 1 && !isSavedModel(only)) {
    const graph = readGraphDef(only);
    return convertModel({ graph, signature: signatureOf(graph), variables: new Map(), byteLength });
  }
  if (only && parts.length === 1) return convertModel({ ...readSavedModel(only, undefined), byteLength });
  const { model, index, data } = savedModelParts(parts);
  return convertModel({ ...readSavedModel(model, { index, data }), byteLength });
}

/** The index is known by its end, and the model by its beginning; the order decides where these do not. */
function savedModelParts(parts: readonly GraphBuilder[]): {
  model: Uint8Array;
  index: Uint8Array;
  data: Uint8Array;
} {
  const found = parts.findIndex(isSortedTable);
  const indexAt = found === -1 ? 1 : found;
  const index = parts[indexAt];
  const [first, second] = parts.filter((_, at) => at !== indexAt);
  const isReversed = first && second && isSavedModel(second) && !isSavedModel(first);
  const [model, data] = isReversed ? [second, first] : [first, second];
  if (parts.length === 3 && model && index && data) return { model, index, data };
  throw new WasiNNError(
    'invalid-argument',
    `load: a TensorFlow model is 1 part (a frozen graph) or 3 parts (saved_model.pb, variables.index, variables.data-00000-of-00001), but ${parts.length} came`,
  );
}
