import { cast } from '../../onnx/casts.js';
import type { Value } from '../../onnx/graph-builder.js';
import { type Graph, subgraph } from '../../onnx/model.js';
import { reshape } from '../../onnx/operations.js';
import { withoutUnused } from '../../onnx/unused.js';
import { functionAttribute } from '../attributes.js';
import { convertLoop } from '../loop.js';
import { type Converter, elementsOf, type Item, input, type Operation, tensorOf, typeOf } from '../operation.js';

/** Loops that go round so often at most, and whose end is known, are written out: not all devices have loops. */
const mostRounds = 256;

function branch(operation: Operation): readonly Item[] {
  const { graph, conversion } = operation;
  const condition = input(operation, 0);
  const inputs = operation.inputs.slice(1);
  const [isTrue] = elementsOf(conversion, condition) ?? [];
  if (typeof isTrue === 'number') {
    const chosen = isTrue === 0 ? 'else_branch' : 'then_branch';
    return conversion.call(functionAttribute(operation, chosen), inputs, graph);
  }
  const [yes, no] = ['then_branch', 'else_branch'].map((key) => branchBody(operation, key, inputs));
  if (!yes || !no) throw new RangeError('there are two branches');
  const results = yes.values.map((value, index) => {
    const other = no.values[index]?.shape;
    const isAlike = value.shape?.length === other?.length;
    const shape = isAlike ? value.shape?.map((length, axis) => (length === other?.[axis] ? length : '?')) : undefined;
    return { type: value.type, shape };
  });
  const attributes = { then_branch: subgraph(yes.graph), else_branch: subgraph(no.graph) };
  return graph.addMultiple('If', [reshape(graph, cast(graph, condition, 'bool'), [])], results, { attributes });
}

function branchBody(
  operation: Operation,
  key: string,
  inputs: readonly Item[],
): { readonly graph: Graph; readonly values: readonly Value[] } {
  const body = operation.graph.subgraph(key);
  const values = operation.conversion.call(functionAttribute(operation, key), inputs, body).map(tensorOf);
  for (const value of values) body.output(body.freshName(), value, typeOf(value), undefined);
  return { graph: withoutUnused(body.build()), values };
}

function loop(operation: Operation): readonly Item[] {
  return unroll(operation) ?? convertLoop(operation);
}

/** Undefined where it is not known how often the loop goes round, or where that is too often. */
function unroll(operation: Operation): readonly Item[] | undefined {
  const { conversion, graph } = operation;
  let items = operation.inputs;
  for (let round = 0; round <= mostRounds; round++) {
    const [condition] = conversion.call(functionAttribute(operation, 'cond'), items, graph);
    const [isTrue] = (condition && elementsOf(conversion, tensorOf(condition))) ?? [];
    if (typeof isTrue !== 'number') return undefined;
    if (isTrue === 0) return items;
    items = conversion.call(functionAttribute(operation, 'body'), items, graph);
  }
  return undefined;
}

export const controlFlow: Readonly<Record<string, Converter>> = {
  If: branch,
  StatelessIf: branch,
  StatelessWhile: loop,
  While: loop,
};
