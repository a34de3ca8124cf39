import { cast } from '../../onnx/casts.js';
import { int64s, integersOf } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import {
  arithmetic,
  concat,
  gather,
  int64Vector,
  reshape,
  slice,
  squeeze,
  transpose,
  unsqueeze,
} from '../../onnx/operations.js';
import { normalizeAxes } from '../../onnx/shapes.js';
import { UnsupportedVariant } from '../../unsupported.js';
import type { Converter, LayerContext } from '../layer-context.js';

/** An end behind all axes; its negation is before them. */
const farthest = 2 ** 53 - 1;

export const slicing: Readonly<Record<string, Converter>> = {
  StridedSlice: stridedSlice,
  Slice: (layer) => {
    const { graph } = layer;
    const vectors = [1, 2, 3].map((index) => int64Vector(graph, layer.input(index)));
    const [starts, ends, steps] = vectors;
    const axes = layer.inputs[4] && int64Vector(graph, layer.inputs[4]);
    return graph.add('Slice', [layer.input(0), starts, ends, axes ?? allAxes(layer), steps], {
      type: layer.input(0).type,
    });
  },
  Gather: gatherSlices,
  GatherElements: (layer) => {
    const attributes = { axis: layer.integer('axis') };
    const [x, indices] = [layer.input(0), layer.input(1)];
    return layer.graph.add('GatherElements', [x, indices], { type: x.type }, { attributes });
  },
  GatherND: (layer) => {
    const attributes = { batch_dims: layer.integer('batch_dims', 0) };
    const inputs = [layer.input(0), cast(layer.graph, layer.input(1), 'int64')];
    const gathered = layer.graph.add('GatherND', inputs, { type: layer.input(0).type }, { attributes });
    // Of old, the batch axes became one.
    const joined = layer.layer.opset === 'opset5' && attributes.batch_dims > 1;
    return joined ? reshape(layer.graph, gathered, layer.staticOutputShape()) : gathered;
  },
  ScatterElementsUpdate: scatterElements,
  ScatterNDUpdate: (layer) => {
    const { graph } = layer;
    const x = layer.input(0);
    const inputs = [x, cast(graph, layer.input(1), 'int64'), layer.input(2)];
    return graph.add('ScatterND', inputs, { type: x.type }, { attributes: { reduction: scatterReduction(layer) } });
  },
  ScatterUpdate: scatterSlices,
  Reverse: reverse,
  ReverseSequence: (layer) => {
    const inputs = [layer.input(0), cast(layer.graph, layer.input(1), 'int64')];
    const rank = layer.rank(0);
    const [batch_axis, time_axis] = normalizeAxes([layer.integer('batch_axis', 0), layer.integer('seq_axis', 1)], rank);
    return layer.graph.add(
      'ReverseSequence',
      inputs,
      { type: inputs[0]?.type },
      { attributes: { batch_axis, time_axis } },
    );
  },
  Roll: roll,
};

function allAxes(layer: LayerContext): Value {
  return int64s(
    layer.graph,
    Array.from({ length: layer.listLength(1) }, (_, axis) => axis),
  );
}

/** The bounds of one axis that is cut. */
interface Cut {
  readonly axis: number;
  readonly start: Value;
  readonly end: Value;
  readonly step: number;
}

/**
 * Masks say for each place of `begin` and `end` what it means: the axis is whole on that side, is new, is left out of the
 * result, or stands for all that are not named.
 */
function stridedSlice(layer: LayerContext): Value {
  const { graph } = layer;
  const places = expandEllipsis(layer);
  const added = places.filter(({ isNew }) => isNew).map(({ axis }) => axis);
  const x = unsqueeze(graph, layer.input(0), added);
  const cuts = places.flatMap((place) => cutOf(layer, place));
  const gone = places.filter(({ shrinks }) => shrinks).map(({ axis }) => axis);
  return squeeze(graph, cutAll(layer, x, cuts), gone);
}

interface Place {
  /** Of the input with its new axes. */
  readonly axis: number;
  /** Where the place is in `begin`, `end` and `strides`. */
  readonly index: number;
  readonly isNew: boolean;
  readonly shrinks: boolean;
}

function expandEllipsis(layer: LayerContext): Place[] {
  const count = layer.listLength(1);
  const mask = (name: string) => layer.integers(name, []);
  const [added, shrunk, ellipsis] = [mask('new_axis_mask'), mask('shrink_axis_mask'), mask('ellipsis_mask')];
  const at = ellipsis.indexOf(1);
  const named = Array.from({ length: count }, (_, index) => index).filter(
    (index) => index !== at && !added[index],
  ).length;
  const skipped = at < 0 ? 0 : layer.rank(0) - named;
  const places: Place[] = [];
  let axis = 0;
  for (let index = 0; index < count; index++) {
    if (index === at) {
      axis += skipped;
      continue;
    }
    const isNew = added[index] === 1;
    places.push({ axis, index, isNew, shrinks: !isNew && shrunk[index] === 1 });
    axis++;
  }
  return places;
}

function cutOf(layer: LayerContext, { axis, index, isNew, shrinks }: Place): Cut[] {
  const { graph } = layer;
  if (isNew) return [];
  const step = layer.inputs[3] ? (layer.constantIntegers(3)[index] ?? 1) : 1;
  const opensBegin = layer.integers('begin_mask', [])[index] === 1;
  const opensEnd = layer.integers('end_mask', [])[index] === 1;
  if (opensBegin && opensEnd && step === 1 && !shrinks) return [];
  const bound = (input: number) => slice(graph, cast(graph, layer.input(input), 'int64'), 0, index, index + 1);
  const begin = opensBegin ? int64s(graph, [step > 0 ? 0 : farthest]) : bound(1);
  if (shrinks) return [{ axis, start: begin, end: endBehind(layer, begin), step: 1 }];
  const end = opensEnd ? int64s(graph, [step > 0 ? farthest : -farthest]) : bound(2);
  return [{ axis, start: begin, end, step }];
}

/** One behind a place, where -1 is the last one, and what is behind it is not the first. */
function endBehind(layer: LayerContext, begin: Value): Value {
  const { graph } = layer;
  const next = arithmetic(graph, 'Add', begin, int64s(graph, [1]));
  const [known] = integersOf(next) ?? [];
  if (known !== undefined) return known === 0 ? int64s(graph, [farthest]) : next;
  const wraps = graph.add('Equal', [next, int64s(graph, [0])], { type: 'bool', shape: [1] });
  return graph.add('Where', [wraps, int64s(graph, [farthest]), next], { type: 'int64', shape: [1] });
}

function cutAll(layer: LayerContext, x: Value, cuts: readonly Cut[]): Value {
  const { graph } = layer;
  const [first] = cuts;
  if (!first) return x;
  const [start] = integersOf(first.start) ?? [];
  const [end] = integersOf(first.end) ?? [];
  // A list of lengths, which stays a constant.
  if (cuts.length === 1 && x.constant && first.step === 1 && start !== undefined && end !== undefined) {
    return slice(graph, x, first.axis, start, end);
  }
  return graph.add(
    'Slice',
    [
      x,
      concat(
        graph,
        cuts.map((cut) => cut.start),
        0,
      ),
      concat(
        graph,
        cuts.map((cut) => cut.end),
        0,
      ),
      int64s(
        graph,
        cuts.map(({ axis }) => axis),
      ),
      int64s(
        graph,
        cuts.map(({ step }) => step),
      ),
    ],
    { type: x.type },
  );
}

/**
 * Slices that the indices name. ONNX has no batch axes here, but its `GatherND` has, which takes the axis behind them.
 */
function gatherSlices(layer: LayerContext): Value {
  const { graph } = layer;
  const [x, indices] = [layer.input(0), layer.input(1)];
  const rank = x.shape?.length;
  const given = layer.constantInteger(2);
  const batch = layer.integer('batch_dims', 0);
  if (batch === 0) return gather(graph, x, indices, given);
  if (rank === undefined) throw new UnsupportedVariant('the number of axes of its input 0 is not fixed');
  const [axis = 0, batchAxes = 0] = [normalizeAxes([given], rank)[0], normalizeAxes([batch], layer.rank(1))[0]];
  const order = Array.from({ length: rank }, (_, index) => index);
  const moved = [...order.slice(0, batchAxes), axis, ...order.slice(batchAxes).filter((index) => index !== axis)];
  const places = unsqueeze(graph, cast(graph, indices, 'int64'), [-1]);
  const inputs = [transpose(graph, x, moved), places];
  const gathered = graph.add('GatherND', inputs, { type: x.type }, { attributes: { batch_dims: batchAxes } });
  // The indices' own axes stand in front of those that were before the axis: they go back to its place.
  const own = layer.rank(1) - batchAxes;
  const between = axis - batchAxes;
  const head = order.slice(0, batchAxes);
  const from = (start: number, count: number) => Array.from({ length: count }, (_, index) => start + index);
  const behind = from(batchAxes + own + between, rank - axis - 1);
  return transpose(graph, gathered, [...head, ...from(batchAxes + own, between), ...from(batchAxes, own), ...behind]);
}

function scatterElements(layer: LayerContext): Value {
  const { graph } = layer;
  const x = layer.input(0);
  const reduction = scatterReduction(layer);
  if (reduction !== 'none' && !layer.flag('use_init_val', true)) throw new UnsupportedVariant('use_init_val "false"');
  const inputs = [x, cast(graph, layer.input(1), 'int64'), layer.input(2)];
  const attributes = { axis: layer.constantInteger(3), reduction };
  return graph.add('ScatterElements', inputs, { type: x.type }, { attributes });
}

const reductions = { none: 'none', sum: 'add', prod: 'mul', min: 'min', max: 'max' } as const;

function scatterReduction(layer: LayerContext): string {
  return reductions[layer.choice('reduction', ['none', 'sum', 'prod', 'min', 'max'], 'none')];
}

/** Whole slices along an axis are replaced: with the axis in front, that is what ONNX's `ScatterND` does. */
function scatterSlices(layer: LayerContext): Value {
  const { graph } = layer;
  const x = layer.input(0);
  const rank = layer.rank(0);
  const [axis = 0] = normalizeAxes([layer.constantInteger(3)], rank);
  const own = layer.rank(1);
  const order = (length: number) => Array.from({ length }, (_, index) => index);
  const perm = [axis, ...order(rank).filter((index) => index !== axis)];
  const places = order(own).map((index) => index + axis);
  const updatesPerm = [...places, ...order(rank - 1 + own).filter((index) => !places.includes(index))];
  const inputs = [
    transpose(graph, x, perm),
    unsqueeze(graph, cast(graph, layer.input(1), 'int64'), [-1]),
    transpose(graph, layer.input(2), updatesPerm),
  ];
  const scattered = graph.add('ScatterND', inputs, { type: x.type });
  return transpose(
    graph,
    scattered,
    order(rank).map((index) => perm.indexOf(index)),
  );
}

function reverse(layer: LayerContext): Value {
  const { graph } = layer;
  const given = layer.constantIntegers(1);
  const isMask = layer.choice('mode', ['index', 'mask']) === 'mask';
  const axes = isMask ? given.flatMap((flag, axis) => (flag ? [axis] : [])) : given;
  if (axes.length === 0) return layer.input(0);
  const all = (value: number) =>
    int64s(
      graph,
      axes.map(() => value),
    );
  const inputs = [layer.input(0), all(farthest), all(-farthest), int64s(graph, axes), all(-1)];
  return graph.add('Slice', inputs, { type: layer.input(0).type });
}

function roll(layer: LayerContext): Value {
  const { graph } = layer;
  const shifts = layer.constantIntegers(1);
  const axes = normalizeAxes(layer.constantIntegers(2), layer.rank(0));
  const dims = layer.staticShape(0);
  return axes.reduce((value, axis, index) => {
    const length = dims[axis] ?? 1;
    const shift = shifts[shifts.length === 1 ? 0 : index] ?? 0;
    const cut = length - (((shift % length) + length) % length);
    if (cut === length || length === 0) return value;
    return concat(graph, [slice(graph, value, axis, cut, farthest), slice(graph, value, axis, 0, cut)], axis);
  }, layer.input(0));
}
