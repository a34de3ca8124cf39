import 'fake-indexeddb/auto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createEchoBackend } from '../backends/echo.js';
import { createOnnxBackend } from '../backends/onnx/onnx.js';
import { openTestModels, openUncachedModels, startTestServer } from '../models/models.fixture.js';
import type { ModelsOption } from '../models/registry.js';
import { byteLengthOf, type NamedTensor, type TensorType, tensorTypes } from '../standard/tensor.js';
import { connectTestClient, openTestHub } from './hub.fixture.js';

/** The hub with real backends and a real registry. */

describe('the hub with the echo backend', () => {
  async function start() {
    const models = openUncachedModels({ echo: { backend: 'echo', target: 'gpu' } });
    const { hub, events } = openTestHub({ backends: [createEchoBackend()], models });
    const client = connectTestClient(hub);
    return { client, events, info: await client.loadByName('echo') };
  }

  function tensor(name: string, type: TensorType, dimensions: readonly number[]): NamedTensor {
    const data = Uint8Array.from({ length: byteLengthOf(type, dimensions) }, (_, index) => index * 7 + 1);
    return [name, { type, dimensions, data }];
  }

  it('answers with its inputs, of every type, rank and name, in their order', async () => {
    const { client, info } = await start();
    const shapes = [[], [0], [3], [2, 0, 3], [1, 1, 1, 1, 5], [2, 1, 2, 1, 2, 1, 2]];
    const all = tensorTypes.flatMap((type) => shapes.map((shape) => tensor(`${type} [${shape}]`, type, shape)));
    const named = ['1', '', '0', '模型', 'a'.repeat(1000)].map((name) => tensor(name, 'U8', [1]));
    for (const inputs of [[], all, all.toReversed(), named])
      expect(await client.compute(info.id, inputs)).toEqual(inputs);
  });

  it('still has its inputs checked', async () => {
    const { client, info } = await start();
    const twoBytes: NamedTensor = ['x', { type: 'FP32', dimensions: [1], data: new Uint8Array(2) }];
    const negative: NamedTensor = ['x', { type: 'U8', dimensions: [-1, -1], data: new Uint8Array(1) }];
    for (const [inputs, message] of [
      [[twoBytes], 'compute: input "x": FP32 [1] has 4 bytes, but 2 came'],
      [[negative], 'the axes of U8 [-1, -1] are not all whole numbers'],
      [[tensor('x', 'U8', [1]), tensor('x', 'I64', [2])], 'more than once'],
    ] satisfies [NamedTensor[], string][]) {
      await expect(client.compute(info.id, inputs)).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining(message),
      });
    }
  });

  it('runs on the CPU, and serves no bytes', async () => {
    const { client, info, events } = await start();
    expect({ ...info }).toMatchObject({ backend: 'echo', inputs: 'any', outputs: 'any' });
    expect(events).toMatchObject([{ type: 'load', name: 'echo', device: { target: 'cpu', provider: 'javascript' } }]);
    await expect(client.load([new TextEncoder().encode('bytes')], 'onnx', 'cpu')).rejects.toMatchObject({
      code: 'invalid-encoding',
    });
  });
});

describe('the hub with the ONNX backend', () => {
  const file = readFileSync(path.resolve(import.meta.dirname, '../../public/models/digits.onnx'));
  const digits = () => new Uint8Array(file);
  const backends = [createOnnxBackend({ allowSoftwareAdapter: false })];

  function blank(name = 'image'): NamedTensor {
    return [name, { type: 'FP32', dimensions: [1, 1, 28, 28], data: new Uint8Array(4 * 28 * 28) }];
  }

  it.each(['onnx', 'autodetect'] as const)('computes a graph that is loaded as %s', async (encoding) => {
    const client = connectTestClient(openTestHub({ backends }).hub);
    const { id, backend, inputs } = await client.load([digits()], encoding, 'cpu');
    expect(backend).toBe('onnxruntime-web');
    expect(inputs).toEqual([{ name: 'image', type: 'FP32', shape: [1, 1, 28, 28] }]);
    const [output] = await client.compute(id, [blank()]);
    expect(output).toMatchObject(['scores', { type: 'FP32', dimensions: [1, 10] }]);
    await expect(client.compute(id, [['image', { ...blank()[1], dimensions: [28, 28] }]])).rejects.toThrow(
      'expects FP32',
    );
  });

  it('gives two clients of one name the same answer, in this engine and in the next', async () => {
    const models = openUncachedModels({ digits: { data: digits(), target: 'gpu' } });
    const { hub, events, engines } = openTestHub({ backends, models });
    const [first, second] = [connectTestClient(hub), connectTestClient(hub)];
    const [one, two] = [await first.loadByName('digits'), await second.loadByName('digits')];
    expect(events.map(({ type }) => type)).toEqual(['fallback', 'load']);
    const answers = [await first.compute(one.id, [blank()]), await second.compute(two.id, [blank('0')])];
    await first.unload(one.id);
    engines[0]?.crash('it crashed');
    answers.push(await second.compute(two.id, [blank()]));
    expect(answers).toEqual(Array(3).fill(answers[0]));
  });

  it('drops a cached file that turns out to be no model', async () => {
    vi.stubGlobal('indexedDB', new IDBFactory());
    let served = digits().slice(0, 1000);
    const server = await startTestServer((_request, response) => response.end(served));
    onTestFinished(server.stop);
    const option: ModelsOption = { m: { url: 'm.onnx', immutable: true } };
    const { hub } = openTestHub({ backends, models: openTestModels(option, server.url).models });
    const client = connectTestClient(hub);
    await expect(client.loadByName('m')).rejects.toMatchObject({
      code: 'invalid-encoding',
      message: expect.stringMatching(/^load-by-name: model "m": load: onnxruntime cannot load the model/),
    });
    served = digits();
    expect((await client.loadByName('m')).backend).toBe('onnxruntime-web');
  });
});
