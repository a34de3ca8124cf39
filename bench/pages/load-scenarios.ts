import { createWasiNN, type WasiNN } from '../../src/index.js';
import { asking, type Runner } from './baselines.js';
import { squeezenetUrl } from './image.js';
import type { LoadMessage } from './load-worker.js';
import type { Scenario, Scenarios } from './scenario.js';

const largeUrl = '/large/large.onnx';
const slowUrl = '/slow/large.onnx';

/** Loads by name from the cache, and unloads, again and again. */
async function loadByName(nn: WasiNN, name: string): Promise<Runner> {
  await nn.models.preload(name);
  return async (times) => {
    for (let time = 0; time < times; time++) await (await nn.loadByName(name)).dispose();
  };
}

/** Makes sessions of a URL in a worker, and releases them, again and again. */
function sessionsInWorker(): (url: string, times: number) => Promise<void> {
  const worker = new Worker(new URL('./load-worker.js', import.meta.url), { type: 'module' });
  const ask = asking<LoadMessage>(worker);
  return (url, times) => ask({ url, times });
}

const warm = (name: string, url: string, pairs: number): Scenario => ({
  pairs,
  times: 1,
  warmUp: 2,
  async prepare(nn) {
    const create = sessionsInWorker();
    return { ours: await loadByName(nn, name), baseline: (times) => create(url, times) };
  },
});

/** Models on their way: from the network, from caches, and into a session. */
export const loadScenarios: Scenarios = {
  'd-warm-squeezenet': warm('squeezenet/cpu', squeezenetUrl, 30),
  'd-warm-large': warm('large', largeUrl, 8),
  'e-download': {
    pairs: 5,
    times: 1,
    warmUp: 1,
    prepare: async (nn) => ({
      async ours(times) {
        for (let time = 0; time < times; time++) {
          await nn.models.delete('slow');
          await nn.models.preload('slow');
        }
      },
      async baseline(times) {
        for (let time = 0; time < times; time++) {
          const response = await fetch(slowUrl, { cache: 'no-store' });
          const { byteLength } = await response.arrayBuffer();
          if (!response.ok || byteLength === 0) throw new Error(`${slowUrl} answered ${response.status}`);
        }
      },
    }),
  },
};

/** The large model, by the ways that the scenarios fetch it. */
export const largeModels = (sha256: string) => ({
  large: { url: largeUrl, sha256 },
  slow: { url: slowUrl, sha256 },
});

/** Starts the library and its runtime. @returns what loads the large model by name */
export async function prepareLargeLoad(sha256: string): Promise<() => Promise<void>> {
  const nn = createWasiNN({ models: { digits: '/models/digits.onnx', ...largeModels(sha256) } });
  await nn.loadByName('digits');
  return async () => {
    await nn.loadByName('large');
  };
}

/** Starts onnxruntime-web in a worker. @returns what makes a session of the large model */
export async function prepareRawLargeLoad(): Promise<() => Promise<void>> {
  const create = sessionsInWorker();
  await create('/models/digits.onnx', 1);
  return () => create(largeUrl, 1);
}
