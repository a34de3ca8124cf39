import { describe, expect, it, vi } from 'vitest';
import type { Backend, Device, FallbackStep } from '../backends/backend.js';
import type { NamedTensor } from '../standard/tensor.js';
import type { Client } from './client.js';
import { input, openModel, openTestHub } from './hub.fixture.js';
import { createKnownAborts } from './known-aborts.js';

/** Models that make a runtime abort on WebNN. */

/** What a model does: its first byte. All models have the same length. */
const behaviours = [
  'good',
  'aborts in load',
  'aborts in compute',
  'aborts everywhere',
  'aborts in comparison',
] as const;

type Behaviour = (typeof behaviours)[number];

const modelOf = (behaviour: Behaviour) => Uint8Array.of(behaviours.indexOf(behaviour), 1, 2, 3);

const reason = 'a runtime aborted on WebNN';

/** Runs graphs on WebNN, or on WebGPU where that is to be avoided. They add one to each byte of their inputs. */
function createAbortingBackend() {
  const loads: string[] = [];
  const backend: Backend = {
    name: 'aborting',
    encodings: ['onnx'],
    async load([model], { avoid = {}, onAbort }) {
      const behaviour = behaviours[model?.[0] ?? 0] ?? 'good';
      const isAvoided = avoid.webnn !== undefined;
      const device: Device = isAvoided
        ? { target: 'gpu', provider: 'webgpu', description: '' }
        : { target: 'tpu', provider: 'webnn', description: '' };
      const fallback: FallbackStep[] = isAvoided
        ? [{ target: 'tpu', provider: 'webnn', reason: `${avoid.webnn}` }]
        : [];
      loads.push(`${behaviour}: ${device.provider}${avoid.wasm === undefined ? '' : ', not compared'}`);
      const abort = (): never => {
        onAbort?.({ provider: 'webnn', reason });
        throw new Error('unreachable');
      };
      if (behaviour === 'aborts everywhere' || (behaviour === 'aborts in load' && !isAvoided)) abort();
      return {
        inputs: 'any',
        outputs: 'any',
        device,
        fallback,
        async compute(inputs) {
          if (behaviour === 'aborts in compute' && !isAvoided) abort();
          if (behaviour === 'aborts in comparison' && avoid.wasm === undefined)
            onAbort?.({ provider: 'wasm', reason: 'a runtime aborted on WebAssembly' });
          return [...inputs].map(
            ([name, value]): NamedTensor => [name, { ...value, data: value.data.map((byte) => byte + 1) }],
          );
        },
        dispose: async () => undefined,
      };
    },
  };
  return { backend, loads };
}

function open() {
  const { backend, loads } = createAbortingBackend();
  const openNamed = vi.fn(async () => openModel({ parts: [modelOf('aborts in load')], target: 'tpu' }));
  const opened = openTestHub({
    backends: [backend],
    hasAccelerator: true,
    models: { open: openNamed, forget: async () => undefined },
  });
  return { ...opened, loads, openNamed, client: opened.hub.connect() };
}

const load = (client: Client, behaviour: Behaviour) => client.load([new Blob([modelOf(behaviour)])], 'onnx', 'tpu');

const answer = (...data: number[]) => [input(...data)];

const step = { target: 'tpu', provider: 'webnn', reason };

describe('a model that makes a runtime abort', () => {
  it('while it is loaded costs one engine, and goes to the next provider; others keep theirs', async () => {
    const { client, engines, events, loads } = open();
    const good = await load(client, 'good');
    const culprit = await load(client, 'aborts in load');
    expect(culprit.device).toMatchObject({ provider: 'webgpu' });
    expect(await client.compute(culprit.id, [input(1)])).toEqual({ outputs: answer(2) });
    expect(await client.compute(good.id, [input(5)])).toEqual({ outputs: answer(6) });
    expect((await load(client, 'good')).device.provider).toBe('webnn');
    expect(loads).toEqual([
      'good: webnn',
      'aborts in load: webnn',
      'aborts in load: webgpu',
      'good: webnn',
      'good: webnn',
    ]);
    expect(engines.map((engine) => engine.hasEnded())).toEqual([true, false]);
    expect(events.filter(({ type }) => type === 'replace')).toEqual([
      { type: 'replace', engine: 'accelerator', reason },
    ]);
    expect(events.filter(({ type }) => type === 'fallback')).toMatchObject([
      { target: 'tpu', steps: [step], device: { provider: 'webgpu' } },
    ]);
  });

  it('is known by its bytes when it comes again', async () => {
    const { hub, client, engines, loads } = open();
    await load(client, 'aborts in load');
    for (let round = 0; round < 5; round++) {
      expect((await load(hub.connect(), 'aborts in load')).device.provider).toBe('webgpu');
    }
    expect(engines).toHaveLength(2);
    expect(loads.filter((line) => line.endsWith('webnn'))).toHaveLength(1);
  });

  it('by its name is opened again for the next engine', async () => {
    const { client, engines, openNamed } = open();
    expect((await client.loadByName('m')).device.provider).toBe('webgpu');
    expect(openNamed).toHaveBeenCalledTimes(2);
    expect(engines).toHaveLength(2);
  });

  it('in its first computation is computed elsewhere with the same inputs, and the client gets the new device', async () => {
    const { hub, client, engines, events } = open();
    const culprit = await load(client, 'aborts in compute');
    expect(culprit.device.provider).toBe('webnn');
    const large = new Array(10_000).fill(1);
    const computed = await client.compute(culprit.id, [input(...large)]);
    expect(computed).toMatchObject({
      outputs: answer(...large.map((byte) => byte + 1)),
      device: { provider: 'webgpu' },
    });
    expect(await client.compute(culprit.id, [input(2)])).toEqual({ outputs: answer(3) });
    expect(events.filter(({ type }) => type === 'fallback')).toMatchObject([{ steps: [step] }]);
    // By then its digest is known.
    expect((await load(hub.connect(), 'aborts in compute')).device.provider).toBe('webgpu');
    expect(engines).toHaveLength(2);
  });

  it('while it is compared with WebAssembly is not compared again', async () => {
    const { client, engines, loads } = open();
    const { id } = await load(client, 'aborts in comparison');
    for (let round = 1; round < 4; round++) {
      expect(await client.compute(id, [input(round)])).toEqual({ outputs: answer(round + 1) });
    }
    expect(loads).toEqual(['aborts in comparison: webnn', 'aborts in comparison: webnn, not compared']);
    expect(engines).toHaveLength(2);
  });

  it('wherever it is loaded fails in the end', async () => {
    const { client, engines } = open();
    await expect(load(client, 'aborts everywhere')).rejects.toMatchObject({ code: 'runtime-error' });
    expect(engines).toHaveLength(2);
    expect((await load(client, 'good')).device.provider).toBe('webnn');
  });
});

it('so many models are remembered, the last ones first', () => {
  const known = createKnownAborts();
  for (let model = 0; model < 300; model++) known.remember(4, `digest ${model}`, { webnn: reason });
  known.remember(4, 'digest 299', { webgpu: 'too' });
  known.remember(5, 'another', { webnn: reason });
  const models = known.ofLength(4);
  expect(models).toHaveLength(255);
  expect(models.at(-1)).toMatchObject({ digest: 'digest 299', avoid: { webnn: reason, webgpu: 'too' } });
});
