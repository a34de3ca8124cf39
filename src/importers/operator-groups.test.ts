import { describe, expect, it } from 'vitest';
import { operatorGroups as openvino } from './openvino/operators/index.js';
import { loadOperators, type OperatorGroup } from './operator-groups.js';
import { operatorGroups as pytorch } from './pytorch/operators/index.js';
import { operatorGroups as tensorflow } from './tensorflow/operators/index.js';

const formats: Readonly<Record<string, readonly OperatorGroup<unknown>[]>> = { openvino, pytorch, tensorflow };

/** The groups, and the numbers of those that have been fetched. */
function observed<Converter>(groups: readonly OperatorGroup<Converter>[]) {
  const fetched: number[] = [];
  const counting = groups.map(({ names, load }, index): OperatorGroup<Converter> => {
    return {
      names,
      load() {
        fetched.push(index);
        return load();
      },
    };
  });
  return { groups: counting, fetched };
}

describe('loadOperators', () => {
  const groups: readonly OperatorGroup<number>[] = [
    { names: /^a/, load: async () => ({ a: 1, aa: 2 }) },
    { names: /^b/, load: async () => ({ b: 3, other: 4 }) },
    { names: /^c/, load: async () => ({ c: 5 }) },
  ];

  it.each([
    ['the groups whose patterns fit', ['a', 'c'], [0, 2]],
    ['nothing where there are no operators', [], []],
    ['another group where an operator is missing, and no more than that', ['a', 'other'], [0, 1]],
    ['all groups for an operator that none has', ['unheard'], [0, 1, 2]],
  ])('fetches %s', async (_, names, expected) => {
    const { groups: counting, fetched } = observed(groups);

    const operators = await loadOperators(counting, new Set(names));

    expect(fetched).toEqual(expected);
    for (const name of names) expect(operators.has(name)).toBe(name !== 'unheard');
  });

  it('says so where a group cannot be fetched', async () => {
    const load = () => Promise.reject(new TypeError('Failed to fetch'));

    await expect(loadOperators([{ names: /a/, load }], new Set(['a']))).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining('Failed to fetch'),
    });
  });

  it('has no operator that only all objects have', async () => {
    expect((await loadOperators(groups, new Set(['constructor']))).has('constructor')).toBe(false);
  });
});

describe.each(Object.entries(formats))('the operators of %s', (_, groups) => {
  it('are in one group each', async () => {
    const names = (await Promise.all(groups.map(({ load }) => load()))).flatMap((group) => Object.keys(group));

    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

// What torchvision's, Keras's and OpenVINO's own networks for images have. Each group more is a file more to fetch.
describe('a typical model', () => {
  it.each([
    ['openvino', 'SqueezeNet', 'Add Concat Convolution MaxPool ReLU ReduceMean Reshape SoftMax', [0, 1]],
    ['openvino', 'MobileNet', 'Add Clamp Convolution GroupConvolution MatMul ReduceMean Reshape', [0, 1]],
    ['openvino', 'road-segmentation', 'Add AvgPool Convolution Interpolate ReLU ShapeOf StridedSlice', [0, 1, 2, 4]],
    ['pytorch', 'SqueezeNet', '_convolution relu max_pool2d cat adaptive_avg_pool2d dropout flatten', [0]],
    ['pytorch', 'ResNet', 'conv2d batch_norm relu max_pool2d add adaptive_avg_pool2d flatten linear', [0]],
    ['pytorch', 'MobileNet', 'conv2d batch_norm hardtanh hardswish hardsigmoid mul add linear', [0]],
    ['pytorch', 'EfficientNet', 'conv2d batch_norm silu sigmoid mul add linear', [0]],
    ['pytorch', 'ShuffleNet', 'conv2d batch_norm relu chunk view transpose contiguous cat mean linear', [0, 1]],
    ['pytorch', 'an LSTM', 'zeros lstm select linear', [0, 2, 5]],
    [
      'tensorflow',
      'MobileNet',
      'AddV2 BiasAdd Const Conv2D DepthwiseConv2dNative Identity Mean Pad Relu6 Softmax',
      [0],
    ],
    ['tensorflow', 'a U-Net', 'Conv2D Conv2DBackpropInput Const ConcatV2 Shape StridedSlice Pack Relu', [0, 1, 2]],
  ])('of %s, %s, has its operators in few groups', async (format, _, names, expected) => {
    const { groups, fetched } = observed(formats[format] ?? []);

    const operators = await loadOperators(groups, new Set(names.split(' ')));

    expect(fetched).toEqual(expected);
    for (const name of names.split(' ')) expect(operators.has(name), name).toBe(true);
  });
});
