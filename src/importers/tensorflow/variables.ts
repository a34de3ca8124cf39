import { quote, WasiNNError } from '../../standard/error.js';
import type { Tensor } from '../onnx/model.js';
import { functionAttribute, textAttribute } from './attributes.js';
import { openCheckpoint } from './checkpoint.js';
import type { GraphDef, NodeDef } from './graph-def.js';
import { bytesOf, damaged, entryOf, type MessageField, textOf, visitFields, visitIntegers } from './message.js';
import { readReference } from './order.js';

/** The files of a checkpoint. */
export interface CheckpointFiles {
  readonly index: Uint8Array;
  readonly data: Uint8Array;
}

/** The operators that stand for a variable in a graph. */
const variableOperators: ReadonlySet<string> = new Set(['VarHandleOp', 'Variable', 'VariableV2']);

/** Under this key a checkpoint says which object of the program each of its tensors belongs to. */
const objectGraphKey = '_CHECKPOINTABLE_OBJECT_GRAPH';

/** What a checkpoint calls its tensors. */
interface CheckpointKeys {
  /** By the numbers of the objects that have them. */
  readonly byObject: ReadonlyMap<number, string>;
  /** By the names that variables have in the program. */
  readonly byName: ReadonlyMap<string, string>;
}

/**
 * How the value of each variable of a graph is read.
 *
 * @param objects the model's `SavedObjectGraph`
 * @returns by the name of the variable's node. Nothing is read before it is called, since a model may have variables
 *   that its signature does not use
 */
export function readVariables(
  graph: GraphDef,
  objects: Uint8Array,
  files: CheckpointFiles | undefined,
): ReadonlyMap<string, () => Tensor> {
  const nodes = [...graph.nodes.values()].filter(({ op }) => variableOperators.has(op));
  const checkpoint = files && nodes.length > 0 ? openCheckpoint(files.index, files.data) : undefined;
  if (!checkpoint) return new Map(nodes.map(({ name }) => [name, () => throwWithoutCheckpoint(name)]));

  const keys = readCheckpointKeys(checkpoint.readString(objectGraphKey));
  const objectIds = readCapturedObjects(graph, objects);
  const find = (node: NodeDef): string => {
    const name = textAttribute(node, 'shared_name') || node.name;
    const candidates = [keys.byObject.get(objectIds.get(node.name) ?? -1), keys.byName.get(name), name];
    const key = candidates.find((candidate) => candidate !== undefined && checkpoint.has(candidate));
    if (key !== undefined) return key;
    throw damaged(`the checkpoint has no value for the variable ${quote(name)}`);
  };
  return new Map(nodes.map((node) => [node.name, () => checkpoint.read(find(node))]));
}

function throwWithoutCheckpoint(name: string): never {
  throw new WasiNNError(
    'invalid-argument',
    `load: the SavedModel has variables, such as ${quote(name)}: 3 parts were expected (saved_model.pb, variables.index, variables.data-00000-of-00001), but 1 came`,
  );
}

/** Reads a `TrackableObjectGraph`. */
function readCheckpointKeys(message: Uint8Array | undefined): CheckpointKeys {
  const byObject = new Map<number, string>();
  const byName = new Map<string, string>();
  let object = 0;
  visitFields(message ?? new Uint8Array(), 'TrackableObjectGraph', (field) => {
    if (field.number !== 1) return;
    visitFields(bytesOf(field), 'TrackableObject', (inner) => {
      if (inner.number === 2) addKey(inner, object, byObject, byName);
    });
    object++;
  });
  return { byObject, byName };
}

function addKey(field: MessageField, object: number, byObject: Map<number, string>, byName: Map<string, string>): void {
  let fullName = '';
  let key = '';
  visitFields(bytesOf(field), 'SerializedTensor', (inner) => {
    if (inner.number === 2) fullName = textOf(inner);
    if (inner.number === 3) key = textOf(inner);
  });
  // An object with several tensors is no variable.
  if (!byObject.has(object)) byObject.set(object, key);
  if (fullName !== '' && !byName.has(fullName)) byName.set(fullName, key);
}

/**
 * Which object each variable is: a function says which objects it captures, and takes their handles as its last inputs.
 */
function readCapturedObjects(graph: GraphDef, objects: Uint8Array): ReadonlyMap<string, number> {
  const captured = new Map<string, readonly number[]>();
  visitFields(objects, 'SavedObjectGraph', (field) => {
    if (field.number !== 2) return;
    const { key, value } = entryOf(field);
    captured.set(key, readBoundInputs(value));
  });

  const ids = new Map<string, number>();
  for (const node of graph.nodes.values()) {
    const bound = node.attributes.has('f') ? captured.get(functionAttribute(node, 'f')) : undefined;
    if (!bound) continue;
    const sources = node.inputs.flatMap((input) => readReference(input)?.node ?? []);
    for (const [index, id] of bound.entries()) {
      const source = sources[sources.length - bound.length + index];
      if (source !== undefined) ids.set(source, id);
    }
  }
  return ids;
}

function readBoundInputs(message: Uint8Array): number[] {
  const ids: number[] = [];
  visitFields(message, 'SavedConcreteFunction', (field) => {
    if (field.number === 2) visitIntegers(field, (id) => ids.push(Number(id)));
  });
  return ids;
}
