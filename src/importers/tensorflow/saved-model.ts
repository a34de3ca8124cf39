import { quote, WasiNNError } from '../../standard/error.js';
import type { GraphBuilder } from '../../standard/graph.js';
import type { Tensor } from '../onnx/model.js';
import { type GraphDef, isSavedModel, readGraphDef } from './graph-def.js';
import { bytesOf, damaged, entryOf, textOf, visitFields } from './message.js';
import { readReference } from './order.js';
import type { Port, Signature } from './signature.js';
import { isSortedTable } from './sorted-table.js';
import { type CheckpointFiles, readVariables } from './variables.js';

/** The signature that models are served with unless somebody asks for another. */
const defaultSignature = 'serving_default';

/** A `MetaGraphDef`: the graph for one purpose. */
interface MetaGraph {
  readonly tags: readonly string[];
  readonly graph: Uint8Array;
  readonly signatures: ReadonlyMap<string, Uint8Array>;
  readonly objects: Uint8Array;
}

export interface SavedModel {
  readonly graph: GraphDef;
  readonly signature: Signature;
  /** How the value of each variable is read, by the node that stands for it. */
  readonly variables: ReadonlyMap<string, () => Tensor>;
}

/**
 * Reads a SavedModel.
 *
 * @param files undefined for a model without variables
 * @throws WasiNNError `invalid-encoding` for one that is damaged, or has no signature `serving_default`
 */
export function readSavedModel(message: Uint8Array, files: CheckpointFiles | undefined): SavedModel {
  const metaGraph = servingGraph(readMetaGraphs(message));
  const graph = readGraphDef(metaGraph.graph);
  const signature = readSignature(metaGraph, graph);
  return { graph, signature, variables: readVariables(graph, metaGraph.objects, files) };
}

function readMetaGraphs(message: Uint8Array): MetaGraph[] {
  const metaGraphs: MetaGraph[] = [];
  visitFields(message, 'SavedModel', (field) => {
    if (field.number === 2) metaGraphs.push(readMetaGraph(bytesOf(field)));
  });
  return metaGraphs;
}

function readMetaGraph(message: Uint8Array): MetaGraph {
  const tags: string[] = [];
  const signatures = new Map<string, Uint8Array>();
  let graph: Uint8Array = new Uint8Array();
  let objects: Uint8Array = new Uint8Array();
  visitFields(message, 'MetaGraphDef', (field) => {
    if (field.number === 1) {
      visitFields(bytesOf(field), 'MetaInfoDef', (inner) => {
        if (inner.number === 4) tags.push(textOf(inner));
      });
    }
    if (field.number === 2) graph = bytesOf(field);
    if (field.number === 5) {
      const { key, value } = entryOf(field);
      signatures.set(key, value);
    }
    if (field.number === 7) objects = bytesOf(field);
  });
  return { tags, graph, signatures, objects };
}

/** The graph with the tag `serve`; the only one where there is only one. */
function servingGraph(metaGraphs: readonly MetaGraph[]): MetaGraph {
  const found = metaGraphs.find(({ tags }) => tags.length === 1 && tags[0] === 'serve') ?? metaGraphs[0];
  if (found) return found;
  throw damaged('the SavedModel has no graph');
}

function readSignature({ signatures }: MetaGraph, graph: GraphDef): Signature {
  const message = signatures.get(defaultSignature);
  if (!message) {
    const names = [...signatures.keys()].filter((name) => !name.startsWith('__')).slice(0, 8);
    throw new WasiNNError(
      'invalid-encoding',
      `load: the SavedModel has no signature "${defaultSignature}", only ${names.map(quote).join(', ') || 'none'}: save it with that signature`,
    );
  }
  const inputs: Port[] = [];
  const outputs: Port[] = [];
  visitFields(message, 'SignatureDef', (field) => {
    if (field.number === 1) inputs.push(readPort(entryOf(field)));
    if (field.number === 2) outputs.push(readPort(entryOf(field)));
  });
  return { inputs: inGraphOrder(inputs, graph), outputs: inGraphOrder(outputs, graph) };
}

/** Signatures are maps, which have no order; the function behind one has. */
function inGraphOrder(ports: readonly Port[], { nodes }: GraphDef): readonly Port[] {
  const places = new Map([...nodes.keys()].map((name, place) => [name, place]));
  const keyed = ports.map((port) => {
    const { node, index } = readReference(port.reference) ?? { node: '', index: 0 };
    return { port, place: places.get(node) ?? 0, index };
  });
  return keyed.sort((left, right) => left.place - right.place || left.index - right.index).map(({ port }) => port);
}

function readPort({ key, value }: { key: string; value: Uint8Array }): Port {
  let reference = '';
  visitFields(value, 'TensorInfo', (field) => {
    if (field.number === 1) reference = textOf(field);
  });
  if (reference === '') throw damaged(`${quote(key)} in the signature is no dense tensor`);
  const { node, index } = readReference(reference) ?? { node: reference, index: 0 };
  const aliases = [`${key}:0`, reference, ...(index === 0 ? [node] : [])];
  return { name: key, aliases, reference };
}

/** The index is known by its end, and the model by its beginning; the order decides where these do not. */
export function savedModelParts(parts: readonly GraphBuilder[]): {
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
