import { type Operator, operator, variant } from '../operator.js';
import { Tensor } from '../tensor.js';
import { axisOf } from '../tensor-graph.js';
import { scalarTypeCode } from '../values.js';
import { eachOf } from './elementwise.js';
import { axesOf, chunk, copied, expand, sliceBounds, split, swap } from './shapes.js';

const unflatten: Operator = operator('self dim sizes', (graph, call) => {
  const x = call.tensor('self');
  const axis = axisOf(call.integer('dim'), x.rank);
  return graph.reshape(x, [...x.shape.slice(0, axis), ...call.integers('sizes'), ...x.shape.slice(axis + 1)]);
});

const moveAxes: Operator = operator('self source destination', (graph, call) => {
  const x = call.tensor('self');
  const source = call.integers('source').map((axis) => axisOf(axis, x.rank));
  const destination = call.integers('destination').map((axis) => axisOf(axis, x.rank));
  const rest = axesOf(x).filter((axis) => !source.includes(axis));
  const axes = axesOf(x).map((axis) => {
    const moved = destination.indexOf(axis);
    return (moved >= 0 ? source[moved] : rest.shift()) ?? 0;
  });
  return graph.transpose(x, axes);
});

const tile: Operator = operator('self repeats|dims', (graph, call) => {
  const x = call.tensor('self');
  const given = call.integers('repeats');
  const repeats = [...new Array<number>(Math.max(0, x.rank - given.length)).fill(1), ...given];
  const source = graph.reshape(x, [...new Array<number>(repeats.length - x.rank).fill(1), ...x.shape]);
  if (repeats.every((times) => times === 1)) return new Tensor(source.value, source.type, source.shape);
  const shape = source.shape.map((length, axis) => length * (repeats[axis] ?? 1));
  return graph.add('Tile', [source, graph.int64s(repeats)], { type: x.type, shape });
});

/** Repeats each element of an axis. */
const repeatInterleave: Operator = operator('self repeats dim', (graph, call) => {
  const flat = !call.has('dim');
  const x = flat ? graph.reshape(call.tensor('self'), [-1]) : call.tensor('self');
  const axis = axisOf(call.integer('dim', 0), x.rank);
  const times = call.integer('repeats');
  const apart = graph.unsqueeze(x, [axis + 1]);
  const repeated = graph.expand(
    apart,
    apart.shape.map((length, index) => (index === axis + 1 ? times : length)),
  );
  return graph.reshape(
    repeated,
    x.shape.map((length, index) => (index === axis ? length * times : length)),
  );
});

/** The parts are no views of the whole: each may be written to. */
function apart({ parameters, convert }: Operator): Operator {
  return operator(parameters.join(' '), (graph, call) => {
    const parts = convert(graph, call);
    return Array.isArray(parts) ? parts.map((part) => (part instanceof Tensor ? copied(part) : part)) : parts;
  });
}

const unbind: Operator = operator('self dim', (graph, call) => {
  const x = call.tensor('self');
  const axis = axisOf(call.integer('dim', 0), x.rank);
  return Array.from({ length: x.shape[axis] ?? 0 }, (_, index) => graph.select(x, axis, index));
});

const flip: Operator = operator('self dims', (graph, call) => {
  const x = call.tensor('self');
  const axes = call.integers('dims').map((axis) => axisOf(axis, x.rank));
  const ends = [axes.map(() => -1), axes.map(() => -(2 ** 31)), axes, axes.map(() => -1)];
  return graph.add('Slice', [x, ...ends.map((values) => graph.int64s(values))], x);
});

const roll: Operator = operator('self shifts dims', (graph, call) => {
  const axes = call.integers('dims', []);
  const x = axes.length === 0 ? graph.reshape(call.tensor('self'), [-1]) : call.tensor('self');
  const shifts = call.integers('shifts');
  const rolled = shifts.reduce((result, shift, index) => {
    const axis = axisOf(axes[index] ?? 0, x.rank);
    const length = x.shape[axis] ?? 1;
    const at = (((length - shift) % length) + length) % length;
    if (at === 0) return result;
    return graph.concat([graph.slice(result, axis, at, length), graph.slice(result, axis, 0, at)], axis);
  }, x);
  return graph.reshape(rolled, call.tensor('self').shape);
});

/** Where the strides are those of another shape of the same elements. */
const asStrided: Operator = operator('self size stride storage_offset', (graph, call) => {
  const x = call.tensor('self');
  const shape = call.integers('size');
  const strides = call.integers('stride');
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis] ?? 1;
    if (length !== 1 && strides[axis] !== stride) throw variant('strides of another order');
    stride *= length;
  }
  if (stride !== x.size) throw variant('a part of the elements');
  return graph.reshape(x, shape);
});

const like: Operator = operator('self other', (graph, call) =>
  graph.reshape(call.tensor('self'), call.tensor('other').shape),
);

/** Operators on the shapes of tensors that fewer models have. */
export const rearrangementOperators: Record<string, Operator> = {
  as_strided: asStrided,
  view_as: like,
  reshape_as: like,
  unflatten,
  movedim: moveAxes,
  swapaxes: swap,
  broadcast_to: expand,
  expand_as: operator('self other', (graph, call) => graph.expand(call.tensor('self'), call.tensor('other').shape)),
  repeat: tile,
  tile,
  repeat_interleave: repeatInterleave,
  unsafe_split: apart(split),
  unsafe_chunk: apart(chunk),
  unbind,
  narrow: operator('self dim start length', (graph, call) => {
    const x = call.tensor('self');
    const axis = axisOf(call.integer('dim'), x.rank);
    const [start] = sliceBounds(call, x.shape[axis] ?? 0);
    return graph.slice(x, axis, start, start + call.integer('length'));
  }),
  flip,
  roll,
  copy: operator('self src', (graph, call) => {
    const target = call.tensor('self');
    return copied(graph.cast(graph.expand(call.tensor('src'), target.shape), target.type));
  }),
  is_floating_point: operator('self', (_, call) => call.tensor('self').type.startsWith('float')),
  'prim.dtype': operator('self', (_, call) => scalarTypeCode(call.tensor('self').type)),
  'prim.device': operator('self', () => 'cpu'),
  ...eachOf({ 'prim.is_cuda': '', 'prim.is_nested': '', 'prim.is_quantized': '', 'prim.requires_grad': '' }, () =>
    operator('self', () => false),
  ),
  'prim.layout': operator('self', () => 0),
};
