import { checkLimit } from '../../limits.js';
import { constantOf } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import type { Converter, LayerContext } from '../layer-context.js';

// Boxes that depend on nothing but two sizes, which have to be known: they become constants.

export const priorBoxes: Readonly<Record<string, Converter>> = {
  PriorBox: priorBox,
  PriorBoxClustered: priorBoxClustered,
};

const maximumNumbers = 2 ** 22;
const maximumDensity = 64;

interface Sizes {
  /** Of the grid. */
  readonly height: number;
  readonly width: number;
  readonly imageHeight: number;
  readonly imageWidth: number;
}

/** A box around a place of the grid: where its middle is, and half of its lengths, in pixels. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly halfWidth: number;
  readonly halfHeight: number;
  /** Whether it is cut to the image whatever the others are. */
  readonly cut?: boolean;
}

function sizesOf(layer: LayerContext): Sizes {
  const [height = 0, width = 0] = layer.constantIntegers(0);
  const [imageHeight = 0, imageWidth = 0] = layer.constantIntegers(1);
  return { height, width, imageHeight, imageWidth };
}

/** [2, numbers]: the corners of all boxes as fractions of the image, and their variances. */
function toConstant(
  layer: LayerContext,
  sizes: Sizes,
  boxesAt: (row: number, column: number) => readonly Box[],
): Value {
  const { height, width, imageWidth, imageHeight } = sizes;
  const cutsAll = layer.flag('clip', false);
  const perPlace = height * width > 0 ? boxesAt(0, 0).length : 0;
  checkLimit('numbers in the boxes of a layer', height * width * perPlace * 4, maximumNumbers);
  const numbers: number[] = [];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (const { x, y, halfWidth, halfHeight, cut = cutsAll } of boxesAt(row, column)) {
        const box = [
          (x - halfWidth) / imageWidth,
          (y - halfHeight) / imageHeight,
          (x + halfWidth) / imageWidth,
          (y + halfHeight) / imageHeight,
        ];
        for (const number of box) numbers.push(cut || cutsAll ? Math.min(Math.max(number, 0), 1) : number);
      }
    }
  }
  // OpenVINO counts more boxes than it makes for some settings, and leaves the rest zero.
  const declared = layer.layer.outputs[0]?.shape[1];
  while (typeof declared === 'number' && declared <= maximumNumbers && numbers.length < declared) numbers.push(0);
  const given = layer.numbers('variance', []);
  const variances = given.length === 0 ? [0.1] : given;
  const all = numbers.map((_, index) => variances[index % variances.length] ?? 0);
  return constantOf(layer.graph, 'float32', [...numbers, ...all], [2, numbers.length]);
}

function priorBoxClustered(layer: LayerContext): Value {
  const sizes = sizesOf(layer);
  const [widths, heights] = [layer.numbers('width'), layer.numbers('height')];
  const offset = layer.number('offset');
  const stepOf = (name: string, whole: number, count: number) => {
    const step = layer.number(name, layer.number('step', 0));
    return step > 0 ? step : whole / count;
  };
  const stepX = stepOf('step_w', sizes.imageWidth, sizes.width);
  const stepY = stepOf('step_h', sizes.imageHeight, sizes.height);
  return toConstant(layer, sizes, (row, column) =>
    widths.map((width, index) => ({
      x: (column + offset) * stepX,
      y: (row + offset) * stepY,
      halfWidth: width / 2,
      halfHeight: (heights[index] ?? 0) / 2,
    })),
  );
}

/** The settings of a `PriorBox`, checked and with their defaults. */
interface Settings {
  readonly minimums: readonly number[];
  readonly maximums: readonly number[];
  readonly fixedSizes: readonly number[];
  readonly fixedRatios: readonly number[];
  readonly densities: readonly number[];
  /** Ratios of width to height beside one. */
  readonly ratios: readonly number[];
  readonly scalesAll: boolean;
  /** Whether the boxes of the largest size come before those of other ratios. */
  readonly maximumsFirst: boolean;
}

function settingsOf(layer: LayerContext, { imageHeight }: Sizes): Settings {
  const scalesAll = layer.flag('scale_all_sizes', true);
  return {
    minimums: layer.numbers('min_size', []).map((size) => (scalesAll ? size : size * imageHeight)),
    maximums: layer.numbers('max_size', []),
    fixedSizes: layer.numbers('fixed_size', []),
    fixedRatios: layer.numbers('fixed_ratio', []),
    densities: layer.numbers('density', []),
    ratios: ratiosOf(layer),
    scalesAll,
    maximumsFirst: layer.flag('min_max_aspect_ratios_order', true),
  };
}

function ratiosOf(layer: LayerContext): number[] {
  const flips = layer.flag('flip', false);
  const ratios = [1];
  for (const ratio of layer.numbers('aspect_ratio', [])) {
    if (ratios.some((known) => Math.abs(known - ratio) < 1e-6)) continue;
    ratios.push(ratio);
    if (flips) ratios.push(1 / ratio);
  }
  return ratios.filter((ratio) => Math.abs(ratio - 1) >= 1e-6);
}

function priorBox(layer: LayerContext): Value {
  const sizes = sizesOf(layer);
  const settings = settingsOf(layer, sizes);
  const middle = middles(layer, sizes, settings);
  return toConstant(layer, sizes, (row, column) => {
    const [x, y] = middle(row, column);
    return [
      ...settings.fixedSizes.flatMap((size, index) => fixedBoxes(x, y, size, index, settings)),
      ...settings.minimums.flatMap((size, index) => sizedBoxes(x, y, size, index, settings)),
    ];
  });
}

function middles(
  layer: LayerContext,
  { height, width, imageHeight, imageWidth }: Sizes,
  { scalesAll }: Settings,
): (row: number, column: number) => readonly [x: number, y: number] {
  const offset = layer.number('offset');
  const given = layer.number('step', 0);
  const step = scalesAll ? given : given === -1 ? imageHeight / height : given * imageHeight;
  if (step !== 0) return (row, column) => [(offset + column) * step, (offset + row) * step];
  const [stepX, stepY] = [imageWidth / width, imageHeight / height];
  return (row, column) => [(column + 0.5) * stepX, (row + 0.5) * stepY];
}

/** Boxes of one size, packed as densely as the layer says. */
function fixedBoxes(x: number, y: number, size: number, index: number, settings: Settings): Box[] {
  const { densities, fixedRatios, ratios } = settings;
  const density = densities[index] ?? 1;
  const packed = (ratio: number): Box[] => {
    checkLimit('boxes on a side', density, maximumDensity);
    const shift = Math.trunc(size / density);
    const root = Math.sqrt(ratio);
    const first = -Math.trunc(size) / 2 + shift / 2;
    const places = Array.from({ length: density }, (_, place) => first + place * shift);
    const half = { halfWidth: (size / 2) * root, halfHeight: size / 2 / root, cut: true };
    return places.flatMap((down) => places.map((across) => ({ x: x + across, y: y + down, ...half })));
  };
  if (fixedRatios.length > 0) return fixedRatios.flatMap(packed);
  return [...(densities.length > 0 ? packed(1) : []), ...ratios.flatMap(packed)];
}

/** The square of the smallest size, one between it and the largest, and those of other ratios. */
function sizedBoxes(x: number, y: number, size: number, index: number, settings: Settings): Box[] {
  const { maximums, ratios, scalesAll, minimums, maximumsFirst } = settings;
  const square = (length: number): Box => ({ x, y, halfWidth: length / 2, halfHeight: length / 2 });
  const largest = maximums[index];
  const between = largest === undefined ? [] : [square(Math.sqrt(size * largest))];
  const hasRatios = scalesAll || index === minimums.length - 1;
  const base = scalesAll ? size : (minimums[0] ?? size);
  const others = (hasRatios ? ratios : []).map((ratio) => {
    const root = Math.sqrt(ratio);
    return { x, y, halfWidth: (base / 2) * root, halfHeight: base / 2 / root };
  });
  return [square(size), ...(maximumsFirst ? [...between, ...others] : [...others, ...between])];
}
