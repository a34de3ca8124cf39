import type { UnsupportedOperators } from '../unsupported.js';
import { functionAttribute } from './attributes.js';
import { folders } from './fold.js';
import type { FunctionLibrary, GraphDef, NodeDef } from './graph-def.js';
import { operators } from './operators/table.js';
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
 * Looks up the operators of all nodes that results depend on, also of those in functions, and adds those that cannot be
 * converted. The graph may have circles.
 *
 * @param given the nodes that are not converted: inputs and variables
 */
export function findUnsupported(
  { nodes, functions }: GraphDef,
  results: readonly string[],
  given: ReadonlySet<string>,
  unsupported: UnsupportedOperators,
): void {
  const called = new Set<string>();
  visitReachable(nodes, results, (node) => {
    if (!given.has(node.name)) look(node, functions, called, unsupported);
  });
  // The set grows while it is gone through.
  for (const name of called) {
    const definition = functions.get(name);
    if (!definition) continue;
    visitReachable(definition.nodes, definition.outputs, (node) => look(node, functions, called, unsupported));
  }
}

function look(node: NodeDef, functions: FunctionLibrary, called: Set<string>, unsupported: UnsupportedOperators): void {
  for (const key of callingAttributes) if (node.attributes.has(key)) called.add(functionAttribute(node, key));
  if (operators.has(node.op) || folders.has(node.op)) return;
  if (functions.has(node.op)) called.add(node.op);
  else unsupported.add(node.op, node.name, oldControlFlow.has(node.op) ? 'control flow of TensorFlow 1' : undefined);
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
