import { expect, it } from 'vitest';
import { parseTable } from '../models/registry.js';
import { createExpectedRuntime } from './expected-runtime.js';
import { connectTestClient, openTestHub } from './hub.fixture.js';

const registryOf = (models: object) => parseTable(models, 'https://page.example/');
const expectedOf = (models: object) => createExpectedRuntime(() => registryOf(models));

it.each([
  ['a file by its name', { x: 'models/x.onnx' }],
  ['a file by its encoding', { x: { url: 'models/x', encoding: 'onnx' } }],
  ['a model with external data', { x: { parts: ['x.ORT', 'x.data'] } }],
])('onnxruntime on the CPU is expected for %s', (_, models) => {
  expect(expectedOf(models).byAll()).toBe(true);
  expect(expectedOf(models).by('x')).toBe(true);
});

it.each([
  ['another target', { url: 'x.onnx', target: 'gpu' }],
  ['another encoding', { url: 'x.onnx', encoding: 'ggml' }],
  ['a file that may be anything', 'models/x'],
  ['bytes', { data: new Uint8Array(8) }],
  ['the echo backend', { backend: 'echo' }],
])('nothing is expected for %s', (_, entry) => {
  const expected = expectedOf({ x: entry, y: 'y.onnx' });
  expect(expected.by('x')).toBe(false);
  expect(expected.by('y')).toBe(true);
  expect(expected.byAll()).toBe(false);
});

it('nothing is expected of names that are not registered, nor of no models', () => {
  expect(expectedOf({}).byAll()).toBe(false);
  expect(expectedOf({ x: 'x.onnx' }).by('constructor')).toBe(false);
});

it('the engine starts the runtime with the hub where all models need it', () => {
  const { hub, preparations } = openTestHub({ entries: () => registryOf({ x: 'x.onnx' }) });
  hub.start();
  expect(preparations).toEqual(['cpu']);
});

it('the engine starts the runtime while a model is opened that needs it', async () => {
  const { hub, preparations } = openTestHub({ entries: () => registryOf({ x: 'x.onnx', y: { backend: 'echo' } }) });
  hub.start();
  const client = connectTestClient(hub);
  await client.loadByName('y');
  expect(preparations).toEqual([]);
  await client.loadByName('x');
  expect(preparations).toEqual(['cpu']);
});
