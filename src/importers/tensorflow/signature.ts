import { WasiNNError } from '../../standard/error.js';
import { functionAttribute, integerAttribute } from './attributes.js';
import type { GraphDef, NodeDef } from './graph-def.js';
import { readReference } from './order.js';

/** One input or output of a model. */
export interface Port {
  readonly name: string;
  /** What else it is called. */
  readonly aliases: readonly string[];
  /** The output of a node that it is: `node:index`. */
  readonly reference: string;
}

/** What a model takes and answers with. */
export interface Signature {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** Nodes that have no output, or none that is an answer. */
const silent: ReadonlySet<string> = new Set(['Assert', 'Const', 'NoOp', 'Placeholder', 'PlaceholderWithDefault']);

/** How many outputs of an operator are answers, where that is not one. */
const answers: ReadonlyMap<string, number> = new Map([
  ['NonMaxSuppressionV4', 2],
  ['NonMaxSuppressionV5', 3],
  ['TopK', 2],
  ['TopKV2', 2],
]);

/**
 * The signature of a graph that does not declare it: the inputs are the placeholders that some node takes, in their order,
 * and the outputs the nodes whose outputs no other node takes.
 *
 * @throws WasiNNError `invalid-encoding` for a graph without outputs
 */
export function signatureOf(graph: GraphDef): Signature {
  const nodes = [...graph.nodes.values()];
  const taken = new Set(nodes.flatMap(({ inputs }) => inputs.map(sourceOf)));
  const outputs = nodes
    .filter(({ name, op }) => !taken.has(name) && !silent.has(op))
    .flatMap((node) => Array.from({ length: answerCount(node, graph) }, (_, index) => portOf(node.name, index)));
  if (outputs.length === 0) {
    throw new WasiNNError(
      'invalid-encoding',
      'load: the TensorFlow graph has no outputs: a frozen graph with at least one node that computes was expected',
    );
  }
  return { inputs: inputsOf(nodes.filter(({ name }) => taken.has(name))).map(({ name }) => portOf(name, 0)), outputs };
}

/** Placeholders; those with a default value only where there are no others. */
function inputsOf(nodes: readonly NodeDef[]): readonly NodeDef[] {
  const inputs = nodes.filter(({ op }) => op === 'Placeholder');
  return inputs.length > 0 ? inputs : nodes.filter(({ op }) => op === 'PlaceholderWithDefault');
}

/** TensorFlow calls the first output of `node` both `node` and `node:0`. */
function portOf(node: string, index: number): Port {
  const reference = `${node}:${index}`;
  return index === 0 ? { name: node, aliases: [reference], reference } : { name: reference, aliases: [], reference };
}

function sourceOf(input: string): string {
  return readReference(input)?.node ?? input.slice(1);
}

function answerCount(node: NodeDef, { functions }: GraphDef): number {
  if (node.op === 'Split') return boundedCount(integerAttribute(node, 'num_split', 1));
  if (node.op === 'SplitV') return boundedCount(integerAttribute(node, 'num_split', 1));
  if (node.op === 'Unpack') return boundedCount(integerAttribute(node, 'num', 1));
  if (node.op === 'IdentityN') return node.inputs.filter((input) => !input.startsWith('^')).length;
  if (node.attributes.has('f')) return functions.get(functionAttribute(node, 'f'))?.outputs.length ?? 1;
  return answers.get(node.op) ?? 1;
}

function boundedCount(count: number): number {
  return Math.min(Math.max(count, 1), 1024);
}
