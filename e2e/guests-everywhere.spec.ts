import type { Waiting } from '../src/index.js';
import { runIn, type Tab } from './browsers/browser.js';
import { type ProbeExports, preparePage } from './browsers/case-page.js';
import { libraryCases } from './browsers/library-cases.js';
import { programCases } from './browsers/program-cases.js';
import { expect, test } from './browsers/test.js';
import { patchWorkers } from './browsers/worker-script.js';
import { fixtures, withoutFixtures } from './fixture-data.js';
import { identityModel } from './onnx-model.js';
import type { Site } from './site.js';
import { standingStill } from './standing-still.js';

// The same guests with the same answers in every browser, and in each of the ways in which a guest can wait there. Each
// project of playwright.config.ts is one browser and one of the ways.

async function visit(tab: Tab, site: Site, waiting: Waiting): Promise<void> {
  await tab.open(`${site.origin}/blank.html`);
  await runIn(tab, preparePage, { waiting });
}

test.beforeEach(({ site }) => {
  site.answer('/identity.onnx', (_, response) => response.end(identityModel('U8')));
});

const groups = { 'guests whose functions a page calls': libraryCases, programs: programCases };

for (const [what, cases] of Object.entries(groups)) {
  const tag = what === 'programs' ? ['@either-way'] : [];
  test(`${what} answer as in every other browser`, { tag }, async ({ tab, site, waiting }) => {
    await visit(tab, site, waiting);
    for (const { name, answer, expected } of cases.filter(({ needsFixtures }) => !needsFixtures)) {
      await test.step(name, async () => expect.soft(await answer(tab), name).toEqual(expected));
    }
  });
}

for (const { name, answer, expected } of programCases.filter(({ needsFixtures }) => needsFixtures)) {
  test(name, async ({ tab, site, waiting }) => {
    test.skip(!fixtures, withoutFixtures);
    await visit(tab, site, waiting);
    expect(await answer(tab)).toEqual(expected);
  });
}

test('a model is fetched once, and kept for the next visit', async ({ tab, site, waiting }) => {
  for (let time = 0; time < 2; time++) {
    await visit(tab, site, waiting);
    await runIn(tab, loadDigits, undefined);
  }
  expect(site.requests.filter((path) => path === '/models/digits.onnx')).toHaveLength(1);
});

test('a guest outlives one engine after another', async ({ tab, site, waiting }) => {
  site.answer('/standing-still.js', (_, response) => {
    response.setHeader('Content-Type', 'text/javascript').end(standingStill);
  });
  await visit(tab, site, waiting);
  expect(await runIn(tab, loseEngines, waiting)).toEqual({ codes: ['timeout', 'timeout'], areAnswersEqual: true });
});

async function loseEngines(waiting: Waiting): Promise<unknown> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN, GuestError }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN({
    models: { digits: '/models/digits.onnx' },
    limits: { computeMilliseconds: 4000 },
    backends: { ggml: '/standing-still.js' },
  });
  const { exports } = await nn.instantiate<ProbeExports>('/guests/probe.component.wasm', { waiting });
  const digits = await exports.loadByName('digits');
  const stuck = await exports.load([new TextEncoder().encode('GGUF\u0003\0\0\0')], 'ggml', 'cpu');
  const compute = async (graph: number) => {
    const [scores] = await exports.compute(graph, [casePage.image()], true);
    return casePage.floats(scores?.data).join();
  };
  const expected = await compute(digits);
  const codes: unknown[] = [];
  const answers: string[] = [];
  for (let time = 0; time < 2; time++) {
    const failure = await compute(stuck).catch((cause) => (cause instanceof GuestError ? cause.payload : cause));
    codes.push(failure.code);
    answers.push(await compute(digits));
  }
  return { codes, areAnswersEqual: answers.every((answer) => answer === expected) };
}

/** The hub starts one engine where it sees no accelerator, and two where it sees one. */
const pretendWebGPU = "if (!('gpu' in navigator)) Object.defineProperty(navigator, 'gpu', { value: undefined })";

test('a guest outlives both engines, each without the other', { tag: '@either-way' }, async ({
  tab,
  site,
  waiting,
}) => {
  patchWorkers(site, 'hub-worker', pretendWebGPU);
  site.answer('/standing-still.js', (_, response) => {
    response.setHeader('Content-Type', 'text/javascript').end(standingStill);
  });
  await visit(tab, site, waiting);
  expect(await runIn(tab, loseBothEngines, waiting)).toEqual({
    // No GPU is there, so that the engine of the CPU has both graphs.
    steps: ['timeout', 'replace cpu', 'load digits', 'load digits on the GPU', 'timeout', 'replace accelerator'],
    areAnswersEqual: true,
  });
});

async function loseBothEngines(waiting: Waiting): Promise<unknown> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN, GuestError }: typeof import('../src/index.js') = await import(library);
  const url = '/models/digits.onnx';
  const nn = createWasiNN({
    models: { digits: url, 'digits on the GPU': { url, target: 'gpu' } },
    limits: { computeMilliseconds: 4000 },
    backends: { ggml: '/standing-still.js' },
  });
  const { exports } = await nn.instantiate<ProbeExports>('/guests/probe.component.wasm', { waiting });
  const graphs = [await exports.loadByName('digits'), await exports.loadByName('digits on the GPU')];
  const compute = async (graph: number) => {
    const [scores] = await exports.compute(graph, [casePage.image()], true);
    return Array.from(casePage.floats(scores?.data), (score) => score.toFixed(2)).join();
  };
  const computeAll = async () => {
    const answers: string[] = [];
    for (const graph of graphs) answers.push(await compute(graph));
    return answers.join();
  };
  const expected = await computeAll();
  const answers: string[] = [];
  const steps: unknown[] = [];
  for (const target of ['cpu', 'gpu']) {
    const events: string[] = [];
    const stuck = await exports.load([new TextEncoder().encode('GGUF\u0003\0\0\0')], 'ggml', target);
    await nn.stats();
    nn.addEventListener('replace', ({ detail }) => events.push(`replace ${detail.engine}`));
    nn.addEventListener('load', ({ detail }) => events.push(`load ${detail.name}`));
    const failure = await compute(stuck).catch((cause) => (cause instanceof GuestError ? cause.payload : cause));
    answers.push(await computeAll());
    // Answers come after all events.
    await nn.stats();
    steps.push(failure.code, ...events);
  }
  return { steps, areAnswersEqual: answers.every((answer) => answer === expected) };
}

async function loadDigits(): Promise<void> {
  const { exports } = await casePage.start<ProbeExports>('probe.component.wasm');
  await exports.loadByName('digits');
}
