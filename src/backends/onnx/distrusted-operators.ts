import type { Provider } from '../backend.js';
import type { ModelNode } from './read-nodes.js';

/** A kind of operator that a provider aborts on, or computes wrong, and says nothing. */
export interface Distrust {
  readonly provider: Provider;
  readonly operators: readonly string[];
  /** What onnxruntime does with it: a verb. */
  readonly fault: 'aborts' | 'computes wrong numbers';
  /**
   * Tells whether an operator is of this kind, by words that follow its name in a sentence, which may be empty. What a model
   * does not tell about an operator speaks for it: the comparison with WebAssembly on first use remains.
   */
  readonly when: (node: ModelNode) => string | undefined;
}

const always = () => '';

/** So far no model is padded that has a purpose. */
const mostPadding = 2 ** 24;

function integer({ attributes }: ModelNode, name: string): number {
  const value = attributes.get(name);
  return typeof value === 'number' ? value : 0;
}

function integers({ attributes }: ModelNode, name: string): readonly number[] {
  const value = attributes.get(name);
  return Array.isArray(value) ? value : [];
}

const isSet = (name: string) => (node: ModelNode) => (integer(node, name) === 0 ? undefined : `with ${name}`);

const isDilated = (node: ModelNode) =>
  integers(node, 'dilations').some((step) => step > 1) ? 'with dilations' : undefined;

const isGrouped = (node: ModelNode) => (integer(node, 'group') > 1 ? 'in groups' : undefined);

const isPadded = (node: ModelNode) => (integers(node, 'pads').some((length) => length !== 0) ? 'with pads' : undefined);

const isPaddedAs =
  (...ways: readonly string[]) =>
  (node: ModelNode) => {
    const way = String(node.attributes.get('auto_pad') ?? '');
    return ways.includes(way) ? `with auto_pad ${way}` : undefined;
  };

const isHugelyPadded = (node: ModelNode) => {
  const pads = [...integers(node, 'pads'), ...(node.integersOf(1) ?? [])];
  return pads.some((length) => Math.abs(length) > mostPadding) ? `with pads of more than ${mostPadding}` : undefined;
};

/** The last window of an axis may then begin behind the end of the input. */
function hasWindowBehindEnd(node: ModelNode): string | undefined {
  if (integer(node, 'ceil_mode') === 0) return undefined;
  const kernel = integers(node, 'kernel_shape');
  const isSkipping = integers(node, 'strides').some((step, axis) => step > (kernel[axis] ?? 1));
  return isSkipping || isPadded(node) ? 'with ceil_mode, and pads or strides beyond its kernel' : undefined;
}

/** Parts are even where neither an attribute nor an input says otherwise, and the length can be divided by their number. */
function isUneven(node: ModelNode): string | undefined {
  const parts = node.attributes.has('split') ? integers(node, 'split') : (node.integersOf(1) ?? []);
  if (parts.some((length) => length !== parts[0])) return 'into uneven parts';
  const shape = node.shapeOf(0) ?? [];
  const axis = integer(node, 'axis');
  const length = shape.at(axis) ?? -1;
  return parts.length === 0 && length > 0 && length % node.outputCount !== 0 ? 'into uneven parts' : undefined;
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

/**
 * What the providers of onnxruntime-web 1.30 cannot be trusted with, as ONNX's operator tests show
 * (`npm run providers:survey`): a graph that has one of these is not offered to the provider.
 */
export const distrusts: readonly Distrust[] = [
  {
    provider: 'webgpu',
    operators: ['Conv'],
    fault: 'computes wrong numbers',
    when: isInThrees,
  },
  {
    provider: 'webnn',
    operators: ['ArgMax', 'ArgMin'],
    fault: 'computes wrong numbers',
    when: isSet('select_last_index'),
  },
  {
    provider: 'webnn',
    operators: ['AveragePool'],
    fault: 'computes wrong numbers',
    when: either(isSet('ceil_mode'), isPadded, isPaddedAs('SAME_LOWER')),
  },
  {
    provider: 'webnn',
    operators: ['LpPool'],
    fault: 'computes wrong numbers',
    when: either(isSet('ceil_mode'), isPadded, isPaddedAs('SAME_LOWER', 'SAME_UPPER')),
  },
  {
    provider: 'webnn',
    operators: ['Loop'],
    fault: 'computes wrong numbers',
    when: always,
  },
  {
    provider: 'webnn',
    operators: ['AveragePool', 'LpPool', 'MaxPool'],
    fault: 'aborts',
    when: either(isDilated, hasWindowBehindEnd),
  },
  {
    provider: 'webnn',
    operators: ['ConvTranspose'],
    fault: 'aborts',
    when: either(isDilated, isGrouped, isPadded),
  },
  { provider: 'webnn', operators: ['Split'], fault: 'aborts', when: isUneven },
  { provider: 'webnn', operators: ['Pad', 'Conv', 'MaxPool'], fault: 'aborts', when: isHugelyPadded },
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
