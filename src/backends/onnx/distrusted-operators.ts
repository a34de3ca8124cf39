import type { Provider } from '../backend.js';
import type { ModelNode } from './read-nodes.js';

/** A kind of operator that a provider aborts on, or computes wrong, and says nothing. */
export interface Distrust {
  readonly provider: Provider;
  readonly operators: readonly string[];
  /** What onnxruntime does with it: a verb. */
  readonly fault: 'aborts' | 'computes wrong numbers' | 'computes inexact numbers';
  /**
   * For an operator of this kind, the words that follow its name in a sentence, which may be empty. Nothing for any other
   * operator, and where the model does not say enough: the comparison with WebAssembly on first use remains.
   */
  readonly when: (node: ModelNode) => string | undefined;
}

const always = () => '';

/** No model that has a purpose is padded as far, or leaps as far. */
const mostPadding = 1024;

function integer({ attributes }: ModelNode, name: string): number {
  const value = attributes.get(name);
  return typeof value === 'number' ? value : 0;
}

function integers({ attributes }: ModelNode, name: string): readonly number[] {
  const value = attributes.get(name);
  return Array.isArray(value) ? value : [];
}

function text({ attributes }: ModelNode, name: string, absent: string): string {
  const value = attributes.get(name);
  return typeof value === 'string' ? value : absent;
}

const isSet = (name: string) => (node: ModelNode) => (integer(node, name) === 0 ? undefined : `with ${name}`);

const isDilated = (node: ModelNode) =>
  integers(node, 'dilations').some((step) => step > 1) ? 'with dilations' : undefined;

const isGrouped = (node: ModelNode) => (integer(node, 'group') > 1 ? 'in groups' : undefined);

const isPadded = (node: ModelNode) => (integers(node, 'pads').some((length) => length !== 0) ? 'with pads' : undefined);

const isPaddedAs =
  (...ways: readonly string[]) =>
  (node: ModelNode) => {
    const way = text(node, 'auto_pad', 'NOTSET');
    return ways.includes(way) ? `with auto_pad ${way}` : undefined;
  };

/** WebNN's means count what is padded, unless the pads keep the length of each axis. */
function countsPads(node: ModelNode): string | undefined {
  if (integer(node, 'count_include_pad') !== 0 || !isPadded(node)) return undefined;
  const [kernel, pads] = [integers(node, 'kernel_shape'), integers(node, 'pads')];
  const isLeaping = integers(node, 'strides').some((step) => step > 1);
  const keepsLength = kernel.every((length, axis) => {
    const [before, after] = [pads[axis], pads[axis + kernel.length]];
    return before === Math.floor((length - 1) / 2) && after === Math.ceil((length - 1) / 2);
  });
  return isLeaping || !keepsLength ? 'with pads' : undefined;
}

/** The last window of an axis may then begin behind the end of the input. */
function hasWindowBehindEnd(node: ModelNode): string | undefined {
  if (integer(node, 'ceil_mode') === 0) return undefined;
  const kernel = integers(node, 'kernel_shape');
  const padding = isPadded(node) ? 1 : 0;
  const isLeaping = integers(node, 'strides').some((step, axis) => step + padding > (kernel[axis] ?? 1));
  return isLeaping ? 'with ceil_mode and strides beyond its kernel' : undefined;
}

function isFar(node: ModelNode): string | undefined {
  const lengths = [...integers(node, 'pads'), ...integers(node, 'strides')];
  return lengths.some((length) => length > mostPadding)
    ? `with pads or strides of more than ${mostPadding}`
    : undefined;
}

function isPaddedFar(node: ModelNode): string | undefined {
  const lengths = [...integers(node, 'pads'), ...(node.numbersOf(1) ?? [])];
  return lengths.some((length) => length > 2 ** 24) ? 'with pads of more than 16777216' : undefined;
}

/** Parts without given lengths are even if the length of the whole can be divided by their number. */
function isUneven(node: ModelNode): string | undefined {
  if (node.inputCount > 1 || node.attributes.has('split')) return undefined;
  const length = node.shapeOf(0)?.at(integer(node, 'axis')) ?? -1;
  return length > 0 && length % node.outputCount !== 0 ? 'into uneven parts' : undefined;
}

const halfPixel = ['half_pixel', 'pytorch_half_pixel', 'half_pixel_symmetric'];

/** WebNN has one way to interpolate, and one to take the nearest. Twice the size and the like is the same in more of them. */
function isResizedOtherwise(node: ModelNode): string | undefined {
  const mode = text(node, 'mode', 'nearest');
  const coordinates = text(node, 'coordinate_transformation_mode', 'half_pixel');
  const isHalfPixel = halfPixel.includes(coordinates);
  if (mode !== 'nearest') return isHalfPixel ? undefined : `with coordinate_transformation_mode ${coordinates}`;
  const nearest = text(node, 'nearest_mode', 'round_prefer_floor');
  const words = `to the nearest with ${coordinates} and ${nearest}`;
  if (isHalfPixel && nearest === 'round_prefer_ceil') return undefined;
  const isTheSameForWholes = isHalfPixel
    ? nearest === 'round_prefer_floor'
    : coordinates === 'asymmetric' && nearest === 'floor';
  if (!isTheSameForWholes) return words;
  return scalesOf(node)?.every(Number.isInteger) === false ? words : undefined;
}

/** How much longer each axis becomes; nothing where the model does not say. */
function scalesOf(node: ModelNode): readonly number[] | undefined {
  const scales = node.numbersOf(2);
  if (scales && scales.length > 0) return scales;
  const [sizes, shape] = [node.numbersOf(3), node.shapeOf(0)];
  if (!sizes || sizes.length !== shape?.length || shape.some((length) => length < 1)) return undefined;
  return sizes.map((size, axis) => size / (shape[axis] ?? 1));
}

/**
 * Input channels that come in threes are read three at a time, which goes wrong between one place of the kernel and the next.
 * Kernels of one place are computed as a matrix product, and those of a group in another way.
 */
function isInThrees(node: ModelNode): string | undefined {
  const [outputs = -1, inputs = -1, ...kernel] = node.shapeOf(1) ?? [];
  if (integer(node, 'group') > 1 || kernel.every((length) => length === 1)) return undefined;
  if (inputs <= 3 || inputs % 3 !== 0 || inputs % 4 === 0 || outputs % 4 !== 0) return undefined;
  return `of ${inputs} input channels and ${outputs} output channels`;
}

/** Such a slope belongs to the last axis, and WebNN refuses it where that has another length. */
function hasFlatSlope(node: ModelNode): string | undefined {
  const slope = node.shapeOf(1);
  return slope?.length === 1 && slope[0] !== 1 ? 'with a slope of one axis' : undefined;
}

/** The first of several conditions that holds. */
const either =
  (...conditions: readonly Distrust['when'][]): Distrust['when'] =>
  (node) => {
    for (const condition of conditions) {
      const words = condition(node);
      if (words !== undefined) return words;
    }
    return undefined;
  };

const wrong = 'computes wrong numbers';

/**
 * What the providers of onnxruntime-web 1.30 cannot be trusted with: a graph that has one of these is not offered to the
 * provider. `npm run providers:survey` finds them, and those that are missing here. It found all of these on the CPU of Linux,
 * with WebNN on TensorFlow Lite and WebGPU on SwiftShader, but for pads of 2^24 and more, which it cannot compare.
 */
export const distrusts: readonly Distrust[] = [
  { provider: 'webgpu', operators: ['Conv'], fault: wrong, when: isInThrees },
  { provider: 'webgpu', operators: ['DFT'], fault: 'computes inexact numbers', when: always },
  { provider: 'webnn', operators: ['ArgMax', 'ArgMin'], fault: wrong, when: isSet('select_last_index') },
  {
    provider: 'webnn',
    operators: ['AveragePool'],
    fault: wrong,
    when: either(isSet('ceil_mode'), countsPads, isPaddedAs('SAME_LOWER')),
  },
  {
    provider: 'webnn',
    operators: ['LpPool'],
    fault: wrong,
    when: either(isSet('ceil_mode'), isPadded, isPaddedAs('SAME_LOWER', 'SAME_UPPER')),
  },
  { provider: 'webnn', operators: ['Resize'], fault: wrong, when: isResizedOtherwise },
  { provider: 'webnn', operators: ['Loop'], fault: wrong, when: always },
  {
    provider: 'webnn',
    operators: ['AveragePool', 'LpPool', 'MaxPool'],
    fault: 'aborts',
    when: either(isDilated, hasWindowBehindEnd),
  },
  { provider: 'webnn', operators: ['ConvTranspose'], fault: 'aborts', when: either(isDilated, isGrouped, isPadded) },
  { provider: 'webnn', operators: ['Conv', 'ConvTranspose', 'MaxPool'], fault: 'aborts', when: isFar },
  { provider: 'webnn', operators: ['Split'], fault: 'aborts', when: isUneven },
  {
    provider: 'webnn',
    operators: ['Pad'],
    fault: 'aborts',
    when: either((node) => (text(node, 'mode', 'constant') === 'edge' ? 'in the mode edge' : undefined), isPaddedFar),
  },
  { provider: 'webnn', operators: ['PRelu'], fault: 'aborts', when: hasFlatSlope },
  {
    provider: 'webnn',
    operators: ['RotaryEmbedding'],
    fault: 'aborts',
    when: ({ inputCount }) => (inputCount < 4 ? 'without position_ids' : undefined),
  },
  {
    provider: 'webnn',
    operators: [
      'CenterCropPad',
      'GatherElements',
      'NegativeLogLikelihoodLoss',
      'ScatterElements',
      'SoftmaxCrossEntropyLoss',
    ],
    fault: 'aborts',
    when: always,
  },
];

/** Those for one kind of operator, so that a model with many is read quickly. */
export const distrusted: ReadonlyMap<string, readonly Distrust[]> = byOperator(distrusts);

function byOperator(all: readonly Distrust[]): Map<string, Distrust[]> {
  const groups = new Map<string, Distrust[]>();
  for (const distrust of all) {
    for (const operator of distrust.operators) groups.set(operator, [...(groups.get(operator) ?? []), distrust]);
  }
  return groups;
}
