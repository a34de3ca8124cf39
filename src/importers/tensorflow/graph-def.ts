import { quote, WasiNNError } from '../../standard/error.js';
import { bytesOf, damaged, entryOf, type MessageField, textOf, visitFields } from './message.js';

/** One node, as the model has it. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** `node`, `node:output` or `^node` in a graph; `argument` or `node:output argument:index` in a function. */
  readonly inputs: readonly string[];
  /** Each attribute's `AttrValue`, not yet read. */
  readonly attributes: ReadonlyMap<string, Uint8Array>;
}

/** A function that nodes of a graph may call. */
export interface FunctionDef {
  readonly name: string;
  /** The names of its arguments. */
  readonly inputs: readonly string[];
  /** For each result what it is: `node:output argument:index` or an argument's name. */
  readonly outputs: readonly string[];
  readonly nodes: ReadonlyMap<string, NodeDef>;
}

export interface GraphDef {
  /** By their names, in the order of the file. */
  readonly nodes: ReadonlyMap<string, NodeDef>;
  readonly functions: FunctionLibrary;
}

/** The functions of a model, which are read when they are first asked for: most are for training, or for saving. */
export interface FunctionLibrary {
  has(name: string): boolean;
  get(name: string): FunctionDef | undefined;
}

/** More nodes than any model has, and few enough that a hostile file does not fill the memory. */
const maximumNodes = 200_000;

/** All inputs and attributes of all nodes. */
const maximumConnections = 2_000_000;

/** What is left of the limits while a graph is read. */
interface Allowance {
  nodes: number;
  connections: number;
}

/** Whether the bytes begin as a `SavedModel` does: with a version. A `GraphDef` begins with a node. */
export function isSavedModel(bytes: Uint8Array): boolean {
  return bytes[0] === 0x08;
}

/**
 * Reads a `GraphDef`. Tensors and attributes stay where they are.
 *
 * @throws WasiNNError `invalid-encoding` for bytes that are no graph; `too-large` for one of absurdly many nodes
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/graph.proto
 */
export function readGraphDef(message: Uint8Array): GraphDef {
  const left = { nodes: maximumNodes, connections: maximumConnections };
  const nodes = new Map<string, NodeDef>();
  const functions = new Map<string, Uint8Array>();
  visitFields(message, 'GraphDef', (field) => {
    if (field.number === 1) addNode(nodes, readNode(bytesOf(field), left));
    if (field.number !== 2) return;
    visitFields(bytesOf(field), 'FunctionDefLibrary', (entry) => {
      if (entry.number !== 1) return;
      take(left, 'connections');
      functions.set(readFunctionName(bytesOf(entry)), bytesOf(entry));
    });
  });
  return { nodes, functions: openLibrary(functions, left) };
}

function openLibrary(functions: ReadonlyMap<string, Uint8Array>, left: Allowance): FunctionLibrary {
  const read = new Map<string, FunctionDef>();
  return {
    has: (name) => functions.has(name),
    get: (name) => {
      const known = read.get(name);
      const message = known ? undefined : functions.get(name);
      if (!message) return known;
      const definition = readFunction(message, left);
      read.set(name, definition);
      return definition;
    },
  };
}

function readFunctionName(message: Uint8Array): string {
  let name = '';
  visitFields(message, 'FunctionDef', (field) => {
    if (field.number !== 1) return;
    visitFields(bytesOf(field), 'OpDef', (inner) => {
      if (inner.number === 1) name = textOf(inner);
    });
  });
  return name;
}

function readNode(message: Uint8Array, left: Allowance): NodeDef {
  take(left, 'nodes');
  let name = '';
  let op = '';
  const inputs: string[] = [];
  const attributes = new Map<string, Uint8Array>();
  visitFields(message, 'NodeDef', (field) => {
    if (field.number === 1) name = textOf(field);
    if (field.number === 2) op = textOf(field);
    if (field.number === 3) {
      take(left, 'connections');
      inputs.push(textOf(field));
    }
    if (field.number === 5) addAttribute(attributes, field, left);
  });
  return { name, op, inputs, attributes };
}

function addNode(nodes: Map<string, NodeDef>, node: NodeDef): void {
  if (nodes.has(node.name)) throw damaged(`two nodes have the name ${quote(node.name)}`);
  nodes.set(node.name, node);
}

function addAttribute(attributes: Map<string, Uint8Array>, field: MessageField, left: Allowance): void {
  const { key, value } = entryOf(field);
  // Notes of TensorFlow's own tools, such as the shapes that they inferred.
  if (key.startsWith('_')) return;
  take(left, 'connections');
  attributes.set(key, value);
}

function readFunction(message: Uint8Array, left: Allowance): FunctionDef {
  let signature: Signature = { name: '', inputs: [], outputs: [] };
  const nodes = new Map<string, NodeDef>();
  const results = new Map<string, string>();
  visitFields(message, 'FunctionDef', (field) => {
    if (field.number === 1) signature = readSignature(bytesOf(field), left);
    if (field.number === 3) addNode(nodes, readNode(bytesOf(field), left));
    if (field.number !== 4) return;
    take(left, 'connections');
    const { key, value } = entryOf(field);
    results.set(key, new TextDecoder().decode(value));
  });
  const outputs = signature.outputs.map((output) => {
    const source = results.get(output);
    if (source === undefined)
      throw damaged(`the function ${quote(signature.name)} does not say what its result ${quote(output)} is`);
    return source;
  });
  return { name: signature.name, inputs: signature.inputs, outputs, nodes };
}

interface Signature {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Reads an `OpDef`, as far as functions need it. */
function readSignature(message: Uint8Array, left: Allowance): Signature {
  let name = '';
  const inputs: string[] = [];
  const outputs: string[] = [];
  visitFields(message, 'OpDef', (field) => {
    if (field.number === 1) name = textOf(field);
    if (field.number === 2) inputs.push(readArgument(bytesOf(field), left));
    if (field.number === 3) outputs.push(readArgument(bytesOf(field), left));
  });
  return { name, inputs, outputs };
}

function readArgument(message: Uint8Array, left: Allowance): string {
  take(left, 'connections');
  let name = '';
  visitFields(message, 'OpDef.ArgDef', (field) => {
    if (field.number === 1) name = textOf(field);
  });
  return name;
}

function take(left: Allowance, what: keyof Allowance): void {
  if (--left[what] >= 0) return;
  const limit = what === 'nodes' ? `${maximumNodes} nodes` : `${maximumConnections} inputs and attributes`;
  throw new WasiNNError('too-large', `load: the TensorFlow model has more than ${limit}, which is the limit`);
}
