import { checkLimit } from '../../limits.js';
import { averageWithoutPadding } from '../../onnx/average-pool.js';
import { int64s } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import { binary } from '../../onnx/operations.js';
import { isStatic } from '../../onnx/shapes.js';
import { UnsupportedVariant } from '../../unsupported.js';
import type { Converter, LayerContext } from '../layer-context.js';
import { type AxisMatrix, applyAlongAxes } from './axis-matrix.js';
import { slidingWindow } from './sliding-window.js';

export const pooling: Readonly<Record<string, Converter>> = {
  MaxPool: maxPool,
  AvgPool: averagePool,
  AdaptiveAvgPool: adaptiveAveragePool,
  AdaptiveMaxPool: adaptiveMaxPool,
};

interface Pool {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[] | undefined;
  readonly auto_pad?: string;
  /** What has to be added to the end of each axis for the windows that rounding up lets hang over it. */
  readonly overhang: readonly number[];
  readonly ceil_mode: number;
}

function poolOf(layer: LayerContext): Pool {
  const x = layer.input(0);
  const kernel = layer.integers('kernel');
  const window = slidingWindow(layer, x, kernel);
  const roundsUp = layer.choice('rounding_type', ['floor', 'ceil', 'ceil_torch'], 'floor') !== 'floor';
  const [lengths, outputs] = [x.shape?.slice(2), layer.layer.outputs[0]?.shape.slice(2)];
  const none = kernel.map(() => 0);
  const { pads } = window;
  if (!roundsUp || !pads) return { kernel, ...window, pads, overhang: none, ceil_mode: Number(roundsUp) };
  if (!isStatic(lengths) || !isStatic(outputs)) return { kernel, ...window, pads, overhang: none, ceil_mode: 1 };
  const overhang = kernel.map((size, axis) => {
    const padded = (lengths[axis] ?? 1) + (pads[axis] ?? 0) + (pads[axis + kernel.length] ?? 0);
    const needed =
      ((outputs[axis] ?? 1) - 1) * (window.strides[axis] ?? 1) + (window.dilations[axis] ?? 1) * (size - 1) + 1;
    return Math.max(needed - padded, 0);
  });
  return { kernel, ...window, pads, overhang, ceil_mode: 0 };
}

function withOverhang(pads: readonly number[] | undefined, overhang: readonly number[]): readonly number[] | undefined {
  return pads?.map((length, index) => length + (overhang[index - overhang.length] ?? 0));
}

function maxPool(layer: LayerContext): readonly Value[] {
  const x = layer.input(0);
  const { kernel, pads, overhang, strides, dilations, ceil_mode, auto_pad } = poolOf(layer);
  const attributes = {
    kernel_shape: kernel,
    strides,
    dilations,
    ceil_mode,
    auto_pad,
    pads: withOverhang(pads, overhang),
  };
  if (!layer.usesOutput(1)) return [layer.graph.add('MaxPool', [x], { type: x.type }, { attributes })];
  const results = [{ type: x.type }, { type: 'int64' }] as const;
  const [maxima, places] = layer.graph.addMultiple('MaxPool', [x], results, { attributes });
  return maxima && places ? [maxima, countedFrom(layer, places)] : [];
}

/** ONNX counts places in the whole tensor, OpenVINO in what is behind an axis. */
function countedFrom(layer: LayerContext, places: Value): Value {
  const axis = layer.integer('axis', 0);
  if (axis === 0) return places;
  const size = layer
    .staticShape(0)
    .slice(axis)
    .reduce((product, length) => product * length, 1);
  return binary(layer.graph, 'Mod', places, int64s(layer.graph, [size], []));
}

/** What hangs over the end by rounding up counts where padding does, and where there is any. */
function averagePool(layer: LayerContext): Value {
  const x = layer.input(0);
  const { kernel, strides, dilations, overhang, pads, ceil_mode, auto_pad } = poolOf(layer);
  const leavesOut = layer.flag(layer.layer.attributes.has('exclude-pad') ? 'exclude-pad' : 'exclude_pad');
  const isPadded = pads?.some((length) => length > 0) ?? true;
  const all = withOverhang(pads, overhang);
  const lengths = x.shape?.slice(2);
  if ((leavesOut || !isPadded) && all && isStatic(lengths) && ceil_mode === 0) {
    return averageWithoutPadding(layer.graph, x, lengths, { kernel, strides, dilations, pads: all });
  }
  const isDilated = dilations.some((step) => step !== 1);
  if (isDilated) layer.graph.requireOpset(19);
  const attributes = {
    kernel_shape: kernel,
    strides,
    dilations: isDilated ? dilations : undefined,
    ceil_mode,
    auto_pad,
    pads: all,
    count_include_pad: Number(!leavesOut && isPadded),
  };
  return layer.graph.add('AveragePool', [x], { type: x.type }, { attributes });
}

/** An average over bins: a product with a matrix along each axis. */
function adaptiveAveragePool(layer: LayerContext): Value {
  const matrices = bins(layer).map(({ axis, length, ranges }): AxisMatrix => {
    const rows = ranges.map(([start, end]) => {
      const row = new Float64Array(length);
      return row.fill(1 / (end - start), start, end);
    });
    return { axis, rows };
  });
  return applyAlongAxes(layer.graph, layer.input(0), matrices);
}

function adaptiveMaxPool(layer: LayerContext): readonly (Value | undefined)[] {
  const { graph } = layer;
  let value = layer.input(0);
  for (const { axis, ranges } of bins(layer)) {
    const maxima = ranges.map(([start, end]) => {
      const inputs = [value, int64s(graph, [start]), int64s(graph, [end]), int64s(graph, [axis])];
      const bin = graph.add('Slice', inputs, { type: value.type });
      return graph.add(
        'ReduceMax',
        [bin, int64s(graph, [axis])],
        { type: value.type },
        { attributes: { keepdims: 1 } },
      );
    });
    const type = value.type;
    value = graph.add('Concat', maxima, { type }, { attributes: { axis } });
  }
  return [value];
}

interface Bins {
  readonly axis: number;
  readonly length: number;
  readonly ranges: readonly (readonly [start: number, end: number])[];
}

const maximumBins = 1024;
const maximumLength = 2 ** 14;

function bins(layer: LayerContext): Bins[] {
  const lengths = layer.staticShape(0).slice(2);
  const counts = layer.constantIntegers(1);
  return lengths.map((length, index) => {
    const count = counts[index] ?? 1;
    if (count < 1 || length < 1) throw new UnsupportedVariant(`${count} bins of ${length}`);
    checkLimit('bins of an axis', count, maximumBins);
    checkLimit('places on an axis that is pooled', length, maximumLength);
    const ranges = Array.from({ length: count }, (_, bin) => {
      const start = Math.floor((bin * length) / count);
      return [start, Math.ceil(((bin + 1) * length) / count)] as const;
    });
    return { axis: index + 2, length, ranges };
  });
}
