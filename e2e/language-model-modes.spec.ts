import { fixtures, withoutFixtures } from './fixture-data.js';
import { romeo, romeoText, tinyModel } from './language-model-guest.js';
import { expect, test } from './test.js';
import { patchEngine } from './waiting-page.js';

/** A language model in every way in which llama.cpp can run it: on several threads, on WebGPU, and in wllama's build without JSPI. */

test.beforeEach(() => {
  test.skip(!fixtures, withoutFixtures);
});

interface Question {
  readonly model: string;
  readonly prompt: string;
  readonly threads: readonly number[];
}

/** Runs in the page. @returns the text of each way, by its provider and threads */
async function generateInEachWay({ model, prompt, threads }: Question): Promise<Record<string, string>> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN({ allowSoftwareAdapter: true });
  const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
  const ways = [
    ...threads.map((count) => ({ target: 'cpu', settings: { threads: count } }) as const),
    { target: 'gpu', settings: { threads: 1 } } as const,
  ];
  const texts: Record<string, string> = {};
  for (const { target, settings } of ways) {
    const graph = await nn.load([bytes, new TextEncoder().encode(JSON.stringify(settings))], { target });
    let text = '';
    for await (const piece of graph.generate(prompt, { maxTokens: 60, temperature: 0, topK: 1 })) text += piece;
    const { provider, description } = graph.device;
    texts[`${provider}, ${description.split(', ').at(-1)}`] = text;
    await graph.dispose();
  }
  nn.dispose();
  return texts;
}

/** Chromium has all that the usual build needs. Firefox and Safari get the other one. */
const builds = [
  { name: 'the usual build', patch: '', threads: [2], tag: [] },
  // One thread is what other browsers are tested with.
  { name: 'the build without JSPI', patch: 'delete WebAssembly.Suspending', threads: [1, 2], tag: '@long' },
];

for (const { name, patch, threads, tag } of builds) {
  test(`the text is the same on several threads and on WebGPU, in ${name}`, { tag }, async ({ page, site }) => {
    patchEngine(site, patch);
    await page.goto(`${site.origin}/blank.html`);
    const texts = await page.evaluate(generateInEachWay, { model: tinyModel, prompt: romeo, threads });
    expect(texts).toEqual({
      ...Object.fromEntries(threads.map((count) => [`wasm, ${describeThreads(count)}`, romeoText])),
      'webgpu, 1 thread': romeoText,
    });
    const assets = site.requests.filter((request) => /wllama-.*\.(js|wasm)$/.test(request));
    expect(new Set(assets).size).toBe(patch === '' ? 1 : 2);
  });
}

function describeThreads(count: number): string {
  return count === 1 ? '1 thread' : `${count} threads`;
}
