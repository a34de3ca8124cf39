import { describe, expect, it } from 'vitest';
import { WasiNNError } from './error.js';
import { matchInput, matchInputs } from './match-inputs.js';
import { byteLengthOf, type NamedTensor, type TensorInfo, type TensorType } from './tensor.js';

function tensor(name: string, type: TensorType, dimensions: number[], bytes?: number): NamedTensor {
  return [name, { type, dimensions, data: new Uint8Array(bytes ?? byteLengthOf(type, dimensions)) }];
}

const image: TensorInfo = { name: 'image', type: 'FP32', shape: [1, 3, 2, 2] };
const rate: TensorInfo = { name: 'rate', type: 'I64', shape: [] };
const frames: TensorInfo = { name: 'frames', type: 'U8', shape: ['batch', 4, '?'] };
const open: TensorInfo = { name: 'open', type: 'U8', shape: ['n', 'm'] };
const mask: TensorInfo = { name: 'mask', type: 'bool', shape: [2] };

function errorOf(expected: readonly TensorInfo[], given: readonly NamedTensor[]): WasiNNError {
  try {
    matchInputs(expected, given);
  } catch (cause) {
    if (cause instanceof WasiNNError) return cause;
    throw cause;
  }
  throw new Error('the inputs were accepted');
}

describe('matchInputs takes', () => {
  it.each([
    ['a tensor by its name', [image], [tensor('image', 'FP32', [1, 3, 2, 2])]],
    ['a tensor by its position', [image], [tensor('0', 'FP32', [1, 3, 2, 2])]],
    ['a position with leading zeros', [image, rate], [tensor('001', 'I64', []), tensor('0', 'FP32', [1, 3, 2, 2])]],
    ['tensors in any order', [image, rate], [tensor('rate', 'I64', []), tensor('image', 'FP32', [1, 3, 2, 2])]],
    ['names and positions together', [image, rate], [tensor('1', 'I64', []), tensor('image', 'FP32', [1, 3, 2, 2])]],
    ['any length of an open axis', [frames], [tensor('frames', 'U8', [7, 4, 11])]],
    ['an open axis of length 0', [frames], [tensor('frames', 'U8', [0, 4, 11])]],
    ['a scalar', [rate], [tensor('rate', 'I64', [])]],
    ['any rank where the shape has no axes', [rate], [tensor('rate', 'I64', [1])]],
    ['nothing where the graph has no inputs', [], []],
  ] satisfies [string, TensorInfo[], NamedTensor[]][])('%s', (_what, expected, given) => {
    const matched = matchInputs(expected, given);
    expect([...matched.keys()].sort()).toEqual(expected.map(({ name }) => name).sort());
  });

  it('each tensor for the input it was meant for', () => {
    const first = tensor('1', 'FP32', [1, 3, 2, 2]);
    const second = tensor('0', 'I64', []);
    const matched = matchInputs([rate, image], [first, second]);
    expect(matched.get('image')).toBe(first[1]);
    expect(matched.get('rate')).toBe(second[1]);
  });

  it('a number that is the name of an input as that name, before it is a position', () => {
    const zero: TensorInfo = { name: '0', type: 'U8', shape: [1] };
    const one: TensorInfo = { name: '1', type: 'U8', shape: [2] };
    const matched = matchInputs([one, zero], [tensor('0', 'U8', [1]), tensor('1', 'U8', [2])]);
    expect(matched.get('0')?.dimensions).toEqual([1]);
    expect(matched.get('1')?.dimensions).toEqual([2]);
  });
});

describe('matchInputs refuses', () => {
  const fitting = tensor('image', 'FP32', [1, 3, 2, 2]);
  const imageInWords = 'input "image" expects FP32 [1, 3, 2, 2]';

  it.each([
    [
      'an unknown name',
      [image],
      [tensor('Image', 'FP32', [1, 3, 2, 2])],
      'no input "Image"; it has "image" FP32 [1, 3',
    ],
    ['the empty name', [image], [tensor('', 'FP32', [1, 3, 2, 2])], 'no input ""; it has "image"'],
    ['a position too far', [image], [tensor('1', 'FP32', [1, 3, 2, 2])], 'no input "1"; it has "image"'],
    ['a negative position', [image], [tensor('-1', 'FP32', [1, 3, 2, 2])], 'no input "-1"'],
    ['a position with a fraction', [image], [tensor('0.0', 'FP32', [1, 3, 2, 2])], 'no input "0.0"'],
    ['a position of many digits', [image], [tensor('0000000000', 'FP32', [1])], 'no input "0000000000"'],
    ['what only JavaScript has', [image], [tensor('constructor', 'FP32', [1])], 'no input "constructor"'],
    ['any tensor of a graph without inputs', [], [fitting], 'no input "image"; it has no inputs'],
    ['a name twice', [image], [fitting, fitting], 'input "image" came more than once'],
    ['a name and its position', [image], [fitting, tensor('0', 'FP32', [1, 3, 2, 2])], '"image" came more than once'],
    ['nothing', [image, rate], [], 'input "image", "rate" is missing; the graph has "image" FP32 [1, 3, 2, 2], "rate"'],
    ['less than all', [image, rate], [fitting], 'input "rate" is missing; the graph has "image" FP32'],
    ['another type', [image], [tensor('image', 'U8', [1, 3, 2, 2])], `${imageInWords}, but U8 [1, 3, 2, 2] came`],
    ['a type of the same width', [image], [tensor('image', 'I32', [1, 3, 2, 2])], `${imageInWords}, but I32 [1, 3,`],
    ['BF16 for FP16', [{ ...image, type: 'FP16' }], [tensor('image', 'BF16', [1, 3, 2, 2])], 'but BF16 [1, 3, 2, 2]'],
    ['any for a type that wasi-nn lacks', [mask], [tensor('mask', 'U8', [2])], 'expects bool [2], but U8 [2] came'],
    ['too few axes', [image], [tensor('image', 'FP32', [3, 2, 2])], `${imageInWords}, but the shape [3, 2, 2] came`],
    ['too many axes', [image], [tensor('image', 'FP32', [1, 1, 3, 2, 2])], 'but the shape [1, 1, 3, 2, 2] came'],
    ['an axis more at the end', [image], [tensor('image', 'FP32', [1, 3, 2, 2, 1])], 'shape [1, 3, 2, 2, 1] came'],
    ['a scalar for open axes', [open], [tensor('open', 'U8', [])], 'expects U8 [n, m], but the shape [] came'],
    ['a scalar for axes', [image], [tensor('image', 'FP32', [])], `${imageInWords}, but the shape [] came`],
    ['another length', [image], [tensor('image', 'FP32', [1, 3, 2, 3])], 'but the shape [1, 3, 2, 3] came'],
    ['the last axis first', [image], [tensor('image', 'FP32', [1, 2, 2, 3])], 'but the shape [1, 2, 2, 3] came'],
    [
      'an open axis missing',
      [frames],
      [tensor('frames', 'U8', [4, 11])],
      'expects U8 [batch, 4, ?], but the shape [4,',
    ],
    ['a fixed axis beside an open one', [frames], [tensor('frames', 'U8', [1, 5, 1])], 'but the shape [1, 5, 1] came'],
    ['a byte too few', [image], [tensor('image', 'FP32', [1, 3, 2, 2], 47)], 'has 48 bytes, but 47 came'],
    ['a byte too many', [image], [tensor('image', 'FP32', [1, 3, 2, 2], 49)], 'has 48 bytes, but 49 came'],
    ['no bytes', [image], [tensor('image', 'FP32', [1, 3, 2, 2], 0)], '"image": FP32 [1, 3, 2, 2] has 48 bytes, but 0'],
    ['bytes for an empty tensor', [frames], [tensor('frames', 'U8', [0, 4, 1], 1)], 'has 0 bytes, but 1 came'],
    ['half a scalar', [rate], [tensor('rate', 'I64', [], 4)], 'input "rate": I64 [] has 8 bytes, but 4 came'],
    ['an absurd shape', [frames], [tensor('frames', 'U8', [0xffffffff, 4, 0xffffffff], 4)], 'bytes, but 4 came'],
    ['negative lengths', [frames], [tensor('frames', 'U8', [-1, 4, -1], 4)], '[-1, 4, -1]'],
    ['lengths with a fraction', [frames], [tensor('frames', 'U8', [0.5, 4, 2], 4)], '[0.5, 4, 2]'],
  ] satisfies [string, TensorInfo[], NamedTensor[], string][])('%s', (_what, expected, given, text) => {
    const error = errorOf(expected, given);
    expect(error.code).toBe('invalid-argument');
    expect(error.message).toMatch(/^compute: /);
    expect(error.message).toContain(text);
  });

  it('quotes what could be mistaken for the text around it', () => {
    expect(errorOf([image], [tensor('a"\n; b', 'U8', [1])]).message).toContain('no input "a\\"\\n; b"; it has');
  });

  it('shows a name of 200 characters whole, and cuts a longer one', () => {
    const textOf = (length: number) => errorOf([image], [tensor('n'.repeat(length), 'U8', [1])]).message;
    expect(textOf(200)).toContain(`no input "${'n'.repeat(200)}"; it has`);
    expect(textOf(201)).toContain(`no input "${'n'.repeat(200)}…"; it has`);
  });

  it('cuts a very long name', () => {
    const { message } = errorOf([image], [tensor('n'.repeat(1_000_000), 'U8', [1])]);
    expect(message).toContain(`no input "${'n'.repeat(200)}…"; it has "image"`);
    expect(message.length).toBeLessThan(400);
  });
});

describe('matchInput', () => {
  it('gives the name of the input that a tensor is for', () => {
    expect(matchInput('set-input', [image, rate], tensor('1', 'I64', []))).toBe('rate');
  });

  it('says what was being done', () => {
    expect(() => matchInput('set-input', [rate], tensor('rate', 'I32', []))).toThrow(
      /^set-input: input "rate" expects I64 \[\], but I32 \[\] came$/,
    );
  });
});
