import type { Page } from '@playwright/test';
import type { ExecutionTarget } from '../src/index.js';
import { expect, test } from './test.js';
import { patchEngine } from './waiting-page.js';

/** Many computations at once, on one graph and on several, on each build of onnxruntime-web. */

const builds: Readonly<Record<string, { readonly targets: readonly ExecutionTarget[]; readonly patch: string }>> = {
  wasm: { targets: ['cpu'], patch: '' },
  jspi: { targets: ['tpu', 'gpu'], patch: '' },
  webgpu: { targets: ['tpu', 'gpu'], patch: 'delete WebAssembly.Suspending' },
};

for (const [build, { targets, patch }] of Object.entries(builds)) {
  test(`on the build ${build}`, async ({ page, site }) => {
    test.setTimeout(180_000);
    patchEngine(site, patch);
    await page.goto(`${site.origin}/blank.html`);
    for (const target of targets) await test.step(`for ${target}`, () => expectRightAnswers(page, target));
  });
}

async function expectRightAnswers(page: Page, target: ExecutionTarget): Promise<void> {
  const outcome = await page.evaluate(async (target) => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const url = '/models/digits.onnx';
    const models = { one: { url, target }, two: { url, target }, cpu: url };
    const nn = createWasiNN({ models, allowSoftwareAdapter: true });
    const image = (seed: number) => {
      const data = Float32Array.from({ length: 784 }, (_, index) => ((index * seed) % 28) / 28);
      return { image: { dimensions: [1, 1, 28, 28], data } };
    };
    const round = (scores: ArrayLike<number | bigint> = []) =>
      Array.from(scores, (score) => Math.round(Number(score) * 100));
    const graphs = await Promise.all(['one', 'two', 'cpu', 'one'].map((name) => nn.loadByName(name)));
    const seeds = [1, 2, 3, 4, 5];
    const compute = async (graph: (typeof graphs)[number] | undefined, seed: number) =>
      round((await graph?.compute(image(seed)))?.scores?.data);
    const expected: number[][] = [];
    for (const seed of seeds) expected.push(await compute(graphs[2], seed));
    const answers = await Promise.all(graphs.map((graph) => Promise.all(seeds.map((seed) => compute(graph, seed)))));
    const providers = graphs.map(({ device }) => device.provider);
    nn.dispose();
    return { expected, answers, providers };
  }, target);
  const provider = { cpu: 'wasm', gpu: 'webgpu', tpu: 'webnn' }[target];
  expect(outcome.providers).toEqual([provider, provider, 'wasm', provider]);
  expect(outcome.answers).toEqual(Array(4).fill(outcome.expected));
  expect(new Set(outcome.expected.map(String)).size).toBe(5);
}
