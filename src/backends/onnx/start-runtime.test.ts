import * as ort from 'onnxruntime-web/wasm';
import { expect, it, vi } from 'vitest';
import { model, node, value } from './model.fixture.js';

const identity = model({
  nodes: [node('Identity', ['x'], ['y'])],
  inputs: [value('x', [1])],
  outputs: [value('y', [1])],
});

it('starts the runtime once, before the first session, and a load meanwhile waits for it', async () => {
  const create = vi.spyOn(ort.InferenceSession, 'create');
  // Another test of this process may have started the runtime.
  vi.resetModules();
  const { createOnnxBackend } = await import('./onnx.js');
  const backend = createOnnxBackend({ allowSoftwareAdapter: false });
  const prepared = Promise.all([backend.prepare?.(), backend.prepare?.()]);
  const graph = await backend.load([identity], { target: 'cpu' });
  await prepared;

  // The first is that of the smallest model.
  expect(create).toHaveBeenCalledTimes(2);
  await expect(Promise.all(create.mock.results.map(({ value }) => value))).resolves.toHaveLength(2);
  expect(graph.device.provider).toBe('wasm');

  await backend.prepare?.();
  expect(create).toHaveBeenCalledTimes(2);
});
