import { quote } from '../../standard/error.js';
import type { NodeDef } from './graph-def.js';
import { damaged } from './message.js';

/** An output of a node, as another node names it. */
export interface Reference {
  readonly node: string;
  /** The name of the output; undefined in a graph, whose references have indexes only. */
  readonly output: string | undefined;
  readonly index: number;
}

/**
 * What an input names: `node` or `node:index` in a graph; `argument` or `node:output:index` in a function. Undefined for
 * one that only says what comes before.
 */
export function readReference(text: string): Reference | undefined {
  if (text.startsWith('^')) return undefined;
  const [node = '', second, third] = text.split(':');
  if (second === undefined) return { node, output: undefined, index: 0 };
  if (third !== undefined) return { node, output: second, index: indexOf(third, text) };
  return /^\d+$/.test(second)
    ? { node, output: undefined, index: indexOf(second, text) }
    : { node, output: second, index: 0 };
}

/** The names of the outputs of operators that have several; of the others the index says all. */
const outputNames: ReadonlyMap<string, readonly string[]> = new Map([
  ['FusedBatchNorm', ['y', 'batch_mean', 'batch_variance']],
  ['FusedBatchNormV2', ['y', 'batch_mean', 'batch_variance']],
  ['FusedBatchNormV3', ['y', 'batch_mean', 'batch_variance']],
  ['_FusedBatchNormEx', ['y', 'batch_mean', 'batch_variance']],
  ['NonMaxSuppressionV4', ['selected_indices', 'valid_outputs']],
  ['NonMaxSuppressionV5', ['selected_indices', 'selected_scores', 'valid_outputs']],
  ['TensorListPopBack', ['output_handle', 'tensor']],
  ['TopKV2', ['values', 'indices']],
]);

/** Which of the outputs of its node a reference is to. */
export function outputIndex(op: string, { output, index }: Reference): number {
  const names = output === undefined ? undefined : outputNames.get(op);
  const first = names?.indexOf(output ?? '') ?? 0;
  return Math.max(first, 0) + index;
}

/**
 * The nodes that results depend on, each behind those whose outputs it takes.
 *
 * @param isGiven whether the name is an argument, which no node makes
 * @throws WasiNNError `invalid-encoding` for a graph that goes in a circle, and for an input that no node makes
 */
export function computationOrder(
  nodes: ReadonlyMap<string, NodeDef>,
  results: readonly string[],
  isGiven: (name: string) => boolean,
): NodeDef[] {
  const order: NodeDef[] = [];
  const states = new Map<string, 'begun' | 'done'>();
  const path: { readonly node: NodeDef; next: number }[] = [];

  const begin = (name: string, user: string) => {
    const node = nodes.get(name);
    if (!node) throw damaged(`${user} takes an output of the node ${quote(name)}, which does not exist`);
    states.set(name, 'begun');
    path.push({ node, next: 0 });
  };
  const visit = (reference: string, user: string) => {
    const name = readReference(reference)?.node;
    if (name === undefined || isGiven(name) || states.get(name) === 'done') return;
    if (states.has(name)) throw damaged(`the node ${quote(name)} depends on its own output`);
    begin(name, user);
  };

  for (const result of results) {
    visit(result, 'a result');
    for (let last = path.at(-1); last; last = path.at(-1)) {
      const inputText = last.node.inputs[last.next++];
      if (inputText !== undefined) {
        visit(inputText, `the node ${quote(last.node.name)}`);
        continue;
      }
      states.set(last.node.name, 'done');
      order.push(last.node);
      path.pop();
    }
  }
  return order;
}

function indexOf(text: string, reference: string): number {
  const index = Number(text);
  if (Number.isInteger(index) && index >= 0 && index < 65_536) return index;
  throw damaged(`an input of a node is ${quote(reference)}, which names no output`);
}
