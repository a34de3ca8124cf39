import type { Graph, Node } from './model.js';

/**
 * The graph without what its outputs do not depend on. Importers add nodes before they know whether anything needs them.
 * onnxruntime-web traps where WebNN refuses a node, and takes another whose input is that one's and whose output nobody
 * needs.
 */
export function withoutUnused(graph: Graph): Graph {
  const used = new Set(graph.outputs.map(({ name }) => name));
  const nodes: Node[] = [];
  // Nodes stand behind those whose outputs they take.
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((name) => used.has(name))) continue;
    nodes.push(node);
    addInputs(node, used);
  }
  return {
    ...graph,
    nodes: nodes.reverse(),
    initializers: graph.initializers.filter(({ name }) => used.has(name)),
  };
}

/** What a node takes, and what its subgraphs take of the values around them. */
function addInputs(node: Node, used: Set<string>): void {
  for (const name of node.inputs) used.add(name);
  for (const attribute of Object.values(node.attributes)) {
    if (typeof attribute !== 'object' || !('kind' in attribute) || attribute.kind !== 'graph') continue;
    for (const inner of attribute.graph.nodes) addInputs(inner, used);
    for (const { name } of attribute.graph.outputs) used.add(name);
  }
}
