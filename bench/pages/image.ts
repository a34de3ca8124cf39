import type { Input } from './input.js';

export const squeezenetUrl = '/fixtures/models/squeezenet.onnx';
export const imageShape = [1, 3, 224, 224];

/** How many classes SqueezeNet scores. */
export const classes = 1000;

/** What SqueezeNet classifies in all scenarios. */
export const image: Input = {
  name: 'data',
  ty: 'FP32',
  dimensions: imageShape,
  data: new Uint8Array(Float32Array.from({ length: 3 * 224 * 224 }, (_, index) => Math.sin(index)).buffer),
};
