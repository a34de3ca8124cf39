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
}

/** Runs in the page. @returns the text of each way, by its provider and threads */
async function generateInEachWay({ model, prompt }: Question): Promise<Record<string, string>> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN({ allowSoftwareAdapter: true });
  const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
  const ways = [
    { target: 'cpu', settings: { threads: 2 } },
    { target: 'gpu', settings: { threads: 1 } },
  ] as const;
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

/** Chromium has all that the usual build needs. Other browsers get the other one. */
const builds = [
  { name: 'the usual build', patch: '', tag: [] },
  { name: 'the build without JSPI', patch: 'delete WebAssembly.Suspending', tag: '@long' },
];

for (const { name, patch, tag } of builds) {
  test(`the text is the same on two threads and on WebGPU, in ${name}`, { tag }, async ({ page, site }) => {
    patchEngine(site, patch);
    await page.goto(`${site.origin}/blank.html`);
    const texts = await page.evaluate(generateInEachWay, { model: tinyModel, prompt: romeo });
    expect(texts).toEqual({ 'wasm, 2 threads': romeoText, 'webgpu, 1 thread': romeoText });
    const assets = site.requests.filter((request) => /wllama-.*\.(js|wasm)$/.test(request));
    // The usual build is a module alone; its script is part of wllama's own.
    expect(new Set(assets).size).toBe(patch === '' ? 1 : 2);
  });
}
