import type { Page } from '@playwright/test';
import { model, node, value } from '../src/backends/onnx/model.fixture.js';
import type { Waiting } from '../src/index.js';
import { createRandom } from '../src/standard/random.fixture.js';
import { patchWorkers } from './browsers/worker-script.js';
import { startSite } from './site.js';
import { standingStill, unending } from './standing-still.js';
import { expect, test } from './test.js';
import { openPage, type ProbeExports, patchEngine } from './waiting-page.js';

/** An engine that is ended, breaks down or takes too long, and the next one that takes over. */

/** When a worker is ended: as it starts, or after so many of its messages to the page, or of the guests' calls. */
type Moment = { readonly after: 'message' | 'answer'; readonly count: number } | { readonly after: 'computation' };

/**
 * Makes the hub report its engines on the channel `engines`: `start` and `message` of the engine that it started last. The
 * message `terminate` ends that engine.
 */
const reportEngines = `{
  const channel = new BroadcastChannel('engines');
  let last;
  globalThis.Worker = class extends Worker {
    constructor(url, options) {
      super(url, options);
      if (!String(url).includes('engine-worker')) return;
      last = this;
      this.addEventListener('message', () => last === this && channel.postMessage('message'));
      channel.postMessage('start');
    }
  };
  channel.onmessage = ({ data }) => data === 'terminate' && last?.terminate();
}`;

const limit = 1500;

for (const isolated of [true, false]) {
  const where = isolated ? '' : ', on a page that is not isolated';
  const title = `a computation that takes too long ends in time${where}, and nobody else notices`;
  test(title, { tag: '@alone' }, async ({ page }) => {
    const site = await startSite({ isolated });
    site.answer('/standing-still.js', (_, response) => {
      response.setHeader('Content-Type', 'text/javascript').end(standingStill);
    });
    const backends = { ggml: '/standing-still.js' };
    await openPage(page, site, { limits: { computeMilliseconds: limit }, backends });
    for (const waiting of isolated ? (['block', 'suspend'] as const) : (['suspend'] as const)) {
      await test.step(waiting, () => expectEndInTime(page, waiting));
    }
    await site.close();
  });
}

async function expectEndInTime(page: Page, waiting: Waiting): Promise<void> {
  const outcome = await page.evaluate(async (waiting) => {
    const { nn, openChannel, startProbe, tensor } = waitingPage;
    const computations = await openChannel('computations');
    const begun = new Promise((resolve) => {
      computations.onmessage = resolve;
    });
    const replacements: string[] = [];
    nn.addEventListener('replace', ({ detail }) => replacements.push(detail.reason));
    const image = () => tensor('image', [1, 1, 28, 28], 'FP32', new Uint8Array(3136).fill(7));
    const other = await startProbe('digits', { waiting });
    const expected = await other.compute(0, [image()], false);

    const culprit = await startProbe('digits', { waiting });
    await culprit.load([new TextEncoder().encode('GGUF\u0003\0\0\0')], 'ggml', 'cpu');
    const failing = culprit.compute(1, [image()], false).then(
      () => 'it computed',
      (cause) => cause.payload,
    );
    await begun;
    const start = performance.now();
    const waitingCall = other.compute(0, [image()], false);
    const failure = await failing;
    const milliseconds = performance.now() - start;
    const answers = [await waitingCall, await culprit.compute(0, [image()], false)];
    return { failure, milliseconds, replacements, expected, answers };
  }, waiting);

  expect(outcome.failure).toEqual({
    code: 'timeout',
    text: `compute: it took more than the ${limit} ms that the page allows`,
  });
  expect(outcome.milliseconds).toBeGreaterThan(limit / 2);
  expect(outcome.milliseconds).toBeLessThan(limit + 250);
  expect(outcome.replacements).toHaveLength(1);
  expect(outcome.answers).toEqual([outcome.expected, outcome.expected]);
}

test('a model whose names sound like a breakdown is refused, and ends no engine', async ({ page, site }) => {
  const names = ['device was lost', 'Aborted()', 'abort(', 'out of memory', 'std::bad_alloc'];
  const models = names.map((name) => {
    return model({ nodes: [node(name, ['x'], ['y'])], inputs: [value('x', [1])], outputs: [value('y', [1])] });
  });
  await openPage(page, site);
  const outcome = await page.evaluate(
    async (models) => {
      const { nn } = waitingPage;
      const replacements: string[] = [];
      nn.addEventListener('replace', ({ detail }) => replacements.push(detail.reason));
      const graph = await nn.loadByName('identity');
      const failures: string[] = [];
      for (const bytes of models) {
        await nn.load([Uint8Array.from(bytes)], { encoding: 'onnx' }).catch(({ message }) => failures.push(message));
      }
      const { y } = await graph.compute({ x: { dimensions: [2], data: Uint8Array.of(1, 2) } });
      return { failures, replacements, answer: [...(y?.data ?? [])] };
    },
    models.map((bytes) => [...bytes]),
  );
  expect(outcome).toEqual({
    failures: names.map((name) => expect.stringContaining(name)),
    replacements: [],
    answer: [1, 2],
  });
});

test('a load that takes too long ends, and the next succeeds', async ({ page, site }) => {
  const never = 'WebAssembly.instantiate = WebAssembly.instantiateStreaming = () => new Promise(() => undefined)';
  patchEngine(site, never, { times: 1 });
  await openPage(page, site, { limits: { loadMilliseconds: 5000 } });
  const outcome = await page.evaluate(async () => {
    const { exports } = await waitingPage.nn.instantiate<ProbeExports>('/guests/probe.component.wasm');
    const failure = await exports.loadByName('digits').catch((cause) => cause.payload);
    return { failure, next: await exports.loadByName('digits') };
  });
  expect(outcome).toEqual({
    failure: { code: 'timeout', text: 'load: it took more than the 5000 ms that the page allows' },
    next: 0,
  });
});

test('the page gets the reason why an engine breaks down, and the next call is answered', async ({ page, site }) => {
  patchEngine(
    site,
    `{
      new BroadcastChannel('break').onmessage = () => { throw new Error('a fault of the test'); };
    }`,
  );
  await openPage(page, site);
  for (const waiting of ['block', 'suspend'] as const) {
    await test.step(waiting, async () => {
      const outcome = await page.evaluate(async (waiting) => {
        const { nn, startProbe, tensor } = waitingPage;
        const controller = new AbortController();
        const exports = await startProbe('identity', { waiting, signal: controller.signal });
        const bytes = () => tensor('x', [4], 'U8', Uint8Array.of(1, 2, 3, 4));
        const broken = new Promise((resolve) => nn.addEventListener('replace', ({ detail }) => resolve(detail)));
        new BroadcastChannel('break').postMessage('now');
        const reason = await broken;
        const answer = await exports.compute(0, [bytes()], false);
        controller.abort();
        return { reason, answer };
      }, waiting);
      expect(outcome.reason).toMatchObject({ reason: expect.stringContaining('a fault of the test') });
      expect(outcome.answer).toMatchObject([{ data: { 0: 1, 3: 4 } }]);
    });
  }
});

test('what is given back of an engine that is gone costs nothing in the next', async ({ page, site }) => {
  site.answer('/standing-still.js', (_, response) => {
    response.setHeader('Content-Type', 'text/javascript').end(standingStill);
  });
  await openPage(page, site, { limits: { computeMilliseconds: limit }, backends: { ggml: '/standing-still.js' } });
  for (const waiting of ['block', 'suspend'] as const) {
    await test.step(waiting, async () => {
      const loads = await page.evaluate(async (waiting) => {
        const { nn, startProbe, tensor } = waitingPage;
        const image = () => tensor('image', [1, 1, 28, 28], 'FP32', new Uint8Array(3136));
        // The guest before must not hold the name any more.
        const controller = new AbortController();
        const exports = await startProbe('identity', { waiting, signal: controller.signal });
        // From its bytes, since a name that is held is not loaded twice.
        const model = new Uint8Array(await (await fetch('/models/digits.onnx')).arrayBuffer());
        const digits = await exports.load([model], 'onnx', 'cpu');
        const culprit = await exports.load([new TextEncoder().encode('GGUF\u0003\0\0\0')], 'ggml', 'cpu');
        const loads: unknown[] = [];
        nn.addEventListener('load', ({ detail }) => loads.push(detail.backend));
        await exports.compute(culprit, [image()], false).catch(() => undefined);
        await exports.compute(digits, [image()], false);
        await exports.unload(0);
        await exports.compute(digits, [image()], false);
        // Answers come after all events.
        await nn.stats();
        controller.abort();
        return loads;
      }, waiting);
      expect(loads).toEqual(['onnxruntime-web']);
    });
  }
});

/** Moments that differ from one another, but not from one run to the next. */
function drawMoments(count: number): Moment[] {
  const random = createRandom(7);
  const draw = (end: number) => Math.floor(random() * end);
  return Array.from({ length: count }, (_, index) => {
    if (index % 5 === 4) return { after: 'computation' };
    if (index % 2 === 0) return { after: 'answer', count: 1 + draw(12) };
    return { after: 'message', count: index === 1 ? 0 : 1 + draw(8) };
  });
}

test('the engine is ended at 50 random moments under four guests', { tag: ['@long', '@alone'] }, async ({
  page,
  site,
}) => {
  test.setTimeout(180_000);
  site.answer('/unending.js', (_, response) => {
    response.setHeader('Content-Type', 'text/javascript').end(unending);
  });
  patchWorkers(site, 'hub-worker', reportEngines);
  await openPage(page, site, { limits: { startMilliseconds: 2000 }, backends: { ggml: '/unending.js' } });
  const outcome = await page.evaluate(async (moments) => {
    const { openChannel, startProbe, tensor } = waitingPage;
    const waitings: readonly Waiting[] = ['block', 'suspend', 'block', 'suspend'];
    const model = new Uint8Array(await (await fetch('/models/digits.onnx')).arrayBuffer());
    const guests = await Promise.all(waitings.map((waiting) => startProbe('digits', { waiting })));
    for (const guest of guests) {
      await guest.load([model], 'onnx', 'cpu');
      await guest.load([new TextEncoder().encode('GGUF\u0003\0\0\0')], 'ggml', 'cpu');
    }
    const image = () => tensor('image', [1, 1, 28, 28], 'FP32', new Uint8Array(3136).fill(7));
    const expected = JSON.stringify(await guests[0]?.compute(0, [image()], false));

    let ending = true;
    let mustNotEnd = false;
    const outcomes: Record<string, number> = {};
    const broken: string[] = [];
    const answers = new EventTarget();
    const count = (outcome: string) => {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      answers.dispatchEvent(new Event('answer'));
    };
    const busy = guests.map(async (guest) => {
      for (let round = 0; ending; round++) {
        if (mustNotEnd) {
          mustNotEnd = false;
          await guest.compute(2, [image()], false).catch((cause) => broken.push(cause.payload?.text ?? String(cause)));
        }
        const call = round % 7 === 6 ? guest.loadByName('identity') : guest.compute(round % 2, [image()], false);
        await call.then(
          (answer) => count(typeof answer === 'number' || JSON.stringify(answer) === expected ? 'right' : 'wrong'),
          (cause) => count(cause.payload?.code ?? String(cause)),
        );
      }
    });

    const happens = (target: EventTarget, type: string, times: number, data?: string) =>
      new Promise<void>((resolve) => {
        let left = times;
        const listen = (event: Event) => {
          const isMeant = data === undefined || (event instanceof MessageEvent && event.data === data);
          if (!isMeant || --left > 0) return;
          target.removeEventListener(type, listen);
          resolve();
        };
        if (times === 0) resolve();
        else target.addEventListener(type, listen);
      });
    const computations = await openChannel('computations');
    const engines = await openChannel('engines');
    let started = 0;
    engines.addEventListener('message', ({ data }) => {
      if (data === 'start') started++;
    });
    const newEngine = () => happens(engines, 'message', 1, 'start');
    const come = (moment: Moment) => {
      if (moment.after === 'answer') return happens(answers, 'answer', moment.count);
      // One that is too slow to start is ended by the hub itself.
      if (moment.after === 'message') {
        return Promise.race([happens(engines, 'message', moment.count, 'message'), newEngine()]);
      }
      mustNotEnd = true;
      return happens(computations, 'message', 1);
    };
    let ended = -1;
    for (const moment of moments) {
      if (started === ended) await newEngine();
      await come(moment);
      ended = started;
      engines.postMessage('terminate');
    }
    ending = false;
    await Promise.all(busy);
    const after = guests.flatMap((guest) => [0, 1].map((graph) => guest.compute(graph, [image()], false)));
    const isRight = (await Promise.all(after)).map((answer) => JSON.stringify(answer) === expected);
    return { outcomes, broken, after: isRight };
  }, drawMoments(50));
  expect(outcome.after).toEqual(Array(8).fill(true));
  const { right, 'runtime-error': _, ...others } = outcome.outcomes;
  expect(right).toBeGreaterThan(0);
  expect(others).toEqual({});
  expect(outcome.broken).toEqual(Array(10).fill(expect.stringContaining('broke down while it worked on this call')));
});
