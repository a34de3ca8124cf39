import type { Page } from '@playwright/test';
import { field, int, model, node } from '../src/backends/onnx/model.fixture.js';
import { joinBytes } from '../src/standard/join-bytes.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';
import { patchEngine } from './waiting-page.js';

// Where WebNN refuses to build a graph, Chromium has been seen to crash in a process that had used WebNN before.
test.use({ ownProcess: true });

/** WebNN, which needs all shapes fixed, with a model that leaves the number of its rows open. */

const float = 1;
const rows = field(1, field(2, 'rows'));
const columns = field(1, int(1, 3));
const value = (name: string) =>
  joinBytes([field(1, name), field(2, field(1, joinBytes([int(1, float), field(2, joinBytes([rows, columns]))])))]);
const relu = model({ nodes: [node('Relu', ['x'], ['y'])], inputs: [value('x')], outputs: [value('y')] });

/** Makes each build of a graph with WebNN from the given one on fail. */
const failFrom = (first: number) => `{
  const { build } = MLGraphBuilder.prototype;
  let builds = 0;
  MLGraphBuilder.prototype.build = function (...operands) {
    new BroadcastChannel('builds').postMessage(++builds);
    if (builds >= ${first}) return Promise.reject(new Error('refused by the test'));
    return build.apply(this, operands);
  };
}`;

interface Outcome {
  /** How each computation ended. */
  readonly answers: readonly string[];
  readonly buildsAtLoad: number;
  readonly builds: number;
  /** Where the graph ran in the end. */
  readonly provider: string;
}

/** Computes on tensors of as many rows each. */
function computeRows(page: Page, counts: readonly number[]): Promise<Outcome> {
  return page.evaluate(async (counts) => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const nn = createWasiNN({ models: { relu: { url: '/relu.onnx', target: 'tpu', fallback: ['wasm'] } } });
    let provider = '';
    for (const type of ['load', 'fallback'] as const)
      nn.addEventListener(type, ({ detail }) => {
        provider = detail.device.provider;
      });
    const builds: number[] = [];
    new BroadcastChannel('builds').onmessage = ({ data }) => builds.push(data);
    const graph = await nn.loadByName('relu');
    const buildsAtLoad = builds.length;
    const answers: string[] = [];
    for (const rows of counts) {
      const data = Float32Array.from({ length: rows * 3 }, (_, index) => (index % 2 === 0 ? index : -index));
      try {
        const { y } = await graph.compute({ x: { dimensions: [rows, 3], data } });
        const isRight = y?.dimensions[0] === rows && data.every((x, index) => y.data[index] === Math.max(0, x));
        answers.push(isRight ? 'right' : 'wrong');
      } catch (cause) {
        answers.push(String(Reflect.get(Object(cause), 'code')));
      }
    }
    return { answers, buildsAtLoad, builds: builds.length, provider };
  }, counts);
}

test('a session is made for each shape, when it first comes', async ({ page, site }) => {
  patchEngine(site, failFrom(1000));
  await openPage(page, site);
  expect(await computeRows(page, [1, 2, 1, 5, 2, 1])).toEqual({
    answers: Array(6).fill('right'),
    buildsAtLoad: 0,
    builds: 3,
    provider: 'webnn',
  });
});

test('where the first shape cannot be served, the graph moves on', async ({ page, site }) => {
  patchEngine(site, failFrom(1));
  await openPage(page, site);
  expect(await computeRows(page, [1, 2])).toMatchObject({ answers: ['right', 'right'], provider: 'wasm' });
});

test('where a later shape breaks the runtime, that call fails and the next is right', async ({ page, site }) => {
  patchEngine(site, failFrom(2), { times: 2 });
  await openPage(page, site);
  expect(await computeRows(page, [1, 2, 2, 1])).toMatchObject({
    answers: ['right', 'runtime-error', 'right', 'right'],
    provider: 'webnn',
  });
});

async function openPage(page: Page, site: Site): Promise<void> {
  site.answer('/relu.onnx', (_, response) => response.end(relu));
  await page.goto(`${site.origin}/blank.html`);
}
