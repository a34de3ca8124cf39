import { beforeEach, describe, expect, it } from 'vitest';
import type { Backend } from '../backends/backend.js';
import type { NamedModels, OpenModel } from '../models/models.js';
import { WasiNNError } from '../standard/error.js';
import type { NamedTensor } from '../standard/tensor.js';
import { createEngine, type Engine, type EngineEvent } from './engine.js';

/** How long graphs live, who holds them, and what their handles mean. */

const onnxModel = Uint8Array.of(0x08, 0x07, 0x12, 0x00);

const signal: NamedTensor = ['x', { type: 'U8', dimensions: [2], data: Uint8Array.of(1, 2) }];

/** A backend that counts its graphs, and whose loads fail or wait where a test tells them to. */
function createFakeBackend() {
  let loads = 0;
  let disposed = 0;
  let gate: Promise<void> = Promise.resolve();
  const faults: { load?: WasiNNError } = {};

  const backend: Backend = {
    name: 'fake',
    encodings: ['onnx'],
    async load() {
      loads++;
      await gate;
      if (faults.load) throw faults.load;
      let live = true;
      return {
        inputs: [{ name: 'x', type: 'U8', shape: [2] }],
        outputs: [{ name: 'y', type: 'U8', shape: [2] }],
        device: { target: 'cpu', provider: 'wasm', description: 'fake' },
        fallback: [],
        async compute(inputs) {
          if (!live) throw new WasiNNError('runtime-error', 'the graph is computed after it was disposed of');
          const x = inputs.get('x');
          return x ? [['y', x]] : [];
        },
        async dispose() {
          if (!live) throw new WasiNNError('runtime-error', 'the graph is disposed of twice');
          live = false;
          disposed++;
        },
      };
    },
  };
  return {
    backend,
    faults,
    loads: () => loads,
    disposed: () => disposed,
    /** Makes loads wait until the returned function is called. */
    hold(): () => void {
      let release = () => {};
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
  };
}

const model: OpenModel = {
  parts: [onnxModel],
  encoding: 'onnx',
  target: 'cpu',
  freeDimensions: {},
  graphOptimization: 'all',
  fetch: { credentials: 'same-origin', headers: {}, retries: 0, stallTimeout: 1, minimumRate: 0 },
};

/** Every name is registered. */
const models: NamedModels = { open: async () => model, forget: async () => undefined };

/** An engine whose downloads end when a test says so, or when they are given up. */
function openDownloading() {
  const downloads: { readonly signal: AbortSignal | undefined; finish(): void }[] = [];
  const open: NamedModels['open'] = (_name, signal) =>
    new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
      downloads.push({ signal, finish: () => resolve(model) });
    });
  const options = { backends: [fake.backend], models: { ...models, open }, onEvent: () => undefined };
  return { engine: createEngine(options), downloads };
}

let fake: ReturnType<typeof createFakeBackend>;
let events: EngineEvent[];
let engine: Engine;

beforeEach(() => {
  fake = createFakeBackend();
  events = [];
  engine = createEngine({ backends: [fake.backend], models, onEvent: (event) => events.push(event) });
});

/** Lets everything run that does not wait for the test. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a graph that is loaded by name', () => {
  it('is one session for two guests, and goes with the last of them', async () => {
    const [first, second] = [engine.connect(), engine.connect()];
    const one = await first.loadByName('m');
    const two = await second.loadByName('m');
    expect(fake.loads()).toBe(1);

    await first.unload(one.id);
    expect(fake.disposed()).toBe(0);
    expect(await second.compute(two.id, [signal])).toEqual([['y', signal[1]]]);
    await second.unload(two.id);
    expect(fake.disposed()).toBe(1);
  });

  it('has a handle for each load, also of one guest', async () => {
    const guest = engine.connect();
    const [one, two] = [await guest.loadByName('m'), await guest.loadByName('m')];
    expect(one.id).not.toBe(two.id);
    await guest.unload(one.id);
    await guest.unload(one.id);
    expect(fake.disposed()).toBe(0);
    expect(await guest.compute(two.id, [signal])).toHaveLength(1);
  });

  it('is loaded once where several ask at the same time', async () => {
    const release = fake.hold();
    const guests = [engine.connect(), engine.connect(), engine.connect()];
    const loading = Promise.all(guests.map((guest) => guest.loadByName('m')));
    await settle();
    release();
    await loading;
    expect(fake.loads()).toBe(1);
    expect(events).toHaveLength(1);
    await Promise.all(guests.map((guest) => guest.close()));
    expect(fake.disposed()).toBe(1);
  });

  it('is loaded anew after the last has gone', async () => {
    const guest = engine.connect();
    await guest.unload((await guest.loadByName('m')).id);
    const { id } = await guest.loadByName('m');
    expect(fake.loads()).toBe(2);
    expect(await guest.compute(id, [signal])).toHaveLength(1);
    await guest.unload(id);
    expect(fake.disposed()).toBe(2);
  });

  it('is loaded anew while the last is going', async () => {
    const guest = engine.connect();
    const { id } = await guest.loadByName('m');
    const [, again] = await Promise.all([guest.unload(id), guest.loadByName('m')]);
    expect(fake.loads()).toBe(2);
    expect(await guest.compute(again.id, [signal])).toHaveLength(1);
    expect(fake.disposed()).toBe(1);
  });

  it('stays for a guest that joined before the first left', async () => {
    const [first, second] = [engine.connect(), engine.connect()];
    const { id } = await first.loadByName('m');
    const joining = second.loadByName('m');
    await first.unload(id);
    expect(fake.disposed()).toBe(0);
    expect(await second.compute((await joining).id, [signal])).toHaveLength(1);
  });

  it('can be asked for again where its load failed, for all who waited', async () => {
    fake.faults.load = new WasiNNError('runtime-error', 'load: out of memory');
    const guests = [engine.connect(), engine.connect()];
    const results = await Promise.allSettled(guests.map((guest) => guest.loadByName('m')));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(fake.loads()).toBe(1);

    delete fake.faults.load;
    const [one, two] = await Promise.all(guests.map((guest) => guest.loadByName('m')));
    expect(fake.loads()).toBe(2);
    expect([one?.backend, two?.backend]).toEqual(['fake', 'fake']);
    await Promise.all(guests.map((guest) => guest.close()));
    expect(fake.disposed()).toBe(1);
  });

  it('is another than one under another name, or from bytes', async () => {
    const guest = engine.connect();
    await Promise.all([guest.loadByName('m'), guest.loadByName('n'), guest.load([onnxModel], 'onnx', 'cpu')]);
    expect(fake.loads()).toBe(3);
  });
});

describe('handles', () => {
  it('mean nothing to another guest', async () => {
    const [first, second] = [engine.connect(), engine.connect()];
    const { id } = await first.load([onnxModel], 'onnx', 'cpu');
    await expect(second.compute(id, [signal])).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'invalid-argument',
      message: `compute: there is no graph ${id}: it was never loaded or is unloaded`,
    });
    await second.unload(id);
    expect(fake.disposed()).toBe(0);
    expect(await first.compute(id, [signal])).toHaveLength(1);
  });

  it('are never used again', async () => {
    const guest = engine.connect();
    const ids = new Set<number>();
    for (let round = 0; round < 5; round++) {
      const { id } = await guest.load([onnxModel], 'onnx', 'cpu');
      ids.add(id);
      await guest.unload(id);
      await expect(guest.compute(id, [signal])).rejects.toMatchObject({ code: 'invalid-argument' });
    }
    expect(ids.size).toBe(5);
    expect(fake.disposed()).toBe(5);
  });

  it.each([-1, 0.5, 7, Number.NaN])('that were never given out: unloading %d is harmless', async (id) => {
    await expect(engine.connect().unload(id)).resolves.toBeUndefined();
  });
});

describe('close', () => {
  it('gives back all graphs of the guest, and no other', async () => {
    const [first, second] = [engine.connect(), engine.connect()];
    await first.load([onnxModel], 'onnx', 'cpu');
    await first.loadByName('m');
    const kept = await second.load([onnxModel], 'onnx', 'cpu');
    await first.close();
    expect(fake.disposed()).toBe(2);
    expect(await second.compute(kept.id, [signal])).toHaveLength(1);
  });

  it('is harmless twice', async () => {
    const guest = engine.connect();
    await guest.load([onnxModel], 'onnx', 'cpu');
    await guest.close();
    await guest.close();
    expect(fake.disposed()).toBe(1);
  });

  it('makes calls that come later fail', async () => {
    const guest = engine.connect();
    const { id } = await guest.load([onnxModel], 'onnx', 'cpu');
    await guest.close();
    const disposed = { name: 'WasiNNError', code: 'runtime-error', message: expect.stringContaining('disposed of') };
    await expect(guest.load([onnxModel], 'onnx', 'cpu')).rejects.toMatchObject(disposed);
    await expect(guest.loadByName('m')).rejects.toMatchObject(disposed);
    await expect(guest.compute(id, [signal])).rejects.toMatchObject({ name: 'WasiNNError' });
    await expect(guest.unload(id)).resolves.toBeUndefined();
    expect(fake.loads()).toBe(1);
  });

  it.each(['load', 'loadByName'] as const)('gives back a graph that is still on its way by %s', async (operation) => {
    const release = fake.hold();
    const guest = engine.connect();
    const loading = operation === 'load' ? guest.load([onnxModel], 'onnx', 'cpu') : guest.loadByName('m');
    const failure = expect(loading).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining('disposed of'),
    });
    await settle();
    await guest.close();
    release();
    await failure;
    expect(fake.disposed()).toBe(1);
  });

  it('leaves a shared graph on its way to those who still wait', async () => {
    const release = fake.hold();
    const [first, second] = [engine.connect(), engine.connect()];
    const gone = expect(first.loadByName('m')).rejects.toThrow('disposed of');
    const loading = second.loadByName('m');
    await settle();
    await first.close();
    release();
    await gone;
    const { id } = await loading;
    expect(fake.disposed()).toBe(0);
    expect(await second.compute(id, [signal])).toHaveLength(1);
    await second.close();
    expect(fake.disposed()).toBe(1);
  });
});

describe('a download', () => {
  const disposed = { code: 'runtime-error', message: expect.stringContaining('disposed of') };

  it('is given up when the last guest that waits for it has gone, and not before', async () => {
    const { engine, downloads } = openDownloading();
    const [first, second] = [engine.connect(), engine.connect()];
    const failures = Promise.allSettled([first, second].map((guest) => guest.loadByName('m')));
    await first.close();
    expect(downloads[0]?.signal?.aborted).toBe(false);
    await second.close();
    expect(downloads[0]?.signal?.aborted).toBe(true);
    expect(await failures).toMatchObject(Array(2).fill({ status: 'rejected', reason: disposed }));
    expect(downloads).toHaveLength(1);
    expect(fake.loads()).toBe(0);
  });

  it('is begun anew for a guest that comes as soon as it is given up', async () => {
    const { engine, downloads } = openDownloading();
    const gone = engine.connect();
    const failure = expect(gone.loadByName('m')).rejects.toMatchObject(disposed);
    void gone.close();
    const guest = engine.connect();
    const loading = guest.loadByName('m');
    await failure;
    downloads[1]?.finish();
    const { id } = await loading;
    expect(await guest.compute(id, [signal])).toHaveLength(1);
    expect(downloads.map(({ signal }) => signal?.aborted)).toEqual([true, false]);
    await guest.close();
    expect(fake.disposed()).toBe(1);
  });

  it('goes on for a guest that joined, though the one that began it has gone', async () => {
    const { engine, downloads } = openDownloading();
    const [first, second] = [engine.connect(), engine.connect()];
    const failure = expect(first.loadByName('m')).rejects.toMatchObject(disposed);
    const loading = second.loadByName('m');
    await first.close();
    downloads[0]?.finish();
    await failure;
    expect(await second.compute((await loading).id, [signal])).toHaveLength(1);
    expect(downloads[0]?.signal?.aborted).toBe(false);
  });

  it('that has ended is of use to a guest that comes while the graph is made for nobody', async () => {
    const release = fake.hold();
    const { engine, downloads } = openDownloading();
    const [first, second] = [engine.connect(), engine.connect()];
    const failure = expect(first.loadByName('m')).rejects.toMatchObject(disposed);
    downloads[0]?.finish();
    await settle();
    await first.close();
    const loading = second.loadByName('m');
    release();
    await failure;
    expect(await second.compute((await loading).id, [signal])).toHaveLength(1);
    expect(downloads).toHaveLength(1);
    expect(fake.loads()).toBe(1);
  });

  it('is another for another name', async () => {
    const { engine, downloads } = openDownloading();
    const [first, second] = [engine.connect(), engine.connect()];
    const failure = expect(first.loadByName('m')).rejects.toMatchObject(disposed);
    const loading = second.loadByName('n');
    await first.close();
    await failure;
    downloads[1]?.finish();
    await loading;
    expect(downloads.map(({ signal }) => signal?.aborted)).toEqual([true, false]);
  });
});
