import type { InputTensor, TensorInfo } from '../../src/index.js';
import type { Image } from '../classify/classifier.js';

/** What numbers the colours of a pixel become. */
export const scalings = ['imagenet', 'unit', 'centred', 'bytes'] as const;
export type Scaling = (typeof scalings)[number];

const imagenet = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };

/** How a model wants its picture. */
export interface PictureInput {
  readonly name: string;
  readonly type: 'FP32' | 'U8';
  readonly width: number;
  readonly height: number;
  /** Whether the three colours of a pixel lie side by side, and not each in a plane of its own. */
  readonly isInterleaved: boolean;
}

/**
 * Reads from what a graph declares how it wants its picture.
 *
 * @throws Error where it takes something else than one picture
 */
export function pictureInput({ name, type, shape }: TensorInfo): PictureInput {
  const [, second, third, fourth] = shape;
  const isInterleaved = fourth === 3;
  const [height, width] = isInterleaved ? [second, third] : [third, fourth];
  const isPicture = shape.length === 4 && (isInterleaved || second === 3);
  if (!isPicture || (type !== 'FP32' && type !== 'U8')) {
    throw new Error(
      `Expected a model that takes a picture, [1, 3, height, width] of FP32 or U8; "${name}" is ${type} [${shape.join(', ')}].`,
    );
  }
  // A model that leaves its size open takes what most were trained on.
  const length = (value: number | string | undefined) => (typeof value === 'number' && value > 0 ? value : 224);
  return { name, type, width: length(width), height: length(height), isInterleaved };
}

/** @param image as wide and as high as the input */
export function imageTensor({ pixels }: Image, input: PictureInput, scaling: Scaling): InputTensor {
  const { width, height, type, isInterleaved } = input;
  const count = width * height;
  const data = type === 'U8' ? new Uint8Array(3 * count) : new Float32Array(3 * count);
  for (let pixel = 0; pixel < count; pixel++) {
    for (let colour = 0; colour < 3; colour++) {
      const value = pixels[4 * pixel + colour] ?? 0;
      const place = isInterleaved ? 3 * pixel + colour : colour * count + pixel;
      data[place] = type === 'U8' ? value : scale(value, colour, scaling);
    }
  }
  const dimensions = isInterleaved ? [1, height, width, 3] : [1, 3, height, width];
  return { dimensions, type, data };
}

function scale(value: number, colour: number, scaling: Scaling): number {
  switch (scaling) {
    case 'imagenet':
      return (value / 255 - (imagenet.mean[colour] ?? 0)) / (imagenet.deviation[colour] ?? 1);
    case 'unit':
      return value / 255;
    case 'centred':
      return value / 127.5 - 1;
    case 'bytes':
      return value;
  }
}
