import { describe, expect, it } from 'vitest';
import { examine } from './distrust.js';
import {
  constant,
  field,
  floats,
  graph,
  graphAttribute,
  INT64,
  integerAttribute,
  listAttribute,
  model,
  modelFunction,
  node,
  tensor,
  textAttribute,
  value,
} from './model.fixture.js';

const longs = (...values: readonly bigint[]) => new Uint8Array(BigInt64Array.from(values).buffer);

/** A model of one operator. */
function only(operator: string, attributes: readonly Uint8Array[] = [], inputs = ['x'], outputs = ['y']) {
  return model({ nodes: [node(operator, inputs, outputs, { attributes })] });
}

function convolution(weights: readonly number[], attributes: readonly Uint8Array[] = []) {
  return model({
    nodes: [node('Conv', ['x', 'w'], ['y'], { attributes })],
    initializers: [tensor({ name: 'w', dims: weights })],
    inputs: [value('x', [1, 6, 8, 8])],
  });
}

const onWebNN = (bytes: Parameters<typeof examine>[0]) => examine(bytes, 'tpu').distrust.get('webnn');
const onWebGPU = (bytes: Parameters<typeof examine>[0]) => examine(bytes, 'gpu').distrust.get('webgpu');

const kernelOfThree = listAttribute('kernel_shape', 3, 3);

describe('WebNN is not trusted', () => {
  const ceil = integerAttribute('ceil_mode', 1);
  const kernel = listAttribute('kernel_shape', 2, 2);
  it.each([
    ['ArgMax with select_last_index', only('ArgMax', [integerAttribute('select_last_index', 1)])],
    ['AveragePool with ceil_mode', only('AveragePool', [ceil, kernel])],
    ['AveragePool with pads', only('AveragePool', [kernel, listAttribute('pads', 0, 1, 0, 0)])],
    ['AveragePool with auto_pad SAME_LOWER', only('AveragePool', [textAttribute('auto_pad', 'SAME_LOWER')])],
    ['LpPool with auto_pad SAME_UPPER', only('LpPool', [textAttribute('auto_pad', 'SAME_UPPER')])],
    ['MaxPool with dilations', only('MaxPool', [kernel, listAttribute('dilations', 2, 2)])],
    ['MaxPool with ceil_mode and strides', only('MaxPool', [ceil, kernel, listAttribute('strides', 3, 1)])],
    ['ConvTranspose in groups', only('ConvTranspose', [integerAttribute('group', 2)])],
    ['Split into uneven parts', only('Split', [], ['x'], ['a', 'b', 'y'])],
    ['Pad in the mode edge', only('Pad', [textAttribute('mode', 'edge')])],
    ['Conv with pads or strides of more than 1024', only('Conv', [listAttribute('strides', 1, 4096)])],
    ['RotaryEmbedding without position_ids', only('RotaryEmbedding', [], ['x', 'x', 'x'])],
    ['Loop', only('Loop', [], ['x', 'x'])],
    ['GatherElements', only('GatherElements', [], ['x', 'x'])],
    ['ScatterElements', only('ScatterElements', [], ['x', 'x', 'x'])],
    ['CenterCropPad', only('CenterCropPad', [], ['x', 'x'])],
    ['NegativeLogLikelihoodLoss', only('NegativeLogLikelihoodLoss', [], ['x', 'x'])],
    ['SoftmaxCrossEntropyLoss', only('SoftmaxCrossEntropyLoss', [], ['x', 'x'])],
    ['Pad with pads of more than 16777216', only('Pad', [listAttribute('pads', 0, 2n ** 40n)])],
  ])('with %s', (words, bytes) => {
    expect(onWebNN(bytes)).toContain(`WebNN is not trusted with this model: with ${words}`);
    expect(examine(bytes, 'cpu').distrust.size).toBe(0);
    expect(onWebGPU(bytes)).toBeUndefined();
  });

  it('with lengths that are constants, wherever the model keeps them', () => {
    const lengths = tensor({ name: 'lengths', dims: [2], type: INT64, raw: longs(0n, 2n ** 40n) });
    const pad = node('Pad', ['x', 'lengths'], ['y']);
    const words = 'Pad with pads';
    expect(onWebNN(model({ nodes: [pad], initializers: [lengths] }))).toContain(words);
    expect(onWebNN(model({ nodes: [constant('lengths', lengths), pad] }))).toContain(words);
    const list = node('Constant', [], ['lengths'], { attributes: [listAttribute('value_ints', 0, 2n ** 40n)] });
    expect(onWebNN(model({ nodes: [list, pad] }))).toContain(words);
  });

  it('with an operator of a subgraph, or of a function of the model', () => {
    const inner = node('GatherElements', ['x', 'x'], ['y']);
    const branch = graphAttribute('then_branch', graph({ nodes: [inner], inputs: [] }));
    expect(onWebNN(only('If', [branch]))).toContain('GatherElements');
    const nested = graphAttribute(
      'else_branch',
      graph({ nodes: [node('If', ['x'], ['y'], { attributes: [branch] })] }),
    );
    expect(onWebNN(only('If', [nested]))).toContain('GatherElements');
    const call = node('Crop', ['x'], ['y'], { domain: 'test' });
    expect(onWebNN(model({ nodes: [call] }, [modelFunction('Crop', [inner])]))).toContain('GatherElements');
  });
});

describe('WebNN is trusted', () => {
  it.each([
    ['ArgMax', only('ArgMax', [integerAttribute('select_last_index', 0)])],
    ['AveragePool without pads', only('AveragePool', [listAttribute('pads', 0, 0, 0, 0)])],
    ['AveragePool that keeps lengths', only('AveragePool', [kernelOfThree, listAttribute('pads', 1, 1, 1, 1)])],
    [
      'MaxPool with ceil_mode',
      only('MaxPool', [integerAttribute('ceil_mode', 1), listAttribute('kernel_shape', 3, 3)]),
    ],
    ['ConvTranspose', only('ConvTranspose', [listAttribute('dilations', 1, 1), integerAttribute('group', 1)])],
    ['Split into even parts', only('Split', [], ['x'], ['y', 'z'])],
    ['Split into parts of given lengths', only('Split', [listAttribute('split', 1, 2)], ['x'], ['y', 'z'])],
    ['Pad', only('Pad', [listAttribute('pads', 1, 1)])],
    ["another domain's operator", model({ nodes: [node('GatherElements', ['x'], ['y'], { domain: 'test' })] })],
  ])('with %s', (_what, bytes) => {
    expect(onWebNN(bytes)).toBeUndefined();
  });
});

describe('Resize', () => {
  const resize = (mode: string, coordinates: string, nearest: string, scale: number) =>
    model({
      nodes: [
        node('Resize', ['x', '', 'scales'], ['y'], {
          attributes: [
            textAttribute('mode', mode),
            textAttribute('coordinate_transformation_mode', coordinates),
            textAttribute('nearest_mode', nearest),
          ],
        }),
      ],
      initializers: [tensor({ name: 'scales', dims: [4], raw: floats(1, 1, scale, scale) })],
    });
  const floor = 'round_prefer_floor';
  it.each([
    ['linear', 'half_pixel', floor, 1.5, true],
    ['linear', 'align_corners', floor, 2, false],
    ['linear', 'asymmetric', floor, 2, false],
    ['nearest', 'half_pixel', 'round_prefer_ceil', 1.5, true],
    ['nearest', 'half_pixel', floor, 2, true],
    ['nearest', 'half_pixel', floor, 1.5, false],
    ['nearest', 'asymmetric', 'floor', 2, true],
    ['nearest', 'asymmetric', 'floor', 0.5, false],
    ['nearest', 'asymmetric', 'ceil', 2, false],
    ['nearest', 'align_corners', floor, 2, false],
  ] as const)('%s, %s, %s, by %d: trusted is %s', (mode, coordinates, nearest, scale, isTrusted) => {
    expect(onWebNN(resize(mode, coordinates, nearest, scale)) === undefined).toBe(isTrusted);
  });

  it('is judged by sizes too', () => {
    const sizes = (length: bigint) => [tensor({ name: 's', dims: [1], type: INT64, raw: longs(length) })];
    const nodes = [node('Resize', ['x', '', '', 's'], ['y'])];
    expect(onWebNN(model({ nodes, initializers: sizes(4n) }))).toBeUndefined();
    expect(onWebNN(model({ nodes, initializers: sizes(3n) }))).toContain('Resize to the nearest');
  });
});

describe('WebGPU', () => {
  it('is not trusted with convolutions whose input channels come in threes', () => {
    expect(onWebGPU(convolution([8, 6, 3, 3]))).toBe(
      'WebGPU is not trusted with this model: with Conv of 6 input channels and 8 output channels onnxruntime computes wrong numbers',
    );
    expect(onWebGPU(convolution([128, 129, 3]))).toContain('129 input channels');
  });

  it('is not trusted with weights that are cast', () => {
    const nodes = [node('Cast', ['half'], ['w']), node('Conv', ['x', 'w'], ['y'])];
    const initializers = [tensor({ name: 'half', dims: [8, 6, 3, 3], type: 10 })];
    expect(onWebGPU(model({ nodes, initializers }))).toContain('6 input channels');
  });

  it.each([
    ['of 3 input channels', convolution([64, 3, 7, 7])],
    ['of 12 input channels', convolution([8, 12, 3, 3])],
    ['of 6 output channels', convolution([6, 6, 3, 3])],
    ['with a kernel of one place', convolution([8, 6, 1, 1])],
    ['in groups', convolution([8, 6, 3, 3], [integerAttribute('group', 2)])],
    ['of weights that nothing is known of', only('Conv', [], ['x', 'w'])],
  ])('is trusted with those %s', (_what, bytes) => {
    expect(onWebGPU(bytes)).toBeUndefined();
  });
});

describe('random operators', () => {
  it('are found, but for Dropout where nothing is trained', () => {
    expect(examine(only('RandomNormalLike'), 'gpu').isRandom).toBe(true);
    expect(examine(only('Dropout'), 'gpu').isRandom).toBe(false);
    expect(examine(only('Dropout', [], ['x', 'ratio', 'training']), 'gpu').isRandom).toBe(true);
  });
});

describe('hostile bytes', () => {
  it('throw nothing, however they are cut or changed', () => {
    const bytes = convolution([8, 6, 3, 3], [integerAttribute('group', 1), listAttribute('pads', 1, 1)]);
    for (let end = 0; end < bytes.byteLength; end++) examine(bytes.slice(0, end), 'tpu');
    for (let at = 0; at < bytes.byteLength; at++) {
      for (const byte of [0, 0x7f, 0x80, 0xff]) examine(bytes.with(at, byte), 'tpu');
    }
  });

  it('end at a hundred levels of subgraphs', () => {
    let inner = graph({ nodes: [node('GatherElements', ['x', 'x'], ['y'])] });
    for (let level = 0; level < 60; level++) {
      inner = graph({ nodes: [node('If', ['x'], ['y'], { attributes: [graphAttribute('then_branch', inner)] })] });
    }
    expect(onWebNN(field(7, inner))).toBeUndefined();
  });

  it('of weights are passed by', () => {
    const weights = tensor({ name: 'w', dims: [2 ** 16], raw: new Uint8Array(2 ** 18) });
    const bytes = model({ nodes: [node('GatherElements', ['x', 'x'], ['y'])], initializers: [weights] });
    const reads = { count: 0 };
    const watched = new Proxy(bytes, {
      get(target, key) {
        if (typeof key === 'string' && /^\d/.test(key)) reads.count++;
        const member = Reflect.get(target, key, target);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    expect(onWebNN(watched)).toContain('GatherElements');
    expect(reads.count).toBeLessThan(2000);
  });
});
