import { castLike, scalarLike } from '../../onnx/casts.js';
import { constantOf, int64s } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import { float } from '../../onnx/model.js';
import { binary, int64Vector } from '../../onnx/operations.js';
import { isStatic, normalizeAxes } from '../../onnx/shapes.js';
import { UnsupportedVariant } from '../../unsupported.js';
import type { Converter, LayerContext } from '../layer-context.js';
import { applyAlongAxes } from './axis-matrix.js';
import {
  type Coordinates,
  coordinateModes,
  cubicRows,
  linearTaps,
  type NearestMode,
  nearestIndices,
  nearestModes,
  type ResizedAxis,
  triangleRows,
} from './resize-weights.js';

export const resize: Readonly<Record<string, Converter>> = { Interpolate: interpolate };

type Mode = 'nearest' | 'linear' | 'linear_onnx' | 'cubic' | 'bilinear_pillow' | 'bicubic_pillow';

/** An interpolation as the newest version of the operator has it. */
interface Interpolation {
  readonly mode: Mode;
  readonly coordinates: Coordinates;
  readonly nearest: NearestMode;
  readonly cubicCoefficient: number;
  readonly axes: readonly number[];
  /** The lengths of the axes in the result, or what they are multiplied with. */
  readonly sizes: Value | undefined;
  readonly scales: Value | undefined;
}

const modes = ['nearest', 'linear', 'linear_onnx', 'cubic', 'bilinear_pillow', 'bicubic_pillow'] as const;

function interpolate(layer: LayerContext): Value {
  const options = layer.layer.opset === 'opset1' ? firstVersion(layer) : laterVersion(layer);
  const x = padded(layer);
  const axes = resizedAxes(layer, x, options);
  return axes ? resizeStatic(layer, x, axes, options) : resizeNode(layer, x, options);
}

function firstVersion(layer: LayerContext): Interpolation {
  const mode = layer.choice('mode', ['nearest', 'linear', 'cubic']);
  return {
    mode,
    coordinates: layer.flag('align_corners', true) ? 'align_corners' : 'asymmetric',
    nearest: 'simple',
    cubicCoefficient: -0.75,
    axes: normalizeAxes(layer.integers('axes'), layer.rank(0)),
    sizes: layer.input(1),
    scales: undefined,
  };
}

/** The inputs of version 4 are the data, sizes, scales, axes; of version 11 the data, sizes or scales, axes. */
function laterVersion(layer: LayerContext): Interpolation {
  const byScales = layer.choice('shape_calculation_mode', ['sizes', 'scales']) === 'scales';
  const isNewest = layer.layer.opset === 'opset11';
  const axesAt = isNewest ? 2 : 3;
  const all = Array.from({ length: layer.rank(0) }, (_, axis) => axis);
  return {
    mode: layer.choice('mode', modes),
    coordinates: layer.choice('coordinate_transformation_mode', coordinateModes, 'half_pixel'),
    nearest: layer.choice('nearest_mode', nearestModes, 'round_prefer_floor'),
    cubicCoefficient: layer.number('cube_coeff', -0.75),
    axes: layer.inputs[axesAt] ? normalizeAxes(layer.constantIntegers(axesAt), all.length) : all,
    sizes: byScales ? undefined : layer.input(1),
    scales: byScales ? layer.input(isNewest ? 1 : 2) : undefined,
  };
}

function padded(layer: LayerContext): Value {
  const x = layer.input(0);
  const pads = ['pads_begin', 'pads_end'].map((name) => layer.integers(name, [0]));
  if (!pads.flat().some((length) => length !== 0)) return x;
  const rank = layer.rank(0);
  const [begin = [], end = []] = pads.map((side) => Array.from({ length: rank }, (_, axis) => side[axis] ?? 0));
  const shape = x.shape?.map((length, axis) =>
    typeof length === 'number' ? length + (begin[axis] ?? 0) + (end[axis] ?? 0) : length,
  );
  const inputs = [x, int64s(layer.graph, [...begin, ...end]), scalarLike(layer.graph, 0, x)];
  return layer.graph.add('Pad', inputs, { type: x.type, shape });
}

/** Undefined where a length is known only at run time. */
function resizedAxes(layer: LayerContext, x: Value, { axes, scales }: Interpolation): ResizedAxis[] | undefined {
  const output = layer.layer.outputs[0]?.shape;
  if (!isStatic(x.shape) || !isStatic(output) || output.length !== x.shape.length) return undefined;
  const factors = scales ? layer.constantNumbers(layer.inputs.indexOf(scales)) : [];
  const input = x.shape;
  return axes.map((axis, index) => {
    const [from = 1, to = 1] = [input[axis], output[axis]];
    const scale = factors[index] ?? to / from;
    // Coordinates beyond what loops over places can reach.
    if (from < 1 || to < 1 || !(scale > 1e-4 && scale < 1e4))
      throw new UnsupportedVariant(`${from} resized to ${to} by ${scale}`);
    return { axis, from, to, scale };
  });
}

/**
 * onnxruntime's WebNN passes by the modes of coordinates without a word, so that only what all providers compute alike is
 * left to `Resize`.
 */
function resizeStatic(layer: LayerContext, x: Value, resized: readonly ResizedAxis[], options: Interpolation): Value {
  const axes = resized.filter(({ from, to, scale }) => from !== to || scale !== 1);
  const { mode, coordinates } = options;
  if (mode === 'nearest') return nearest(layer, x, axes, options);
  // Only these average where the result is smaller: OpenVINO passes by the attribute `antialias`.
  const averages = mode.endsWith('pillow');
  if (mode === 'cubic' || mode === 'bicubic_pillow') {
    const a = mode === 'cubic' ? options.cubicCoefficient : -0.5;
    return matrices(layer, x, axes, (axis) => cubicRows(axis, coordinates, a, averages));
  }
  if (averages) return matrices(layer, x, axes, (axis) => triangleRows(axis, coordinates));
  const isCommon = axes.every(
    ({ to, axis, from, scale }) =>
      axis >= 2 &&
      scale === to / from &&
      (coordinates === 'half_pixel' || (coordinates === 'pytorch_half_pixel' && to > 1)),
  );
  return isCommon && axes.length === 2 && x.shape?.length === 4
    ? resizeTo(layer, x, axes, 'linear', 'half_pixel')
    : axes.reduce((value, axis) => blend(layer, value, axis, coordinates), x);
}

function nearest(layer: LayerContext, x: Value, axes: readonly ResizedAxis[], options: Interpolation): Value {
  const indices = axes.map((axis) => nearestIndices(axis, options.coordinates, options.nearest));
  const repeats = axes.every(({ axis, from, to }, index) => {
    const times = to / from;
    return axis >= 2 && Number.isInteger(times) && indices[index]?.every((from, at) => from === Math.floor(at / times));
  });
  if (repeats && axes.length === 2 && x.shape?.length === 4) return resizeTo(layer, x, axes, 'nearest', 'asymmetric');
  return axes.reduce((value, { axis, to }, index) => {
    const shape = value.shape?.map((length, at) => (at === axis ? to : length));
    const inputs = [value, int64s(layer.graph, indices[index] ?? [])];
    return layer.graph.add('Gather', inputs, { type: x.type, shape }, { attributes: { axis } });
  }, x);
}

function matrices(
  layer: LayerContext,
  x: Value,
  axes: readonly ResizedAxis[],
  rowsOf: (axis: ResizedAxis) => readonly ArrayLike<number>[],
): Value {
  return applyAlongAxes(
    layer.graph,
    x,
    axes.map((axis) => ({ axis: axis.axis, rows: rowsOf(axis) })),
  );
}

/** Blends the two nearest places of one axis for each place of the result. */
function blend(layer: LayerContext, x: Value, resized: ResizedAxis, coordinates: Coordinates): Value {
  const { graph } = layer;
  const { axis, to } = resized;
  const { below, above, weights } = linearTaps(resized, coordinates);
  const shape = x.shape?.map((length, at) => (at === axis ? to : length));
  const attributes = { axis };
  const [low, high] = [below, above].map((places) =>
    graph.add('Gather', [x, int64s(graph, places)], { type: x.type, shape }, { attributes }),
  );
  if (!low || !high) return x;
  const dims = (shape ?? []).map((_, at) => (at === axis ? to : 1));
  const weight = castLike(graph, constantOf(graph, 'float32', weights, dims), x);
  return binary(graph, 'Add', low, binary(graph, 'Mul', binary(graph, 'Sub', high, low), weight));
}

function resizeTo(
  { graph }: LayerContext,
  x: Value,
  axes: readonly ResizedAxis[],
  mode: string,
  coordinate_transformation_mode: string,
): Value {
  const shape = (x.shape ?? []).map((length, at) => axes.find(({ axis }) => axis === at)?.to ?? length);
  const attributes = { mode, coordinate_transformation_mode, nearest_mode: 'floor' };
  const inputs = [x, undefined, undefined, int64s(graph, shape.map(Number))];
  return graph.add('Resize', inputs, { type: x.type, shape }, { attributes });
}

/** With lengths that are known only at run time, onnxruntime's operator has to do it all. */
function resizeNode(layer: LayerContext, x: Value, options: Interpolation): Value {
  const { graph } = layer;
  const { mode, nearest, axes, sizes, scales } = options;
  if (mode === 'nearest' && nearest === 'simple')
    throw new UnsupportedVariant('nearest_mode "simple" with open lengths');
  const kind = mode.includes('cubic') ? 'cubic' : mode === 'nearest' ? 'nearest' : 'linear';
  const attributes = {
    axes,
    mode: kind,
    coordinate_transformation_mode: options.coordinates,
    nearest_mode: nearest,
    cubic_coeff_a: float(mode === 'bicubic_pillow' ? -0.5 : options.cubicCoefficient),
    antialias: Number(mode.endsWith('pillow')),
  };
  const inputs = scales ? [x, undefined, scales] : [x, undefined, undefined, sizes && int64Vector(graph, sizes)];
  return graph.add('Resize', inputs, { type: x.type }, { attributes });
}
