import { cast } from '../../onnx/casts.js';
import { int64s } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import { concat, int64Vector, reshape, shapeOf, squeeze, transpose, unsqueeze } from '../../onnx/operations.js';
import { isStatic, normalizeAxes } from '../../onnx/shapes.js';
import { UnsupportedVariant } from '../../unsupported.js';
import type { Converter, LayerContext } from '../layer-context.js';

export const shape: Readonly<Record<string, Converter>> = {
  ShapeOf: (layer) => shapeOf(layer.graph, layer.input(0)),
  Reshape: reshapeTo,
  Squeeze: (layer) => {
    const axes = layer.inputs[1];
    if (!axes) return layer.graph.add('Squeeze', [layer.input(0)]);
    return squeeze(layer.graph, layer.input(0), layer.constantIntegers(1));
  },
  Unsqueeze: (layer) => unsqueeze(layer.graph, layer.input(0), layer.constantIntegers(1)),
  Transpose: (layer) => {
    const order = layer.constantIntegers(1);
    if (order.length > 0) return transpose(layer.graph, layer.input(0), order);
    const rank = layer.rank(0);
    return transpose(
      layer.graph,
      layer.input(0),
      Array.from({ length: rank }, (_, axis) => rank - 1 - axis),
    );
  },
  Concat: (layer) => {
    const values = layer.inputs.map((_, index) => layer.input(index));
    return concat(layer.graph, values, layer.integer('axis'));
  },
  Split: (layer) => {
    const x = layer.input(0);
    const attributes = { axis: layer.constantInteger(1), num_outputs: layer.layer.outputs.length };
    return layer.graph.addMultiple('Split', [x], layer.layer.outputs, { attributes });
  },
  VariadicSplit: variadicSplit,
  Broadcast: broadcastTo,
  Tile: (layer) => layer.graph.add('Tile', [layer.input(0), int64Vector(layer.graph, layer.input(1))]),
  Range: (layer) => {
    const type = layer.outputType();
    if (!type) throw new UnsupportedVariant('its type is not known');
    const bounds = [0, 1, 2].map((index) => cast(layer.graph, layer.input(index), type));
    return layer.graph.add(
      'Range',
      bounds.map((bound) => asScalar(layer, bound)),
      { type },
    );
  },
  NonZero: (layer) => layer.graph.add('NonZero', [layer.input(0)], { type: 'int64' }),
  DepthToSpace: (layer) => {
    const mode = layer.choice('mode', ['blocks_first', 'depth_first']) === 'depth_first' ? 'CRD' : 'DCR';
    const attributes = { blocksize: layer.integer('block_size', 1), mode };
    return layer.graph.add('DepthToSpace', [layer.input(0)], {}, { attributes });
  },
  SpaceToDepth: spaceToDepth,
  SpaceToBatch: spaceToBatch,
  BatchToSpace: batchToSpace,
  ShuffleChannels: (layer) => {
    const dims = layer.staticShape(0);
    const [axis = 0] = normalizeAxes([layer.integer('axis', 1)], dims.length);
    const group = layer.integer('group', 1);
    const length = dims[axis] ?? 1;
    const split = [...dims.slice(0, axis), group, length / group, ...dims.slice(axis + 1)];
    const perm = split.map((_, index) => (index === axis ? axis + 1 : index === axis + 1 ? axis : index));
    return reshape(layer.graph, transpose(layer.graph, reshape(layer.graph, layer.input(0), split), perm), dims);
  },
};

/** Lengths of zero stand for those of the input where `special_zero` says so. */
function reshapeTo(layer: LayerContext): Value {
  const { graph } = layer;
  const x = layer.input(0);
  const takesZeros = layer.flag('special_zero');
  const declared = layer.layer.outputs[0]?.shape;
  if (x.constant && isStatic(declared)) return reshape(graph, x, declared);
  const attributes = takesZeros ? {} : { allowzero: 1 };
  return graph.add('Reshape', [x, int64Vector(graph, layer.input(1))], { type: x.type }, { attributes });
}

/** One length may be -1: what is left over. */
function variadicSplit(layer: LayerContext): Value[] {
  const { graph, layer: ir } = layer;
  const x = layer.input(0);
  const [axis = 0] = normalizeAxes([layer.constantInteger(1)], layer.rank(0));
  const lengths = ir.outputs.map(({ shape }) => shape[axis]);
  const known = isStatic(lengths.map((length) => length ?? '?'));
  const parts = known ? int64s(graph, lengths.map(Number)) : int64Vector(graph, layer.input(2));
  return graph.addMultiple('Split', [x, parts], ir.outputs, { attributes: { axis } });
}

function broadcastTo(layer: LayerContext): Value {
  const { graph } = layer;
  const target = int64Vector(graph, layer.input(1));
  const mode = layer.choice('mode', ['numpy', 'bidirectional', 'explicit'], 'numpy');
  if (mode !== 'explicit') return graph.add('Expand', [layer.input(0), target], { type: layer.input(0).type });
  const mapped = new Set(layer.constantIntegers(2));
  const others = Array.from({ length: layer.listLength(1) }, (_, axis) => axis).filter((axis) => !mapped.has(axis));
  const placed = unsqueeze(graph, layer.input(0), others);
  return graph.add('Expand', [placed, target], { type: layer.input(0).type });
}

function asScalar(layer: LayerContext, value: Value): Value {
  return value.shape?.length === 0 ? value : reshape(layer.graph, value, []);
}

/** ONNX has only the order in which the place in the block changes slowest. */
function spaceToDepth(layer: LayerContext): Value {
  const { graph } = layer;
  const block = layer.integer('block_size', 1);
  const mode = layer.choice('mode', ['blocks_first', 'depth_first']);
  const [batch = 1, channels = 1, ...spatial] = layer.staticShape(0);
  const cut = spatial.flatMap((length) => [length / block, block]);
  const rest = spatial.map((_, axis) => 2 + 2 * axis);
  const inBlock = rest.map((axis) => axis + 1);
  const perm = mode === 'blocks_first' ? [0, ...inBlock, 1, ...rest] : [0, 1, ...inBlock, ...rest];
  const parts = transpose(graph, reshape(graph, layer.input(0), [batch, channels, ...cut]), perm);
  const depth = channels * block ** spatial.length;
  return reshape(graph, parts, [batch, depth, ...spatial.map((length) => length / block)]);
}

function spaceToBatch(layer: LayerContext): Value {
  const { graph } = layer;
  const block = layer.constantIntegers(1);
  const sides = [...layer.constantIntegers(2), ...layer.constantIntegers(3)];
  const dims = layer
    .staticShape(0)
    .map((length, axis) => length + (sides[axis] ?? 0) + (sides[axis + block.length] ?? 0));
  const padded = graph.add('Pad', [layer.input(0), int64s(graph, sides)], { type: layer.input(0).type, shape: dims });
  const cut = dims.flatMap((length, axis) => [length / (block[axis] ?? 1), block[axis] ?? 1]);
  const axes = block.map((_, axis) => 2 * axis);
  const perm = [...axes.map((axis) => axis + 1), ...axes];
  const parts = transpose(graph, reshape(graph, padded, cut), perm);
  const batch = (dims[0] ?? 1) * block.reduce((product, length) => product * length, 1);
  return reshape(graph, parts, [batch, ...dims.slice(1).map((length, axis) => length / (block[axis + 1] ?? 1))]);
}

function batchToSpace(layer: LayerContext): Value {
  const { graph } = layer;
  const block = layer.constantIntegers(1);
  const [begin, end] = [layer.constantIntegers(2), layer.constantIntegers(3)];
  const [batch = 1, ...rest] = layer.staticShape(0);
  const blocks = block.reduce((product, length) => product * length, 1);
  const rank = block.length;
  const parts = reshape(graph, layer.input(0), [...block, batch / blocks, ...rest]);
  const perm = block.flatMap((_, axis) => [rank + axis, axis]);
  const dims = [batch / blocks, ...rest].map((length, axis) => length * (block[axis] ?? 1));
  const whole = reshape(graph, transpose(graph, parts, perm), dims);
  const ends = dims.map((length, axis) => length - (end[axis] ?? 0));
  return graph.add('Slice', [whole, int64s(graph, begin), int64s(graph, ends)], { type: whole.type });
}
