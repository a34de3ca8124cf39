import { noteFirstLabel } from './first-label.js';
import { image, imageShape, squeezenetUrl } from './image.js';

/** A page that classifies one image by onnxruntime-web, as someone would write it who knows how many threads to give it. */
noteFirstLabel(async () => {
  const ort = await import('onnxruntime-web/wasm');
  ort.env.wasm.numThreads = Math.min(8, navigator.hardwareConcurrency);
  const session = await ort.InferenceSession.create(squeezenetUrl);
  const pixels = new Float32Array(image.data.slice().buffer);
  const results = await session.run({ [image.name]: new ort.Tensor('float32', pixels, imageShape) });
  return results[session.outputNames[0] ?? '']?.data;
});
