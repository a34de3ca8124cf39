import { describe, expect, it } from 'vitest';
import type { Backend } from '../backends/backend.js';
import { createEngine } from '../engine/engine.js';
import type { NamedTensor } from '../standard/tensor.js';
import { defaultLimits, type Limits, toLimits } from './limits.js';

const onnxModel = Uint8Array.of(0x08, 0x07, 0x12, 0x00);

/** A backend whose graphs take bytes of any number and give twice as many; computations wait until they are let. */
function createFakeBackend(): { backend: Backend; release(): void } {
  let release = () => {};
  const promise = new Promise<void>((resolve) => {
    release = resolve;
  });
  const backend: Backend = {
    name: 'fake',
    encodings: ['onnx'],
    load: async () => ({
      inputs: [{ name: 'x', type: 'U8', shape: ['n'] }],
      outputs: [{ name: 'y', type: 'U8', shape: ['n'] }],
      device: { target: 'cpu', provider: 'wasm', description: 'fake' },
      fallback: [],
      async compute(inputs) {
        await promise;
        const length = 2 * (inputs.get('x')?.data.byteLength ?? 0);
        return [['y', { type: 'U8', dimensions: [length], data: new Uint8Array(length) }]];
      },
      dispose: async () => undefined,
    }),
  };
  return { backend, release: () => release() };
}

function open(limits: Partial<Limits>) {
  const { backend, release } = createFakeBackend();
  const refuse = () => Promise.reject(new Error('there are no models'));
  const models = { open: refuse, forget: refuse };
  const engine = createEngine({
    backends: [backend],
    models,
    limits: toLimits(limits),
    onEvent: () => undefined,
  });
  return { engine, guest: engine.connect(), release };
}

const bytes = (length: number): NamedTensor => [
  'x',
  { type: 'U8', dimensions: [length], data: new Uint8Array(length) },
];

const tooLarge = (text: string) => ({ name: 'WasiNNError', code: 'too-large', message: text });

describe('a guest may not', () => {
  it('load a model of more bytes than the page allows, all parts together', async () => {
    const { guest } = open({ modelBytes: 5 });
    await expect(guest.load([onnxModel, new Uint8Array(2)], 'onnx', 'cpu')).rejects.toMatchObject(
      tooLarge('load: 6 bytes of a model are more than the 5 that the page allows'),
    );
    await guest.load([onnxModel, new Uint8Array(1)], 'onnx', 'cpu');
  });

  it('have more graphs than the page allows, loads under way included', async () => {
    const { guest, engine } = open({ graphs: 2 });
    const load = () => guest.load([onnxModel], 'onnx', 'cpu');
    const outcomes = await Promise.allSettled([load(), load(), load()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await expect(load()).rejects.toMatchObject(
      tooLarge('load: 3 graphs at a time are more than the 2 that the page allows'),
    );
    await engine.connect().load([onnxModel], 'onnx', 'cpu');
    await guest.unload(0);
    await load();
  });

  it('pass in or get out more bytes than the page allows', async () => {
    const { guest, release } = open({ tensorBytes: 10 });
    release();
    const { id } = await guest.load([onnxModel], 'onnx', 'cpu');
    await expect(guest.compute(id, [bytes(11)])).rejects.toMatchObject(
      tooLarge('compute: 11 bytes of inputs are more than the 10 that the page allows'),
    );
    await expect(guest.compute(id, [bytes(6)])).rejects.toMatchObject(
      tooLarge('compute: 12 bytes of outputs are more than the 10 that the page allows'),
    );
    expect(await guest.compute(id, [bytes(5)])).toHaveLength(1);
  });

  it('have more calls under way than the page allows', async () => {
    const { guest, engine, release } = open({ queuedCalls: 3 });
    const { id } = await guest.load([onnxModel], 'onnx', 'cpu');
    const calls = [1, 2, 3].map((length) => guest.compute(id, [bytes(length)]));
    await expect(guest.compute(id, [bytes(4)])).rejects.toMatchObject(
      tooLarge('compute: 4 calls at a time are more than the 3 that the page allows'),
    );
    await engine.connect().load([onnxModel], 'onnx', 'cpu');
    release();
    expect(await Promise.all(calls)).toHaveLength(3);
    expect(await guest.compute(id, [bytes(4)])).toHaveLength(1);
  });
});

describe('toLimits', () => {
  it('fills in what is left open', () => {
    expect(toLimits({})).toEqual(defaultLimits);
    expect(toLimits({ graphs: 5 })).toEqual({ ...defaultLimits, graphs: 5 });
  });

  it.each([0, -1, Number.NaN, '5'])('refuses %j', (graphs) => {
    expect(() => toLimits({ graphs: graphs as number })).toThrow(`limits: graphs is ${graphs}, not a positive number`);
  });
});
