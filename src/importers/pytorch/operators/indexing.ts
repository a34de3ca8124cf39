import { type Operator, operator, variant } from '../operator.js';
import { Tensor } from '../tensor.js';
import { axisOf, broadcastShapes, mismatch, type TensorGraph } from '../tensor-graph.js';
import type { PythonValue } from '../values.js';
import { choose } from './comparisons.js';
import { eachOf } from './elementwise.js';
import { operand } from './promotion.js';
import { axesOf, sliceBounds } from './shapes.js';

/** Indexes as ONNX takes them. */
function indexesOf(graph: TensorGraph, x: Tensor): Tensor {
  if (x.type === 'bool' || x.type === 'uint8')
    throw variant('a mask as an index: the shape would depend on its values');
  return x.type === 'int32' ? x : graph.cast(x, 'int64');
}

function gatherAxis(graph: TensorGraph, x: Tensor, axis: number, indexes: Tensor): Tensor {
  const shape = [...x.shape.slice(0, axis), ...indexes.shape, ...x.shape.slice(axis + 1)];
  return graph.add('Gather', [x, indexesOf(graph, indexes)], { type: x.type, shape }, { axis });
}

/** `x[:, index, ...]`: one tensor of indexes for some axes. */
const index: Operator = operator('self indices', (graph, call) => {
  const x = call.tensor('self');
  const indices = call.value('indices');
  const given: readonly PythonValue[] = Array.isArray(indices) ? indices : [indices];
  const axes = given.flatMap((value, axis) => (value instanceof Tensor ? [axis] : []));
  const tensors = given.filter((value) => value instanceof Tensor);
  const [first] = tensors;
  const [axis = 0] = axes;
  if (!first) return x;
  if (tensors.length === 1) return gatherAxis(graph, x, axis, first);
  if (axes.some((each, position) => each !== axis + position)) throw variant('indexes for axes that are apart');
  return gatherPoints(graph, x, axis, tensors);
});

/** Several tensors of indexes for axes side by side: together they point at places. */
function gatherPoints(graph: TensorGraph, x: Tensor, axis: number, tensors: readonly Tensor[]): Tensor {
  const shape = tensors.reduce<readonly number[]>((result, tensor) => broadcastShapes(result, tensor.shape), []);
  const points = graph.concat(
    tensors.map((tensor) => {
      const indexes = graph.cast(indexesOf(graph, tensor), 'int64');
      return graph.unsqueeze(graph.expand(indexes, shape), [shape.length]);
    }),
    shape.length,
  );
  const indexed = axesOf(x).slice(axis, axis + tensors.length);
  const rest = axesOf(x).filter((each) => !indexed.includes(each));
  const source = graph.transpose(x, [...indexed, ...rest]);
  const result = [...shape, ...rest.map((each) => x.shape[each] ?? 1)];
  const gathered = graph.add('GatherND', [source, points], { type: x.type, shape: result });
  // The new axes stand where the indexed ones were.
  const order = result.map((_, each) => each);
  const moved = order.splice(shape.length, axis);
  return graph.transpose(gathered, [...moved, ...order]);
}

const embedding: Operator = operator('weight indices', (graph, call) =>
  gatherAxis(graph, call.tensor('weight'), 0, call.tensor('indices')),
);

const indexSelect: Operator = operator('self dim index', (graph, call) => {
  const x = call.tensor('self');
  const axis = axisOf(call.integer('dim'), x.rank);
  return gatherAxis(graph, x, axis, graph.reshape(call.tensor('index'), [-1]));
});

const gather: Operator = operator('self dim index|indices', (graph, call) => {
  const x = call.tensor('self');
  const indexes = indexesOf(graph, call.tensor('index'));
  const axis = axisOf(call.integer('dim'), x.rank);
  return graph.add('GatherElements', [x, indexes], { type: x.type, shape: indexes.shape }, { axis });
});

function scatter(reduction?: string): Operator {
  return operator('self dim index src|value', (graph, call) => {
    const x = call.tensor('self');
    const indexes = indexesOf(graph, call.tensor('index'));
    const updates = operand(graph, call.value('src'), x.type);
    const axis = axisOf(call.integer('dim'), x.rank);
    const source = updates.rank === 0 ? graph.expand(updates, indexes.shape) : updates;
    return graph.add('ScatterElements', [x, indexes, source], x, { axis, reduction });
  });
}

/** What an export has in place of a write to a part of a tensor. */
const sliceScatter: Operator = operator('self src dim start end step', (graph, call) => {
  const x = call.tensor('self');
  const axis = axisOf(call.integer('dim', 0), x.rank);
  if (call.integer('step', 1) !== 1) throw variant('a step');
  const [start, end] = sliceBounds(call, x.shape[axis] ?? 0);
  return replaceRange(graph, x, call.tensor('src'), axis, start, end);
});

const selectScatter: Operator = operator('self src dim index', (graph, call) => {
  const x = call.tensor('self');
  const axis = axisOf(call.integer('dim'), x.rank);
  const given = call.integer('index');
  const at = given < 0 ? given + (x.shape[axis] ?? 0) : given;
  return replaceRange(graph, x, graph.unsqueeze(call.tensor('src'), [axis]), axis, at, at + 1);
});

function replaceRange(graph: TensorGraph, x: Tensor, source: Tensor, axis: number, start: number, end: number): Tensor {
  const shape = x.shape.map((length, each) => (each === axis ? end - start : length));
  return graph.replaceRange(x, graph.expand(source, shape), axis, start);
}

/** `x[mask] = number`. Writes to places that indexes say are rare, and not converted. */
const indexPut: Operator = operator('self indices values accumulate', (graph, call) => {
  const x = call.tensor('self');
  const indices = call.value('indices');
  const [mask, ...others] = Array.isArray(indices) ? indices : [];
  const value = call.tensor('values');
  if (!(mask instanceof Tensor) || mask.type !== 'bool' || others.length > 0 || value.size !== 1) {
    throw variant('other than one number for a mask');
  }
  const shape = [...mask.shape, ...new Array<number>(Math.max(0, x.rank - mask.rank)).fill(1)];
  return choose(graph, graph.reshape(mask, shape), graph.reshape(graph.cast(value, x.type), []), x);
});

/** The largest or smallest elements of an axis, in order, and where they are. */
function topK(graph: TensorGraph, x: Tensor, axis: number, count: number, largest: boolean): Tensor[] {
  if (count > (x.shape[axis] ?? 1)) throw mismatch(`the ${count} largest of ${x.shape[axis]} elements are asked for`);
  const shape = x.shape.map((length, each) => (each === axis ? count : length));
  const results = [
    { type: x.type, shape },
    { type: 'int64' as const, shape },
  ];
  return graph.addMultiple('TopK', [x, graph.int64s([count])], results, { axis, largest: largest ? 1 : 0, sorted: 1 });
}

const sort: Operator = operator('self dim descending', (graph, call) => {
  const x = call.tensor('self');
  const axis = axisOf(call.integer('dim', -1), x.rank);
  return topK(graph, x, axis, x.shape[axis] ?? 1, call.flag('descending'));
});

function arg(onnx: string): Operator {
  return operator('self dim keepdim', (graph, call) => {
    const all = !call.has('dim');
    const x = all ? graph.reshape(call.tensor('self'), [-1]) : call.tensor('self');
    const axis = axisOf(call.integer('dim', 0), x.rank);
    const keep = !all && call.flag('keepdim');
    const shape = x.shape.flatMap((length, each) => (each === axis ? (keep ? [1] : []) : [length]));
    return graph.add(onnx, [x], { type: 'int64', shape }, { axis, keepdims: keep ? 1 : 0 });
  });
}

function triangle(upper: number): Operator {
  return operator('self diagonal', (graph, call) =>
    graph.add('Trilu', [call.tensor('self'), graph.scalar('int64', call.integer('diagonal', 0))], call.tensor('self'), {
      upper,
    }),
  );
}

const meshgrid: Operator = operator('tensors indexing', (graph, call) => {
  const tensors = call.tensors('tensors').map((tensor) => graph.reshape(tensor, [-1]));
  const columnsFirst = call.text('indexing', 'ij') === 'xy' && tensors.length > 1;
  const place = (position: number) => (columnsFirst && position < 2 ? 1 - position : position);
  const shape = tensors.map((_, position) => tensors[place(position)]?.size ?? 1);
  return tensors.map((tensor, position) => {
    const line = shape.map((_, axis) => (axis === place(position) ? tensor.size : 1));
    return graph.expand(graph.reshape(tensor, line), shape);
  });
});

const oneHot: Operator = operator('self num_classes', (graph, call) => {
  const x = call.tensor('self');
  const classes = call.integer('num_classes', -1);
  if (classes < 0) throw variant('no number of classes: the shape would depend on the values');
  const inputs = [x, graph.scalar('int64', classes), graph.numbers('int64', [0, 1], [2])];
  return graph.add('OneHot', inputs, { type: 'int64', shape: [...x.shape, classes] }, { axis: -1 });
});

export const indexingOperators: Record<string, Operator> = {
  index,
  index_put: indexPut,
  embedding,
  index_select: indexSelect,
  gather,
  take_along_dim: operator('self index|indices dim', gather.convert),
  scatter: scatter(),
  scatter_add: scatter('add'),
  slice_scatter: sliceScatter,
  select_scatter: selectScatter,
  topk: operator('self k dim largest', (graph, call) => {
    const x = call.tensor('self');
    const axis = axisOf(call.integer('dim', -1), x.rank);
    return topK(graph, x, axis, call.integer('k'), call.flag('largest', true));
  }),
  sort,
  argsort: operator('self dim descending', (graph, call) => {
    const sorted = sort.convert(graph, call);
    return Array.isArray(sorted) ? sorted[1] : null;
  }),
  ...eachOf({ argmax: 'ArgMax', argmin: 'ArgMin' }, arg),
  tril: triangle(0),
  triu: triangle(1),
  cumsum: operator('self dim', (graph, call) => {
    const x = call.tensor('self');
    const sums = x.type === 'bool' ? graph.cast(x, 'int64') : x;
    return graph.add('CumSum', [sums, graph.scalar('int64', axisOf(call.integer('dim'), x.rank))], sums);
  }),
  meshgrid,
  one_hot: oneHot,
};
