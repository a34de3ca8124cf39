import type { Page } from '@playwright/test';
import type { ExecutionTarget, Waiting } from '../src/index.js';
import { patchWorkers } from './browsers/worker-script.js';
import type { Site } from './site.js';
import { standingStill } from './standing-still.js';
import { expect, test } from './test.js';
import { openPage, type ProbeExports } from './waiting-page.js';

/** Graphs for the CPU, and graphs for accelerators: neither hold up the others, nor take them along. */

const waitings = ['suspend', 'block'] as const satisfies readonly Waiting[];

/** What the bytes of the model are that stands still. */
const standingModel = 'GGUF\u0003\0\0\0';

function serveStandingStill(site: Site): void {
  site.answer('/standing-still.js', (_, response) => {
    response.setHeader('Content-Type', 'text/javascript').end(standingStill);
  });
}

interface EnginesPage {
  /** The model that stands still. */
  standingModel(): Uint8Array<ArrayBuffer>;
  /** Loads a graph that stands still when it is computed. */
  loadStanding(guest: ProbeExports, target: ExecutionTarget): Promise<number>;
  /** Resolves when a graph stands still. */
  nextStanding(): Promise<unknown>;
  /** What the digits get on a graph of a guest, to two digits. */
  scores(guest: ProbeExports, graph: number): Promise<number[]>;
  image(): Float32Array<ArrayBuffer>;
  round(bytes: Uint8Array): number[];
}

declare global {
  var enginesPage: EnginesPage;
}

/** Opens a page that knows `digits`, for the CPU, and `fast`, the same for the NPU. */
async function open(page: Page, site: Site, computeMilliseconds = 60_000): Promise<void> {
  serveStandingStill(site);
  await openPage(page, site, { backends: { ggml: '/standing-still.js' }, limits: { computeMilliseconds } });
  await page.evaluate(async (standingModel) => {
    const { nn, openChannel, tensor } = waitingPage;
    const computations = await openChannel('computations');
    nn.models.add({ fast: { url: '/models/digits.onnx', target: 'tpu', fallback: false } });
    const image = () => Float32Array.from({ length: 784 }, (_, index) => (index % 28) / 28);
    const round = (bytes: Uint8Array) =>
      Array.from(new Float32Array(bytes.slice().buffer), (score) => Math.round(score * 100));
    globalThis.enginesPage = {
      image,
      round,
      standingModel: () => new TextEncoder().encode(standingModel),
      loadStanding: (guest, target) => guest.load([enginesPage.standingModel()], 'ggml', target),
      nextStanding: () =>
        new Promise((resolve) => {
          computations.addEventListener('message', resolve, { once: true });
        }),
      async scores(guest, graph) {
        const pixels = tensor('image', [1, 1, 28, 28], 'FP32', new Uint8Array(image().buffer));
        const [scores] = await guest.compute(graph, [pixels], false);
        return round(scores?.data ?? new Uint8Array());
      },
    };
  }, standingModel);
}

test.describe('while a graph for the CPU stands still, one for the NPU is loaded and computed', () => {
  for (const waiting of waitings) {
    test(`by another guest (${waiting})`, async ({ page, site }) => {
      await open(page, site);
      const outcome = await page.evaluate(async (waiting) => {
        const { nn, startProbe } = waitingPage;
        const { loadStanding, nextStanding, scores } = enginesPage;
        const standing = await startProbe('digits', { waiting });
        const expected = await scores(standing, 0);
        const graph = await loadStanding(standing, 'cpu');
        const begun = nextStanding();
        let stands = true;
        const ended = () => {
          stands = false;
        };
        scores(standing, graph).then(ended, ended);
        await begun;

        const { exports } = await nn.instantiate<ProbeExports>('/guests/probe.component.wasm', { waiting });
        const model = new Uint8Array(await (await fetch('/models/digits.onnx')).arrayBuffer());
        const graphs = [await exports.loadByName('fast'), await exports.load([model], 'onnx', 'tpu')];
        const answers: number[][] = [];
        for (const graph of graphs) answers.push(await scores(exports, graph));
        return { expected, answers, stands };
      }, waiting);
      expect(outcome.answers).toEqual([outcome.expected, outcome.expected]);
      expect(outcome.stands).toBe(true);
    });
  }

  test('by the page', async ({ page, site }) => {
    await open(page, site);
    const outcome = await page.evaluate(async () => {
      const { nn } = waitingPage;
      const { image, nextStanding, round, standingModel } = enginesPage;
      const input = () => ({ image: { dimensions: [1, 1, 28, 28], data: image() } });
      const standing = await nn.load([standingModel()]);
      const begun = nextStanding();
      standing.compute(input()).catch(() => undefined);
      await begun;
      const model = new Uint8Array(await (await fetch('/models/digits.onnx')).arrayBuffer());
      const graphs = [await nn.loadByName('fast'), await nn.load([model], { target: 'tpu' })];
      const answers: number[][] = [];
      for (const graph of graphs) {
        const { scores } = await graph.compute(input());
        answers.push(round(new Uint8Array(scores?.data.buffer ?? new ArrayBuffer())));
      }
      return { answers, providers: graphs.map(({ device }) => device.provider) };
    });
    expect(outcome.providers).toEqual(['webnn', 'webnn']);
    expect(outcome.answers[0]).toHaveLength(10);
    expect(outcome.answers[1]).toEqual(outcome.answers[0]);
  });

  test('that a registry document names', async ({ page, site }) => {
    const models = { fast: { url: '/models/digits.onnx', target: 'tpu' } };
    site.answer('/models.json', (_, response) => response.end(JSON.stringify({ models })));
    await open(page, site);
    const provider = await page.evaluate(async () => {
      const library = '/lib/wasi-nn-web.js';
      const { createWasiNN }: typeof import('../src/index.js') = await import(library);
      const nn = createWasiNN({ models: '/models.json', backends: { ggml: '/standing-still.js' } });
      const { image, nextStanding, standingModel } = enginesPage;
      const standing = await nn.load([standingModel()]);
      const begun = nextStanding();
      standing.compute({ image: { dimensions: [1, 1, 28, 28], data: image() } }).catch(() => undefined);
      await begun;
      return (await nn.loadByName('fast')).device.provider;
    });
    expect(provider).toBe('webnn');
  });
});

test('computations for the NPU do not wait for those on the CPU', { tag: '@alone' }, async ({ page, site }) => {
  await open(page, site);
  const outcome = await page.evaluate(async () => {
    const { nn, startProbe, tensor } = waitingPage;
    const { scores } = enginesPage;
    const slow = await startProbe('slow', {});
    const { exports: quick } = await nn.instantiate<ProbeExports>('/guests/probe.component.wasm');
    const fast = await quick.loadByName('fast');
    await scores(quick, fast);
    const matrix = () => tensor('x', [384, 384], 'FP32', new Uint8Array(384 * 384 * 4));
    const times: Record<'slow' | 'quick', number[]> = { slow: [], quick: [] };
    const time = async (of: 'slow' | 'quick', computing: Promise<unknown>) => {
      const start = performance.now();
      await computing;
      times[of].push(Math.round((performance.now() - start) * 10) / 10);
    };
    let goesOn = true;
    const beside = (async () => {
      while (goesOn) await time('slow', slow.compute(0, [matrix()], false));
    })();
    for (let round = 0; round < 40; round++) await time('quick', scores(quick, fast));
    goesOn = false;
    const slowRuns = times.slow.length;
    await beside;
    return { slowRuns, times };
  });
  test.info().annotations.push({ type: 'times', description: JSON.stringify(outcome.times) });
  // In one thread they take turns.
  expect(outcome.slowRuns).toBeLessThan(20);
});

test('a computation that takes too long costs no graph of the other lane', async ({ page, site }) => {
  await open(page, site, 1500);
  for (const waiting of waitings) {
    for (const [target, lane, lost] of [
      ['cpu', 'cpu', 'digits'],
      ['tpu', 'accelerator', 'fast'],
    ] as const) {
      await test.step(`for ${target}, of a guest (${waiting})`, async () => {
        const outcome = await page.evaluate(loseLane, { waiting, target });
        expect(outcome).toMatchObject({ failure: 'timeout', replacements: [lane], loads: [lost] });
        expect(outcome.answers).toEqual(outcome.expected);
      });
    }
  }
});

/** Has a guest with graphs in both lanes lose the engine of one. */
async function loseLane({ waiting, target }: { waiting: Waiting; target: ExecutionTarget }) {
  const { nn, startProbe } = waitingPage;
  const { loadStanding, scores } = enginesPage;
  const controller = new AbortController();
  const guest = await startProbe('digits', { waiting, signal: controller.signal });
  const graphs = [0, await guest.loadByName('fast')];
  const standing = await loadStanding(guest, target);
  const scoresOfAll = async () => {
    const answers: number[][] = [];
    for (const graph of graphs) answers.push(await scores(guest, graph));
    return answers;
  };
  const expected = await scoresOfAll();
  const loads: unknown[] = [];
  nn.addEventListener('load', ({ detail }) => loads.push(detail.name));
  const replacements: string[] = [];
  nn.addEventListener('replace', ({ detail }) => replacements.push(detail.engine));
  const failure = await scores(guest, standing).catch((cause) => cause.payload.code);
  const answers = await scoresOfAll();
  // Answers come after all events.
  await nn.stats();
  controller.abort();
  return { expected, failure, answers, loads, replacements };
}

test('what a guest has in both lanes is counted together, and the guest once', async ({ page, site }) => {
  await open(page, site);
  const outcome = await page.evaluate(async () => {
    const { nn, startProbe } = waitingPage;
    const controller = new AbortController();
    const guest = await startProbe('digits', { signal: controller.signal });
    const { heapBytes } = await nn.stats();
    await guest.loadByName('fast');
    const both = await nn.stats();
    controller.abort();
    const { guests, graphs } = await nn.stats();
    return { grows: both.heapBytes > heapBytes, both, after: { guests, graphs } };
  });
  expect(outcome).toMatchObject({
    grows: true,
    both: { guests: 1, graphs: 2, calls: 0 },
    after: { guests: 0, graphs: 0 },
  });
});

test('a page has an engine for accelerators only once a graph is meant for them', async ({ page, site }) => {
  const engines = () => page.workers().filter((worker) => worker.url().includes('/engine-worker-')).length;
  await open(page, site);
  expect(engines()).toBe(0);
  await page.evaluate(() => waitingPage.nn.loadByName('digits'));
  expect(engines()).toBe(1);
  await page.evaluate(() => waitingPage.nn.loadByName('fast'));
  expect(engines()).toBe(2);
  await page.evaluate(() => waitingPage.nn.dispose());
  await expect.poll(engines).toBe(0);
});

test('where the browser has neither WebGPU nor WebNN, one engine has all graphs', async ({ page, site }) => {
  patchWorkers(site, 'hub-worker', 'delete WorkerNavigator.prototype.gpu; delete WorkerNavigator.prototype.ml');
  await open(page, site);
  const providers = await page.evaluate(async () => {
    const { nn } = waitingPage;
    const graphs = [await nn.loadByName('digits')];
    const model = new Uint8Array(await (await fetch('/models/digits.onnx')).arrayBuffer());
    graphs.push(await nn.load([model], { target: 'gpu' }));
    return graphs.map(({ device }) => device.target);
  });
  expect(providers[0]).toBe('cpu');
  expect(page.workers().filter((worker) => worker.url().includes('/engine-worker-'))).toHaveLength(1);
});
