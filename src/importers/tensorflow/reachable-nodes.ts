import type { UnsupportedOperators } from '../unsupported.js';
import { functionAttribute } from './attributes.js';
import type { FunctionLibrary, GraphDef, NodeDef } from './graph-def.js';
import type { Operators } from './operators/index.js';
import { readReference } from './order.js';

/** The operators with which TensorFlow 1 built loops and branches into a graph. */
const oldControlFlow: ReadonlySet<string> = new Set([
  'Enter',
  'Exit',
  'LoopCond',
  'Merge',
  'NextIteration',
  'RefEnter',
  'RefExit',
  'RefMerge',
  'RefNextIteration',
  'RefSwitch',
  'Switch',
]);

/** The attributes that name functions which a node calls. */
const callingAttributes = ['f', 'then_branch', 'else_branch', 'cond', 'body'];

/**
 * The nodes that results depend on, also those in the functions that these call. The graph may have circles.
 *
 * @param given the nodes that are not converted: inputs and variables
 */
export function reachableNodes(
  { nodes, functions }: GraphDef,
  results: readonly string[],
  given: ReadonlySet<string>,
): NodeDef[] {
  const reachable: NodeDef[] = [];
  const called = new Set<string>();
  const add = (node: NodeDef): void => {
    reachable.push(node);
    for (const key of callingAttributes) if (node.attributes.has(key)) called.add(functionAttribute(node, key));
    if (functions.has(node.op)) called.add(node.op);
  };
  visitReachable(nodes, results, (node) => {
    if (!given.has(node.name)) add(node);
  });
  // The set grows while it is gone through.
  for (const name of called) {
    const definition = functions.get(name);
    if (definition) visitReachable(definition.nodes, definition.outputs, add);
  }
  return reachable;
}

/** Adds the nodes whose operators cannot be converted. */
export function addUnsupported(
  nodes: readonly NodeDef[],
  functions: FunctionLibrary,
  { converters, folders }: Operators,
  unsupported: UnsupportedOperators,
): void {
  for (const { name, op } of nodes) {
    if (converters.has(op) || folders.has(op) || functions.has(op)) continue;
    unsupported.add(op, name, oldControlFlow.has(op) ? 'control flow of TensorFlow 1' : undefined);
  }
}

function visitReachable(
  nodes: ReadonlyMap<string, NodeDef>,
  results: readonly string[],
  visit: (node: NodeDef) => void,
): void {
  const reached = new Set<string>();
  for (const result of results) reached.add(readReference(result)?.node ?? '');
  // The set grows while it is gone through.
  for (const name of reached) {
    const node = nodes.get(name);
    if (!node) continue;
    visit(node);
    for (const input of node.inputs) {
      const source = readReference(input)?.node;
      if (source !== undefined) reached.add(source);
    }
  }
}
