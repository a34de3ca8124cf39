import { expect, it } from 'vitest';
import { nameModels } from './name-models.js';

it('names files by what their endings say', () => {
  const blob = new Blob();
  const files = new Map(
    ['a/digits.onnx', 'story.gguf', 'road.xml', 'road.bin', 'tensor.f32', 'notes.xml'].map((path) => [path, blob]),
  );
  expect(nameModels(files)).toEqual({
    digits: { data: blob, encoding: 'onnx' },
    story: { data: blob, encoding: 'ggml' },
    road: { parts: [{ data: blob }, { data: blob }], encoding: 'openvino' },
  });
});
