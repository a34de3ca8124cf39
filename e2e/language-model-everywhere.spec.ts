import type { Waiting } from '../src/index.js';
import { runIn } from './browsers/browser.js';
import type { ProbeExports } from './browsers/case-page.js';
import { expect, test } from './browsers/test.js';
import { fixtures, withoutFixtures } from './fixture-data.js';
import { greedy, romeo, romeoText, tinyModel } from './language-model-guest.js';
import { startSite } from './site.js';

/** A language model in every browser: those without JSPI or Memory64 run another build of wllama. */

interface Question {
  readonly waiting: Waiting;
  readonly model: string;
  readonly prompt: string;
  readonly settings: string;
}

/** Runs in the page. @returns the texts that a guest and the page get, the page's on one thread and on two */
async function generate({ waiting, model, prompt, settings }: Question): Promise<string[]> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN({ models: { tiny: model } });
  const { exports } = await nn.instantiate<ProbeExports>('/guests/probe.component.wasm', { waiting });
  const inputs = [prompt, settings].map((text, index) => {
    const data = new TextEncoder().encode(text);
    return { name: String(index), ty: 'U8', dimensions: Uint32Array.of(data.byteLength), data } as const;
  });
  const [output] = await exports.compute(await exports.loadByName('tiny'), inputs, true);
  const texts = [new TextDecoder().decode(output?.data)];
  const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
  for (const threads of [1, 2]) {
    const graph = await nn.load([bytes, new TextEncoder().encode(JSON.stringify({ threads }))]);
    let text = '';
    for await (const piece of graph.generate(prompt, { maxTokens: 60, temperature: 0, topK: 1 })) text += piece;
    texts.push(text);
    await graph.dispose();
  }
  nn.dispose();
  return texts;
}

test('a language model generates the same text @long', async ({ tab, waiting }) => {
  test.skip(!fixtures, withoutFixtures);
  const site = await startSite();
  try {
    await tab.open(`${site.origin}/blank.html`);
    const question = { waiting, model: tinyModel, prompt: romeo, settings: JSON.stringify(greedy) };
    expect(await runIn(tab, generate, question)).toEqual([romeoText, romeoText, romeoText]);
  } finally {
    await site.close();
  }
});
