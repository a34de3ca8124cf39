import { describe, expect, it } from 'vitest';
import { imageTensor, pictureInput } from './image-tensor.js';

const image = { width: 2, height: 1, pixels: Uint8Array.of(255, 0, 51, 255, 0, 255, 102, 255) };

describe('pictureInput', () => {
  it.each([
    [[1, 3, 32, 64], { width: 64, height: 32, isInterleaved: false }],
    [[1, 32, 64, 3], { width: 64, height: 32, isInterleaved: true }],
    [['N', 3, 'H', 'W'], { width: 224, height: 224, isInterleaved: false }],
  ])('reads %j', (shape, expected) => {
    expect(pictureInput({ name: 'x', type: 'FP32', shape })).toMatchObject(expected);
  });

  it.each([
    ['another type', { name: 'x', type: 'I64', shape: [1, 3, 8, 8] }],
    ['no picture', { name: 'x', type: 'FP32', shape: [1, 768] }],
  ])('refuses %s', (_what, info) => {
    expect(() => pictureInput(info)).toThrow('Expected a model that takes a picture');
  });
});

describe('imageTensor', () => {
  const input = { name: 'x', type: 'FP32', width: 2, height: 1, isInterleaved: false } as const;

  it('puts each colour in a plane of its own', () => {
    const { data, dimensions } = imageTensor(image, input, 'bytes');
    expect([dimensions, [...data]]).toEqual([
      [1, 3, 1, 2],
      [255, 0, 0, 255, 51, 102],
    ]);
  });

  it('leaves colours side by side, and whole numbers as they are', () => {
    const { data, dimensions } = imageTensor(image, { ...input, type: 'U8', isInterleaved: true }, 'imagenet');
    expect([dimensions, [...data]]).toEqual([
      [1, 1, 2, 3],
      [255, 0, 51, 0, 255, 102],
    ]);
  });

  it.each([
    ['unit', 1],
    ['centred', 1],
    ['imagenet', (1 - 0.485) / 0.229],
  ] as const)('scales by %s', (scaling, expected) => {
    expect(imageTensor(image, input, scaling).data[0]).toBeCloseTo(expected, 5);
  });
});
