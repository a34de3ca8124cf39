import type { Graph, Waiting } from '../src/index.js';
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
  readonly onTwoThreads: boolean;
}

/** Runs in the page. @returns the texts that a guest and the page get, and on two threads the page again */
async function generate({ waiting, model, prompt, settings, onTwoThreads }: Question): Promise<string[]> {
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
  const write = async (graph: Graph) => {
    let text = '';
    for await (const piece of graph.generate(prompt, { maxTokens: 60, temperature: 0, topK: 1 })) text += piece;
    texts.push(text);
  };
  await write(await nn.loadByName('tiny'));
  if (onTwoThreads) {
    const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
    await write(await nn.load([bytes, new TextEncoder().encode('{"threads":2}')]));
  }
  nn.dispose();
  return texts;
}

test('a language model generates the same text @long', async ({ browserName, tab, waiting }) => {
  test.skip(!fixtures, withoutFixtures);
  const site = await startSite();
  try {
    await tab.open(`${site.origin}/blank.html`);
    // WebKitGTK takes a minute to load the model once.
    const onTwoThreads = browserName !== 'webkit';
    const question = { waiting, model: tinyModel, prompt: romeo, settings: JSON.stringify(greedy), onTwoThreads };
    expect(await runIn(tab, generate, question)).toEqual(Array(onTwoThreads ? 3 : 2).fill(romeoText));
  } finally {
    await site.close();
  }
});
