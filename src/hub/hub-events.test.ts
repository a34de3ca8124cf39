import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { NamedModels, OpenModel } from '../models/models.js';
import { WasiNNError } from '../standard/error.js';
import type { Client } from './client.js';
import { input, loadOnnx, modelBlob, modelsOf, onDevice, openModel, openTestHub, until } from './hub.fixture.js';

/** What the hub reports to the page: events, measures, statistics, and how it loads. */

const mebibyte = 1 << 20;

const loaded = {
  type: 'load',
  backend: 'fake',
  device: { target: 'cpu', provider: 'wasm', description: 'fake cpu' },
  inputs: 'any',
  outputs: 'any',
} as const;

describe('a load', () => {
  it('passes the parts and the target on, and describes the graph', async () => {
    const { hub, fake, events } = openTestHub();
    const info = await hub.connect().load([modelBlob(), new Blob(['second'])], 'onnx', 'gpu');
    expect(fake.loads).toEqual([
      {
        parts: [Uint8Array.of(8, 7, 18, 0), new TextEncoder().encode('second')],
        options: {
          target: 'gpu',
          fallback: true,
          avoid: {},
          onMove: expect.any(Function),
          onAbort: expect.any(Function),
        },
      },
    ]);
    const { type, ...described } = { ...loaded, device: expect.objectContaining({ target: 'gpu' }) };
    expect(info).toEqual({ id: expect.any(Number), ...described });
    expect(events).toEqual([{ type, ...described }]);
  });

  it('is reported after what was tried in vain, with the name', async () => {
    const { hub, fake, events } = openTestHub({ models: modelsOf({ m: { target: 'tpu' } }) });
    fake.fallback.push({ provider: 'webnn', target: 'tpu', reason: 'no device' });
    await hub.connect().loadByName('m');
    const device = expect.objectContaining({ provider: 'wasm' });
    expect(events).toEqual([
      { type: 'fallback', name: 'm', target: 'tpu', steps: fake.fallback, device },
      { ...loaded, name: 'm', device },
    ]);
  });

  it('by name is as the registry says, with the defaults of the page', async () => {
    const entry: Partial<OpenModel> = { target: 'tpu', freeDimensions: { batch: 1 }, warmup: true };
    const models = modelsOf({ m: entry, n: { fallback: ['wasm'], graphOptimization: 'basic', verify: true } });
    const { hub, fake } = openTestHub({ models, fallback: false });
    for (const name of ['m', 'n']) await hub.connect().loadByName(name);
    const defaults = { target: 'cpu', freeDimensions: {}, warmup: false, outputs: 'bytes' };
    const common = { ...defaults, avoid: {}, onMove: expect.any(Function), onAbort: expect.any(Function) };
    expect(fake.loads.map(({ options }) => options)).toEqual([
      { ...common, ...entry, graphOptimization: 'all', fallback: false },
      { ...common, graphOptimization: 'basic', fallback: ['wasm'], verify: true },
    ]);
  });

  it('of an unknown name starts no engine', async () => {
    const { hub, engines } = openTestHub({ models: modelsOf({}) });
    await expect(hub.connect().loadByName('m')).rejects.toMatchObject({ code: 'not-found' });
    expect(engines).toHaveLength(0);
  });

  it('that fails reports nothing, and has the name of the model and the code of the backend', async () => {
    const { hub, fake, events } = openTestHub();
    fake.faults.load = new WasiNNError('unsupported-operation', 'load: no such operator');
    const client = hub.connect();
    const failure = { name: 'WasiNNError', code: 'unsupported-operation' };
    await expect(client.loadByName('m')).rejects.toMatchObject({
      ...failure,
      message: 'load-by-name: model "m": load: no such operator',
    });
    await expect(loadOnnx(client)).rejects.toMatchObject({ ...failure, message: 'load: no such operator' });
    expect(events).toEqual([]);
  });
});

describe('the models worker', () => {
  function openForgetting(model: Partial<OpenModel> = {}) {
    const forget = vi.fn<NamedModels['forget']>(async () => undefined);
    return { ...openTestHub({ models: { open: async () => openModel(model), forget } }), forget };
  }

  const html = new TextEncoder().encode('<!doctype html>');
  const gguf = new TextEncoder().encode('GGUF\u0003\0\0\0');

  it.each([
    ['the backend', {}],
    ['its first bytes', { parts: [html], encoding: 'autodetect' }],
  ] satisfies [string, Partial<OpenModel>][])(
    'forgets a file that is no model according to %s',
    async (_what, model) => {
      const { hub, fake, forget } = openForgetting(model);
      fake.faults.load = new WasiNNError('invalid-encoding', 'load: not a model');
      await expect(hub.connect().loadByName('m')).rejects.toMatchObject({ code: 'invalid-encoding' });
      expect(forget.mock.calls).toEqual([['m']]);
    },
  );

  it('keeps a model that no backend serves, or that fails otherwise', async () => {
    const { hub, forget } = openForgetting({ parts: [gguf] });
    await expect(hub.connect().loadByName('m')).rejects.toMatchObject({ code: 'invalid-encoding' });
    const failing = openForgetting();
    failing.fake.faults.load = new Error('out of memory');
    await expect(failing.hub.connect().loadByName('m')).rejects.toMatchObject({ code: 'runtime-error' });
    expect([...forget.mock.calls, ...failing.forget.mock.calls]).toEqual([]);
  });
});

describe('a graph that moves to another device in a computation', () => {
  it('is reported once, and its clients get the new device', async () => {
    const { hub, fake, events } = openTestHub({ models: modelsOf({ m: { target: 'gpu' } }), hasAccelerator: true });
    const [first, second] = [hub.connect(), hub.connect()];
    const [one, two] = [await first.loadByName('m'), await second.loadByName('m')];
    const steps = [{ provider: 'webgpu', target: 'gpu', reason: 'no shader' }] as const;
    const device = { target: 'cpu', provider: 'wasm', description: 'fake cpu' };
    fake.move = [...steps];
    expect(await first.compute(one.id, [input(1)])).toEqual({ outputs: [input(2)], device });
    expect(await second.compute(two.id, [input(1)])).toEqual({ outputs: [input(2)], device });
    expect(await first.compute(one.id, [input(1)])).toEqual({ outputs: [input(2)] });
    expect(events.slice(1)).toMatchObject([
      { type: 'fallback', name: 'm', target: 'gpu', steps, device },
      { type: 'load', name: 'm', device },
    ]);
  });
});

describe('whatever a backend throws', () => {
  it.each([new RangeError('out of bounds'), 13_372_040, 'abort'])(
    'reaches the client as a WasiNNError: %s',
    async (fault) => {
      const { hub, fake } = openTestHub();
      const client = hub.connect();
      const { id } = await loadOnnx(client);
      Object.assign(fake.faults, { compute: fault, unload: fault });
      const failure = { name: 'WasiNNError', code: 'runtime-error' };
      await expect(client.compute(id, [input(1)])).rejects.toMatchObject(failure);
      await expect(client.unload(id)).rejects.toMatchObject(failure);
    },
  );

  it('in the release of a graph after its last computation concerns nobody', async () => {
    const { hub, fake } = openTestHub();
    const client = hub.connect();
    const { id } = await loadOnnx(client);
    fake.faults.unload = new Error('it cannot be unloaded');
    const computing = client.compute(id, [input(1)]);
    await client.unload(id);
    expect((await computing).outputs).toEqual([input(2)]);
    await until(() => fake.graphs() === 0);
  });
});

describe('stats', () => {
  it('count clients, graphs and calls, and include the memory', async () => {
    const { hub, fake, engines } = openTestHub();
    expect(hub.stats()).toEqual({ guests: 0, graphs: 0, calls: 0, heapBytes: 0, deviceBytes: 0 });
    const [one, other] = [hub.connect(), hub.connect()];
    const { id } = await one.loadByName('m');
    fake.heap.growth = 5;
    await other.loadByName('n');
    const release = fake.hold();
    const computing = one.compute(id, [input(1)]);
    await until(() => engines[0]?.calls.length === 3);
    expect(hub.stats()).toEqual({ guests: 2, graphs: 2, calls: 1, heapBytes: 5, deviceBytes: 0 });
    release();
    await computing;
    other.close();
    expect(hub.stats()).toEqual({ guests: 1, graphs: 1, calls: 0, heapBytes: 5, deviceBytes: 0 });
    engines[0]?.crash('it crashed');
    expect(hub.stats()).toEqual({ guests: 1, graphs: 1, calls: 0, heapBytes: 0, deviceBytes: 0 });
  });
});

describe('measures', () => {
  it('report what each call was, how long it took and how long it waited', async () => {
    const { hub, events, fake, engines } = openTestHub({ measure: true });
    const client = hub.connect();
    const { id } = await client.loadByName('m');
    const clock = vi.spyOn(performance, 'now').mockReturnValue(100);
    onTestFinished(() => clock.mockRestore());
    const release = fake.hold();
    const blocking = client.compute(id, [input(1)]);
    await until(() => engines[0]?.calls.length === 2);
    const waiting = client.compute(id, [input(1)]);
    clock.mockReturnValue(130);
    release();
    await Promise.all([blocking, waiting]);
    const start = performance.timeOrigin + 100;
    const compute = { type: 'measure', operation: 'compute', name: 'm', start, milliseconds: 30 };
    expect(events.filter(({ type }) => type === 'measure')).toMatchObject([
      { operation: 'load', name: 'm', worked: expect.any(Number) },
      { ...compute, waited: 0, worked: expect.any(Number) },
      { ...compute, waited: 30 },
    ]);
  });

  it('report a tensor that is read from a device, whatever it is read for', async () => {
    const models = modelsOf({ staying: { target: 'gpu', outputs: 'device' }, 'on-cpu': {} });
    const { hub, events } = openTestHub({ models, measure: true, hasAccelerator: true });
    const client = hub.connect();
    const [staying, onCpu] = [await client.loadByName('staying'), await client.loadByName('on-cpu')];
    const { outputs } = await client.compute(staying.id, [input(1)]);
    await client.readTensor(onDevice(outputs).deviceTensor);
    await client.compute(onCpu.id, outputs);
    const operations = events.flatMap((event) => (event.type === 'measure' ? [event.operation] : []));
    expect(operations).toEqual(['load', 'load', 'compute', 'read', 'read', 'compute']);
  });

  it('are not made unless the page wants them', async () => {
    const { hub, events } = openTestHub();
    const client = hub.connect();
    await client.compute((await loadOnnx(client)).id, [input(1)]);
    expect(events.map(({ type }) => type)).toEqual(['load']);
  });
});

describe('an engine whose heap is far larger than its graphs have needed', () => {
  let opened: ReturnType<typeof openTestHub>;
  let client: Client;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const models = modelsOf({ staying: { target: 'gpu', outputs: 'device' } });
    opened = openTestHub({ models });
    client = opened.hub.connect();
  });

  /** Whether the engine is replaced when all is quiet. */
  function isReplaced(): boolean {
    vi.runAllTimers();
    return opened.events.some(({ type }) => type === 'replace');
  }

  it('is replaced when the graph that needed it has gone', async () => {
    opened.fake.heap.growth = 600 * mebibyte;
    const { id } = await loadOnnx(client);
    const kept = await loadOnnx(client);
    expect(isReplaced()).toBe(false);
    await client.unload(id);
    expect(isReplaced()).toBe(true);
    expect((await client.compute(kept.id, [input(1)])).outputs).toEqual([input(2)]);
  });

  it('is replaced after a load that failed', async () => {
    opened.fake.heap.growth = 600 * mebibyte;
    opened.fake.faults.load = new Error('out of memory');
    await expect(loadOnnx(client)).rejects.toThrow('out of memory');
    expect(isReplaced()).toBe(true);
  });

  it('stays while the graph is there whose computation needed it, whatever else comes and goes', async () => {
    const { id } = await loadOnnx(client);
    opened.fake.heap.growth = 600 * mebibyte;
    for (let round = 0; round < 3; round++) {
      await client.compute(id, [input(1)]);
      await client.unload((await loadOnnx(client)).id);
      expect(isReplaced()).toBe(false);
    }
    await client.unload(id);
    expect(isReplaced()).toBe(true);
  });

  it('stays while a call is at work', async () => {
    opened.fake.heap.growth = 600 * mebibyte;
    const [first, second] = [await loadOnnx(client), await loadOnnx(client)];
    await client.unload(first.id);
    const release = opened.fake.hold();
    const computing = client.compute(second.id, [input(1)]);
    await until(() => opened.engines[0]?.calls.at(-1) === 'compute 1');
    vi.advanceTimersByTime(2000);
    expect(opened.events.filter(({ type }) => type === 'replace')).toEqual([]);
    release();
    await computing;
    expect(isReplaced()).toBe(true);
  });

  it('stays while a tensor is on a device', async () => {
    const { id } = await client.loadByName('staying');
    opened.fake.heap.growth = 600 * mebibyte;
    const { outputs } = await client.compute(id, [input(1)]);
    await client.unload(id);
    expect(isReplaced()).toBe(false);
    client.releaseTensor(onDevice(outputs).deviceTensor);
    await until(() => opened.fake.tensors() === 0);
    await new Promise(setImmediate);
    expect(isReplaced()).toBe(true);
  });
});
