import { cast } from '../../onnx/casts.js';
import { constantOf, int64s } from '../../onnx/constants.js';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.js';
import { subgraph } from '../../onnx/model.js';
import { arithmetic, filled, lengthOf, reshape, transpose, unsqueeze } from '../../onnx/operations.js';
import { isStatic } from '../../onnx/shapes.js';
import { UnsupportedVariant } from '../../unsupported.js';
import type { Body, PortMapping } from '../ir.js';
import type { Converter, LayerContext } from '../layer-context.js';

export const controlFlow: Readonly<Record<string, Converter>> = {
  If: branch,
  Loop: (layer) => {
    const count = layer.inputs[0]?.constant ? layer.constantInteger(0) : undefined;
    const trips =
      count !== undefined && count < 0 ? undefined : scalarOf(layer, cast(layer.graph, layer.input(0), 'int64'));
    return loop(layer, trips, layer.input(1));
  },
  TensorIterator: (layer) => loop(layer, tripCount(layer), undefined),
};

function bodyOf(layer: LayerContext, name: string): Body {
  const body = layer.layer.bodies.get(name);
  if (!body) throw layer.invalid(`lacks its ${name}`);
  return body;
}

/** What the layer gets at the port that a mapping names. */
function outer(layer: LayerContext, { port }: PortMapping): Value {
  const index = layer.layer.inputs.findIndex(({ id }) => id === port);
  if (index < 0) throw layer.invalid(`has no input port ${JSON.stringify(port.slice(0, 20))}, which its body names`);
  return layer.input(index);
}

function branch(layer: LayerContext): Value[] {
  const { graph } = layer;
  const graphs = ['then', 'else'].map((name) => {
    const body = bodyOf(layer, `${name}_body`);
    const inner = graph.subgraph(name);
    const given = new Map(body.inputs.map((mapping) => [mapping.layer, outer(layer, mapping)]));
    const results = layer.convertBody(body, inner, given);
    for (const { id } of layer.layer.outputs) {
      const mapping = body.outputs.find(({ port }) => port === id);
      addResult(inner, results.get(mapping?.layer ?? ''), undefined);
    }
    return subgraph(inner.build());
  });
  const attributes = { then_branch: graphs[0], else_branch: graphs[1] };
  return graph.addMultiple('If', [scalarOf(layer, layer.input(0))], layer.layer.outputs, { attributes });
}

function addResult(inner: GraphBuilder, value: Value | undefined, type: Value['type']): void {
  const known = value?.type ?? type;
  if (!value || !known) throw new UnsupportedVariant('its body has a result that is not known');
  inner.output(inner.freshName(), value, known, undefined);
}

/** A value that goes from one iteration to the next. */
interface Carried {
  readonly initial: Value;
  /** The `Parameter` that has it in the body, if any reads it. */
  readonly parameter: string | undefined;
  readonly result: string;
}

/**
 * ONNX's loop carries values from one iteration to the next, and stacks others. Parts of an input are cut out in the body;
 * what does not change is seen from the body without being handed in.
 */
function loop(layer: LayerContext, trips: Value | undefined, condition: Value | undefined): Value[] {
  const { graph } = layer;
  const body = bodyOf(layer, 'body');
  const inner = graph.subgraph('body');
  const iteration = inner.input(inner.freshName(), 'int64', []);
  const goesOn = inner.input(inner.freshName(), 'bool', []);
  const carried = carriedOf(layer, body);
  const stacked = body.outputs.filter(({ axis, purpose }) => axis !== undefined && purpose === '');

  const given = new Map<string, Value>();
  for (const mapping of body.inputs) given.set(mapping.layer, invariantOf(layer, inner, mapping, iteration));
  for (const { parameter, initial } of carried) {
    const type = initial.type ?? 'float32';
    const value = inner.input(inner.freshName(), type, undefined);
    if (parameter !== undefined) given.set(parameter, { ...value, shape: initial.shape });
  }
  const results = layer.convertBody(body, inner, given);
  const ending = body.outputs.find(({ purpose }) => purpose === 'execution_condition');
  const next = ending && results.get(ending.layer);
  addResult(inner, next ? scalarIn(inner, next) : goesOn, 'bool');
  for (const { result } of carried) addResult(inner, results.get(result), undefined);
  for (const { layer: result } of stacked) addResult(inner, results.get(result), undefined);

  const start = condition ? scalarOf(layer, condition) : constantOf(graph, 'bool', [1], []);
  const inputs = [trips, start, ...carried.map(({ initial }) => initial)];
  const known = [...carried.map(({ result }) => result), ...stacked.map((mapping) => mapping.layer)];
  const types = known.map((result) => ({ type: results.get(result)?.type }));
  const values = graph.addMultiple('Loop', inputs, types, { attributes: { body: subgraph(inner.build()) } });
  return layer.layer.outputs.map(({ id }) => {
    const mapping = body.outputs.find(({ port }) => port === id);
    const place =
      mapping?.axis === undefined
        ? carried.findIndex(({ result }) => result === mapping?.layer)
        : carried.length + stacked.indexOf(mapping);
    const value = values[place];
    if (!mapping || !value) throw layer.invalid(`has the output port ${id} that its body does not fill`);
    const shape = results.get(mapping.layer)?.shape;
    return mapping.axis === undefined ? value : joined(layer, value, mapping, shape);
  });
}

function carriedOf(layer: LayerContext, body: Body): Carried[] {
  const carried: Carried[] = [...body.backEdges].map(([result, parameter]) => {
    const mapping = body.inputs.find((input) => input.layer === parameter);
    if (!mapping) throw layer.invalid('has a value that goes from one iteration to the next, but none for the first');
    return { initial: outer(layer, mapping), parameter, result };
  });
  for (const { axis, purpose, layer: result, port } of body.outputs) {
    if (axis !== undefined || purpose !== '' || body.backEdges.has(result)) continue;
    carried.push({ initial: placeholder(layer, port), parameter: undefined, result });
  }
  return carried;
}

/** ONNX hands out of a loop only what it carries: what no iteration reads begins as zeros. */
function placeholder(layer: LayerContext, port: string): Value {
  const output = layer.layer.outputs.find(({ id }) => id === port);
  if (!output?.type || !isStatic(output.shape))
    throw new UnsupportedVariant('a result of its last iteration has open lengths');
  return filled(layer.graph, output.type, 0, output.shape);
}

/** What the body sees of an input that it does not carry on: all of it, a part of it, or the number of the iteration. */
function invariantOf(layer: LayerContext, inner: GraphBuilder, mapping: PortMapping, iteration: Value): Value {
  if (mapping.purpose === 'current_iteration') {
    const parameter = bodyOf(layer, 'body').network.layers.find(({ id }) => id === mapping.layer);
    const port = parameter?.outputs[0];
    const typed = cast(inner, iteration, port?.type ?? 'int64');
    return port && port.shape.length === 1 ? reshape(inner, typed, [1]) : typed;
  }
  const value = outer(layer, mapping);
  const { axis, stride, partSize, start } = mapping;
  if (axis === undefined) return value;
  const at = axis < 0 ? axis + layer.rank(layer.inputs.indexOf(value)) : axis;
  const length = lengthOf(layer.graph, value, at);
  const first =
    stride > 0 ? int64s(inner, [start]) : arithmetic(inner, 'Add', length, int64s(inner, [start - partSize + 1]));
  const offset = arithmetic(inner, 'Mul', unsqueeze(inner, iteration, [0]), int64s(inner, [stride]));
  const begin = arithmetic(inner, 'Add', first, offset);
  const end = arithmetic(inner, 'Add', begin, int64s(inner, [partSize]));
  const shape = value.shape?.map((old, index) => (index === at ? partSize : old));
  return inner.add('Slice', [value, begin, end, int64s(inner, [at])], { type: value.type, shape });
}

/** As many iterations as the first input that is cut has parts. */
function tripCount(layer: LayerContext): Value {
  const { graph } = layer;
  const body = bodyOf(layer, 'body');
  const cut = body.inputs.find(({ axis }) => axis !== undefined);
  if (!cut) return countOfOutputs(layer, body);
  const { start, end, stride, axis = 0 } = cut;
  const length = lengthOf(graph, outer(layer, cut), axis);
  const place = (at: number) =>
    at >= 0 ? int64s(graph, [at]) : arithmetic(graph, 'Add', length, int64s(graph, [at + 1]));
  const [low, high] = stride > 0 ? [start, end] : [end, start];
  const span = arithmetic(graph, 'Sub', place(high), place(low));
  return scalarOf(layer, arithmetic(graph, 'Div', span, int64s(graph, [Math.abs(stride)])));
}

/** Without parts to cut, the count follows from the length of what is joined. */
function countOfOutputs(layer: LayerContext, body: Body): Value {
  const stacked = body.outputs.find(({ axis }) => axis !== undefined);
  const port = layer.layer.outputs.find(({ id }) => id === stacked?.port);
  const length = port?.shape[stacked?.axis ?? 0];
  if (!stacked || typeof length !== 'number') throw new UnsupportedVariant('its number of iterations is not fixed');
  return int64s(layer.graph, [Math.floor(length / stacked.partSize)], []);
}

/** [iterations, …] to the parts behind one another on their axis; backwards where the stride is. */
function joined(
  layer: LayerContext,
  value: Value,
  { axis = 0, stride, partSize }: PortMapping,
  part: Value['shape'],
): Value {
  const { graph } = layer;
  if (!part) throw new UnsupportedVariant('the number of axes of a result that is joined is not fixed');
  const rank = part.length;
  const at = axis < 0 ? axis + rank : axis;
  const inOrder = stride > 0 ? value : reversed(graph, value);
  const order = Array.from({ length: rank }, (_, index) => index + 1);
  const moved = transpose(graph, inOrder, [...order.slice(0, at), 0, ...order.slice(at)]);
  const lengths = part.map((length, index) => (index === at ? partSize : length));
  const shape = lengths.map((length, index) => (index === at ? -1 : length));
  if (shape.filter((length) => typeof length !== 'number').length > 0)
    throw new UnsupportedVariant('a result that is joined has open lengths');
  return reshape(graph, moved, shape.map(Number));
}

function reversed(graph: GraphBuilder, value: Value): Value {
  const inputs = [value, int64s(graph, [-1]), int64s(graph, [-(2 ** 53 - 1)]), int64s(graph, [0]), int64s(graph, [-1])];
  return graph.add('Slice', inputs, { type: value.type });
}

function scalarOf(layer: LayerContext, value: Value): Value {
  return scalarIn(layer.graph, value);
}

function scalarIn(graph: GraphBuilder, value: Value): Value {
  return value.shape?.length === 0 ? value : reshape(graph, value, []);
}
