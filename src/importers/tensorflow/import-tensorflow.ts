import type { GraphBuilder } from '../../standard/graph.js';
import type { ImportedModel } from '../importer.js';
import { convertModel } from './convert-model.js';
import { readGraphDef } from './graph-def.js';
import { signatureOf } from './signature.js';

/**
 * Makes an ONNX model of a frozen TensorFlow graph (`.pb`).
 */
export function importTensorFlow(parts: readonly GraphBuilder[]): ImportedModel {
  const [only = new Uint8Array()] = parts;
  const graph = readGraphDef(only);
  return convertModel({
    graph,
    signature: signatureOf(graph),
    variables: new Map(),
    byteLength: parts.reduce((sum, { byteLength }) => sum + byteLength, 0),
  });
}
