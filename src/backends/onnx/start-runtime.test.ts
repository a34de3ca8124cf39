import * as ort from 'onnxruntime-web/wasm';
import { expect, it, vi } from 'vitest';
import { model, node, value } from './model.fixture.js';
import { createOnnxBackend } from './onnx.js';

const options = { allowSoftwareAdapter: false };
const identity = model({
  nodes: [node('Identity', ['x'], ['y'])],
  inputs: [value('x', [1])],
  outputs: [value('y', [1])],
});

it('starts the runtime once, before the first session, and a load meanwhile waits for it', async () => {
  const create = vi.spyOn(ort.InferenceSession, 'create');
  const backend = createOnnxBackend(options);
  const [graph] = await Promise.all([
    Promise.all([backend.prepare?.(), backend.prepare?.()]).then(() => backend.load([identity], { target: 'cpu' })),
    backend.load([identity], { target: 'cpu' }),
  ]);
  // The first is that of the smallest model.
  expect(create).toHaveBeenCalledTimes(3);
  await expect(Promise.all(create.mock.results.map(({ value }) => value))).resolves.toHaveLength(3);
  expect(graph?.device.provider).toBe('wasm');

  await backend.prepare?.();
  expect(create).toHaveBeenCalledTimes(3);
});
