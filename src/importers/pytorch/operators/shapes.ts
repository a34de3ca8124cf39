import type { ElementType } from '../../onnx/element-types.js';
import { type Arguments, type Operator, operator, variant } from '../operator.js';
import { Tensor } from '../tensor.js';
import { axisOf, mismatch, type TensorGraph } from '../tensor-graph.js';
import { type PythonValue, scalarType } from '../values.js';
import { eachOf } from './elementwise.js';

function product(lengths: readonly number[]): number {
  return lengths.reduce((result, length) => result * length, 1);
}

/** The axes of a tensor in their order. */
export function axesOf(x: Tensor): number[] {
  return x.shape.map((_, axis) => axis);
}

/** Exchanges two axes. */
export function exchange(graph: TensorGraph, x: Tensor, one: number, other: number): Tensor {
  const axes = axesOf(x);
  const [left, right] = [axisOf(one, x.rank), axisOf(other, x.rank)];
  if (x.rank > 0) {
    axes[left] = right;
    axes[right] = left;
  }
  return graph.transpose(x, axes);
}

const flatten: Operator = operator('self start_dim end_dim', (graph, call) => {
  const x = call.tensor('self');
  const [start, end] = [axisOf(call.integer('start_dim', 0), x.rank), axisOf(call.integer('end_dim', -1), x.rank)];
  return graph.reshape(x, [
    ...x.shape.slice(0, start),
    product(x.shape.slice(start, end + 1)),
    ...x.shape.slice(end + 1),
  ]);
});

const permute: Operator = operator('self dims', (graph, call) => {
  const x = call.tensor('self');
  const axes = call.integers('dims').map((axis) => axisOf(axis, x.rank));
  if (new Set(axes).size !== x.rank) throw mismatch(`a tensor of ${x.rank} axes is permuted to [${axes}]`);
  return graph.transpose(x, axes);
});

const squeeze: Operator = operator('self dim', (graph, call) => {
  const x = call.tensor('self');
  const axes = call.has('dim') ? call.integers('dim').map((axis) => axisOf(axis, x.rank)) : axesOf(x);
  return graph.reshape(
    x,
    x.shape.filter((length, axis) => length !== 1 || !axes.includes(axis)),
  );
});

/** Lengths of -1 stay as they are. */
export const expand: Operator = operator('self size', (graph, call) => {
  const x = call.tensor('self');
  const wanted = call.integers('size');
  const shape = wanted.map((length, axis) => (length === -1 ? (x.shape[axis - wanted.length + x.rank] ?? 1) : length));
  return graph.expand(x, shape);
});

/** Parts of an axis, by their lengths. */
function cut(graph: TensorGraph, x: Tensor, axis: number, lengths: readonly number[]): Tensor[] {
  if (lengths.some((length) => length < 0) || lengths.reduce((sum, length) => sum + length, 0) !== x.shape[axis]) {
    throw mismatch(`an axis of ${x.shape[axis]} elements is cut into parts of [${lengths.slice(0, 20)}]`);
  }
  let start = 0;
  return lengths.map((length) => {
    start += length;
    return graph.slice(x, axis, start - length, start);
  });
}

/** Parts of one length, and the rest. */
function cutEvenly(graph: TensorGraph, x: Tensor, axis: number, length: number): Tensor[] {
  const whole = x.shape[axis] ?? 0;
  if (!(length > 0)) throw mismatch(`an axis is cut into parts of ${length} elements`);
  const count = Math.max(1, Math.ceil(whole / length));
  const lengths = Array.from({ length: count }, (_, index) => Math.min(length, whole - index * length));
  return cut(graph, x, axis, lengths);
}

export const split: Operator = operator('self split_size|split_sizes dim', (graph, call) => {
  const x = call.tensor('self');
  const axis = axisOf(call.integer('dim', 0), x.rank);
  const size = call.value('split_size');
  return Array.isArray(size)
    ? cut(graph, x, axis, call.integers('split_size'))
    : cutEvenly(graph, x, axis, call.integer('split_size'));
});

export const chunk: Operator = operator('self chunks dim', (graph, call) => {
  const x = call.tensor('self');
  const axis = axisOf(call.integer('dim', 0), x.rank);
  return cutEvenly(graph, x, axis, Math.ceil((x.shape[axis] ?? 0) / call.integer('chunks')));
});

/** Start and end may count from the end, and may lie beyond it. */
const slice: Operator = operator('self dim start end step', (graph, call) => {
  const x = call.tensor('self');
  const axis = axisOf(call.integer('dim', 0), x.rank);
  const [start, end] = sliceBounds(call, x.shape[axis] ?? 0);
  return graph.slice(x, axis, start, end, call.integer('step', 1));
});

export function sliceBounds(call: Arguments, length: number): [start: number, end: number] {
  const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + length : at, 0), length);
  const start = clamp(call.number('start', 0));
  return [start, Math.max(start, clamp(call.number('end', length)))];
}

const select: Operator = operator('self dim index', (graph, call) => {
  const x = call.tensor('self');
  const axis = axisOf(call.integer('dim'), x.rank);
  return graph.select(x, axis, elementOf(call.integer('index'), x.shape[axis] ?? 0));
});

function elementOf(index: number, length: number): number {
  const at = index < 0 ? index + length : index;
  if (at < 0 || at >= length) throw mismatch(`an axis of ${length} elements has no element ${index}`);
  return at;
}

const stack: Operator = operator('tensors dim', (graph, call) => {
  const tensors = call.tensors('tensors');
  const axis = axisOf(call.integer('dim', 0), (tensors[0]?.rank ?? 0) + 1);
  return graph.concat(
    tensors.map((tensor) => graph.unsqueeze(tensor, [axis])),
    axis,
  );
});

/** Empty tensors of one axis are left out, as PyTorch does. */
const cat: Operator = operator('tensors dim', (graph, call) => {
  const all = call.tensors('tensors');
  const tensors = all.filter(({ shape }) => shape.length !== 1 || shape[0] !== 0);
  const parts = tensors.length > 0 ? tensors : all;
  return graph.concat(parts, axisOf(call.integer('dim', 0), parts[0]?.rank ?? 1));
});

/** The type is the first number behind the tensor: a device is text. */
const convertType: Operator = operator('self dtype|other b c', (graph, call) => {
  const x = call.tensor('self');
  const candidates = ['dtype', 'b', 'c'].map((name) => call.value(name));
  const like = candidates.find((value) => value instanceof Tensor);
  const code = candidates.find((value) => typeof value === 'number');
  if (like instanceof Tensor) return graph.cast(x, like.type);
  if (typeof code !== 'number') return x;
  return graph.cast(x, scalarType(code) ?? unknownType(code));
});

function unknownType(code: number): never {
  throw variant(`the type ${code}, which is complex or quantised`);
}

function toType(type: ElementType): Operator {
  return operator('self', (graph, call) => graph.cast(call.tensor('self'), type));
}

/** Another tensor of the same value, which writes in place do not reach. */
export function copied(x: Tensor): Tensor {
  return new Tensor(x.value, x.type, x.shape);
}

const size: Operator = operator('self dim', (_, call): PythonValue => {
  const x = call.tensor('self');
  return call.has('dim') ? (x.shape[axisOf(call.integer('dim'), x.rank)] ?? 1) : [...x.shape];
});

const reshape: Operator = operator('self shape|size', (graph, call) =>
  graph.reshape(call.tensor('self'), call.integers('shape')),
);

export const swap: Operator = operator('self dim0|axis0 dim1|axis1', (graph, call) =>
  exchange(graph, call.tensor('self'), call.integer('dim0'), call.integer('dim1')),
);

/** Operators that give their first argument back, when nothing is trained. */
const identity: Operator = operator('self|input', (_, call) => call.tensor('self'));

const dropout: Operator = operator('self|input p train', (_, call) => {
  if (call.flag('train')) throw variant('training: call eval() before the model is saved');
  return call.tensor('self');
});

const clone: Operator = operator('self', (_, call) => copied(call.tensor('self')));

export const shapeOperators: Record<string, Operator> = {
  reshape,
  view: operator('self shape|size|dtype', (graph, call) =>
    Array.isArray(call.value('size')) ? reshape.convert(graph, call) : convertType.convert(graph, call),
  ),
  _unsafe_view: reshape,
  flatten,
  permute,
  transpose: swap,
  t: operator('self', (graph, call) => exchange(graph, call.tensor('self'), 0, -1)),
  unsqueeze: operator('self dim', (graph, call) => {
    const x = call.tensor('self');
    return graph.unsqueeze(x, [axisOf(call.integer('dim'), x.rank + 1)]);
  }),
  squeeze,
  expand,
  split,
  split_with_sizes: split,
  chunk,
  slice,
  select,
  cat,
  concat: cat,
  concatenate: cat,
  stack,
  to: convertType,
  type_as: convertType,
  _to_copy: convertType,
  float: toType('float32'),
  double: toType('float64'),
  half: toType('float16'),
  long: toType('int64'),
  int: toType('int32'),
  size,
  sym_size: size,
  'prim.shape': size,
  dim: operator('self', (_, call) => call.tensor('self').rank),
  len: operator('self', (_, call) => call.tensor('self').shape[0] ?? 0),
  numel: operator('self', (_, call) => call.tensor('self').size),
  item: operator('self', (_, call) => call.number('self')),
  __getitem__: operator('self index', (graph, call) => {
    const x = call.tensor('self');
    return graph.select(x, 0, elementOf(call.integer('index'), x.shape[0] ?? 0));
  }),
  dropout,
  feature_dropout: dropout,
  alpha_dropout: dropout,
  clone,
  lift_fresh_copy: clone,
  ...eachOf(
    {
      contiguous: '',
      detach: '',
      alias: '',
      lift_fresh: '',
      lift: '',
      positive: '',
      'prim.data': '',
      'prim.NumToTensor': '',
      ImplicitTensorToNum: '',
    },
    () => identity,
  ),
};
