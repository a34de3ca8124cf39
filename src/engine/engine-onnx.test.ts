import 'fake-indexeddb/auto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createOnnxBackend } from '../backends/onnx/onnx.js';
import { openTestModels, openUncachedModels, startTestServer } from '../models/models.fixture.js';
import type { NamedModels } from '../models/models.js';
import type { ModelsOption } from '../models/registry.js';
import type { GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { NamedTensor } from '../standard/tensor.js';
import { createEngine, type EngineEvent } from './engine.js';

/** The engine as its worker assembles it, but for the cache: a real backend and a real registry. */

const file = readFileSync(path.resolve(import.meta.dirname, '../../public/models/digits.onnx'));
const digits = (): GraphBuilder => new Uint8Array(file);

function blank(): NamedTensor {
  return ['image', { type: 'FP32', dimensions: [1, 1, 28, 28], data: new Uint8Array(4 * 28 * 28) }];
}

function start(option: ModelsOption, models: NamedModels = openUncachedModels(option)) {
  const events: EngineEvent[] = [];
  const engine = createEngine({
    backends: [createOnnxBackend({ allowSoftwareAdapter: false })],
    models,
    onEvent: (event) => events.push(event),
  });
  return { engine, events };
}

describe('the engine with the ONNX backend', () => {
  it.each(['onnx', 'autodetect'] satisfies GraphEncoding[])(
    'computes a graph that is loaded as %s',
    async (encoding) => {
      const { engine } = start({});
      const guest = engine.connect();
      const { id, backend, inputs } = await guest.load([digits()], encoding, 'cpu');
      expect(backend).toBe('onnxruntime-web');
      expect(inputs).toEqual([{ name: 'image', type: 'FP32', shape: [1, 1, 28, 28] }]);
      const [output] = await guest.compute(id, [blank()]);
      expect(output).toMatchObject(['scores', { type: 'FP32', dimensions: [1, 10] }]);
      await guest.close();
    },
  );

  it('gives two guests of one name the same answer, also after one has gone', async () => {
    const { engine, events } = start({ digits: { data: digits(), target: 'gpu' } });
    const [first, second] = [engine.connect(), engine.connect()];
    const [one, two] = await Promise.all([first.loadByName('digits'), second.loadByName('digits')]);
    expect(events.map(({ type }) => type)).toEqual(['fallback', 'load']);

    const answers = await Promise.all([first.compute(one.id, [blank()]), second.compute(two.id, [blank()])]);
    expect(answers[0]).toEqual(answers[1]);
    await first.close();
    expect(await second.compute(two.id, [['0', blank()[1]]])).toEqual(answers[1]);
    await second.close();
  });

  it('finishes a computation that is under way when the graph is unloaded', async () => {
    const { engine } = start({});
    const guest = engine.connect();
    const { id } = await guest.load([digits()], 'onnx', 'cpu');
    const [outputs] = await Promise.all([guest.compute(id, [blank()]), guest.unload(id)]);
    expect(outputs).toHaveLength(1);
    await expect(guest.compute(id, [blank()])).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('refuses two parts', async () => {
    const guest = start({}).engine.connect();
    await expect(guest.load([digits(), digits()], 'onnx', 'cpu')).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'invalid-argument',
      message: expect.stringContaining('1 part (the .onnx file), but 2 came'),
    });
  });

  it('drops a cached model that turns out to be damaged', async () => {
    vi.stubGlobal('indexedDB', new IDBFactory());
    onTestFinished(() => void vi.unstubAllGlobals());
    let served = digits().slice(0, 1000);
    const server = await startTestServer((_request, response) => response.end(served));
    onTestFinished(server.stop);
    const option = { m: { url: 'm.onnx', immutable: true } };
    const { engine } = start(option, openTestModels(option, server.url).models);
    await expect(engine.connect().loadByName('m')).rejects.toMatchObject({
      code: 'invalid-encoding',
      message: expect.stringMatching(/^load-by-name: model "m": load: onnxruntime cannot load the model/),
    });

    served = digits();
    expect((await engine.connect().loadByName('m')).backend).toBe('onnxruntime-web');
  });
});
