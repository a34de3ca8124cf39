import { cast } from '../onnx/casts.js';
import type { GraphBuilder, Value } from '../onnx/graph-builder.js';
import { type Shape, subgraph } from '../onnx/model.js';
import { reshape, slice } from '../onnx/operations.js';
import { withoutUnused } from '../onnx/unused.js';
import { UnsupportedVariant } from '../unsupported.js';
import { functionAttribute } from './attributes.js';
import { elementsOf, type Item, type Operation, tensorOf, typeOf } from './operation.js';
import type { TensorList, WrittenElement } from './tensor-list.js';

// Loops that end when the model is computed become ONNX's `Loop`. Its state are tensors. What does not change from round
// to round is no state, so that operators inside still know it; and lists are no state either: what each round writes is
// stacked by `Loop` itself.

/** One variable of the loop. */
interface Variable {
  readonly initial: Item;
  /** Whether it is the same in each round. */
  readonly isFixed: boolean;
  /** What is known of its shape in all rounds. */
  readonly shape: Shape | undefined;
}

/** The body of the loop, converted. */
interface Body {
  readonly graph: GraphBuilder;
  /** What each variable is in a round. */
  readonly before: readonly Item[];
  /** What it is in the next. */
  readonly after: readonly Item[];
}

/**
 * Converts a `While` into a `Loop`.
 *
 * @throws UnsupportedVariant for a list that is not written from its beginning on, one element in each round
 */
export function convertLoop(operation: Operation): readonly Item[] {
  // The first conversion shows what changes; it is thrown away.
  const first = operation.inputs.map((initial): Variable => ({ initial, isFixed: false, shape: shapeOf(initial) }));
  const trial = convertBody(operation, first);
  const variables = first.map(({ initial }, index) => settle(initial, trial.before[index], trial.after[index]));
  const body = convertBody(operation, variables);
  return addLoop(operation, variables, body);
}

function shapeOf(item: Item): Shape | undefined {
  return 'kind' in item ? undefined : item.shape;
}

function settle(initial: Item, before: Item | undefined, after: Item | undefined): Variable {
  if (before === after || (after && 'kind' in after && after.kind !== 'list')) {
    return { initial, isFixed: true, shape: shapeOf(initial) };
  }
  const shape = shapeOf(initial);
  const next = after && shapeOf(after);
  const isAlike = shape && next && shape.length === next.length;
  const common = isAlike ? shape.map((length, axis) => (length === next[axis] ? length : '?')) : undefined;
  return { initial, isFixed: false, shape: common };
}

function convertBody(operation: Operation, variables: readonly Variable[]): Body {
  const { conversion } = operation;
  const graph = operation.graph.subgraph('body');
  graph.input(graph.freshName('round'), 'int64', []);
  graph.input(graph.freshName('condition'), 'bool', []);
  const before = variables.map(({ initial, isFixed, shape }): Item => {
    if (isFixed) return initial;
    if (!('kind' in initial)) return graph.input(graph.freshName('state'), typeOf(initial), shape);
    return initial.kind === 'list' && initial.content.is === 'elements' ? loopState : initial;
  });
  return { graph, before, after: conversion.call(functionAttribute(operation, 'body'), before, graph) };
}

const loopState: TensorList = { kind: 'list', content: { is: 'loop state' } };

function addLoop(operation: Operation, variables: readonly Variable[], body: Body): readonly Item[] {
  const { conversion, graph } = operation;
  const changing = variables.flatMap((variable, index) => (variable.isFixed ? [] : [{ ...variable, index }]));
  const states = changing.flatMap(({ initial, index, shape }) =>
    'kind' in initial ? [] : [{ index, initial, shape, value: tensorOf(body.after[index] ?? initial) }],
  );
  const lists = changing.flatMap(({ initial, index }) =>
    'kind' in initial ? [{ index, written: writtenIn(operation, variables, body, index) }] : [],
  );

  const cond = functionAttribute(operation, 'cond');
  const goesOn = asCondition(body.graph, conversion.call(cond, body.after, body.graph)[0]);
  const begins = asCondition(graph, conversion.call(cond, operation.inputs, graph)[0]);
  addOutput(body.graph, goesOn);
  for (const { value } of states) addOutput(body.graph, value);
  for (const { written } of lists) addOutput(body.graph, written.value);

  const results = graph.addMultiple(
    'Loop',
    [undefined, begins, ...states.map(({ initial }) => initial)],
    [
      ...states.map(({ value, shape }) => ({ type: value.type, shape })),
      ...lists.map(({ written: { value } }) => ({ type: value.type, shape: value.shape && ['?', ...value.shape] })),
    ],
    { attributes: { body: subgraph(withoutUnused(body.graph.build())) } },
  );
  const outputs: Item[] = [...operation.inputs];
  for (const [at, { index }] of states.entries()) outputs[index] = results[at] ?? outputs[index] ?? loopState;
  for (const [at, { index, written }] of lists.entries()) {
    const stacked = results[states.length + at];
    if (stacked) outputs[index] = listOf(graph, stacked, written.isLastOnly);
  }
  return outputs;
}

function addOutput(graph: GraphBuilder, value: Value): void {
  graph.output(graph.freshName('next'), value, typeOf(value), undefined);
}

function asCondition(graph: GraphBuilder, item: Item | undefined): Value {
  if (!item) throw new UnsupportedVariant('a condition without a result');
  return reshape(graph, cast(graph, tensorOf(item), 'bool'), []);
}

/**
 * What each round writes into a list. The elements that `Loop` stacks are in the order of the rounds, so they have to be
 * written in that order, or all into one place, of which the last stays.
 */
function writtenIn(
  operation: Operation,
  variables: readonly Variable[],
  body: Body,
  index: number,
): WrittenElement & { readonly isLastOnly: boolean } {
  const item = body.after[index];
  const written =
    item && 'kind' in item && item.kind === 'list' && item.content.is === 'loop state'
      ? item.content.written
      : undefined;
  if (!written) throw new UnsupportedVariant('a list that a round of a loop does not write an element into');
  const place = elementsOf(operation.conversion, written.index)?.[0];
  if (place === 0) return { ...written, isLastOnly: true };
  const counter = body.before.indexOf(written.index);
  const initial = variables[counter]?.initial;
  const start = initial && !('kind' in initial) ? elementsOf(operation.conversion, initial)?.[0] : undefined;
  const next = body.after[counter];
  const isCounting = next && !('kind' in next) && operation.conversion.successors.get(next.name) === written.index.name;
  if (start === 0 && isCounting) return { ...written, isLastOnly: false };
  throw new UnsupportedVariant('a list that a loop does not write from its beginning on, element by element');
}

function listOf(graph: GraphBuilder, stacked: Value, isLastOnly: boolean): TensorList {
  const tensor = isLastOnly ? slice(graph, stacked, 0, -1, 2 ** 31 - 1) : stacked;
  return { kind: 'list', content: { is: 'tensor', tensor } };
}
