import { expect, it } from 'vitest';
import { createEchoBackend } from '../backends/echo.js';
import { openUncachedModels } from '../models/models.fixture.js';
import { byteLengthOf, type NamedTensor, type TensorType, tensorTypes } from '../standard/tensor.js';
import { createEngine, type EngineEvent } from './engine.js';

/** A guest's link to an engine that knows the model `echo`, and the engine's events. */
function start() {
  const events: EngineEvent[] = [];
  const models = openUncachedModels({ echo: { backend: 'echo', target: 'gpu' } });
  const engine = createEngine({
    backends: [createEchoBackend()],
    models,
    onEvent: (event) => events.push(event),
  });
  return { link: engine.connect(), events };
}

function tensor(name: string, type: TensorType, dimensions: readonly number[]): NamedTensor {
  const data = Uint8Array.from({ length: byteLengthOf(type, dimensions) }, (_, index) => index * 7 + 1);
  return [name, { type, dimensions, data }];
}

it('answers with its inputs, of every type and rank, in their order', async () => {
  const { link } = start();
  const { id } = await link.loadByName('echo');
  const shapes = [[], [0], [3], [2, 0, 3], [1, 1, 1, 1, 5], [2, 1, 2, 1, 2, 1, 2]];
  const all = tensorTypes.flatMap((type) => shapes.map((shape) => tensor(`${type} [${shape}]`, type, shape)));
  for (const inputs of [[], all, all.toReversed()]) expect(await link.compute(id, inputs)).toEqual(inputs);
});

it('takes names for what they are, also numbers', async () => {
  const { link } = start();
  const { id } = await link.loadByName('echo');
  const inputs = ['1', '', '0', '模型', 'a'.repeat(1000)].map((name) => tensor(name, 'U8', [1]));
  expect(await link.compute(id, inputs)).toEqual(inputs);
});

it('still has its inputs checked', async () => {
  const { link } = start();
  const { id } = await link.loadByName('echo');
  const twoBytes: NamedTensor = ['x', { type: 'FP32', dimensions: [1], data: new Uint8Array(2) }];
  await expect(link.compute(id, [twoBytes])).rejects.toMatchObject({
    code: 'invalid-argument',
    message: 'compute: input "x": FP32 [1] has 4 bytes, but 2 came',
  });
  const negative: NamedTensor = ['x', { type: 'U8', dimensions: [-1, -1], data: new Uint8Array(1) }];
  await expect(link.compute(id, [negative])).rejects.toThrow('the axes of U8 [-1, -1] are not all whole numbers');
  await expect(link.compute(id, [tensor('x', 'U8', [1]), tensor('x', 'I64', [2])])).rejects.toThrow('more than once');
});

it('runs on the CPU, and says what it takes', async () => {
  const { link, events } = start();
  const info = await link.loadByName('echo');
  expect(info).toMatchObject({ backend: 'echo', inputs: 'any', outputs: 'any' });
  expect(events).toEqual([
    {
      type: 'load',
      name: 'echo',
      backend: 'echo',
      device: { target: 'cpu', provider: 'javascript', description: 'echo' },
      inputs: 'any',
      outputs: 'any',
    },
  ]);
});

it('is no backend for bytes, whatever their encoding', async () => {
  const { link } = start();
  await expect(link.load([new TextEncoder().encode('bytes')], 'onnx', 'cpu')).rejects.toMatchObject({
    code: 'invalid-encoding',
  });
});
