import type { Waiting } from '../src/index.js';
import { runIn } from './browsers/browser.js';
import type { ProbeExports } from './browsers/case-page.js';
import { expect, test } from './browsers/test.js';
import { fixtures, withoutFixtures } from './fixture-data.js';
import { greedy, romeo, romeoText, tinyModel } from './language-model-guest.js';
import { plainPng } from './plain-png.js';
import { makeProjector } from './projector-gguf.js';
import { patchEngine } from './waiting-page.js';

/** A language model in every browser: those without JSPI or Memory64 run another build of wllama. */

const projector = '/projector.gguf';
/** How many numbers the tiny model has for a token. */
const embedding = 128;
const red = plainPng(20, [220, 30, 20]);
const blue = plainPng(28, [20, 40, 200]);

test.beforeEach(() => {
  test.skip(!fixtures, withoutFixtures);
});

interface Question {
  readonly waiting: Waiting;
  readonly parts: readonly string[];
  readonly prompt: string;
  readonly settings: object;
  /** Images as bytes. The first is also a file of the guest, and is in the tag. */
  readonly images: readonly (readonly number[])[];
  readonly tag: string;
}

/** Runs in the page. @returns the texts that a guest and the page get, without images and with them */
async function generate({ waiting, parts, prompt, settings, images, tag }: Question): Promise<string[]> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN({ models: { tiny: { parts } } });
  const [first, second] = images.map((bytes) => Uint8Array.from(bytes));
  if (!first || !second) throw new Error('the images are missing');
  const guest = '/guests/probe.component.wasm';
  const { exports } = await nn.instantiate<ProbeExports>(guest, { waiting, files: { 'pictures/first.png': first } });
  const loaded = await exports.loadByName('tiny');
  const ask = async (prompt: string, more: object = {}) => {
    const inputs = [prompt, JSON.stringify({ ...settings, ...more })].map((text, index) => {
      const data = new TextEncoder().encode(text);
      return { name: String(index), ty: 'U8', dimensions: Uint32Array.of(data.byteLength), data } as const;
    });
    const [output] = await exports.compute(loaded, inputs, true);
    return new TextDecoder().decode(output?.data);
  };
  // The page shares the graph of the guest.
  const graph = await nn.loadByName('tiny');
  const write = async (prompt: string, ...images: readonly Uint8Array[]) => {
    let text = '';
    for await (const piece of graph.generate(prompt, { maxTokens: 60, temperature: 0, topK: 1, images })) text += piece;
    return text;
  };
  const texts = [
    await ask(prompt),
    await write(prompt),
    await ask(tag + prompt),
    await ask(`<image>${prompt}`, { image: 'pictures/first.png' }),
    await write(`<image>${prompt}`, first),
    await write(`<image>${prompt}`, second),
  ];
  nn.dispose();
  return texts;
}

test('a language model generates the same text, and sees the same images @long', async ({ site, tab, waiting }) => {
  site.answer(projector, (_, response) => response.end(makeProjector(embedding)));
  await tab.open(`${site.origin}/blank.html`);
  const answer = await runIn(tab, generate, {
    waiting,
    parts: [projector, tinyModel],
    prompt: romeo,
    settings: greedy,
    images: [red, blue].map((image) => Array.from(image)),
    tag: `<img src="data:image/png;base64,${Buffer.from(red).toString('base64')}">`,
  });
  const [ofGuest, ofPage, withTag, withFile, withRed, withBlue]: unknown[] = Array.isArray(answer) ? answer : [];
  expect([ofGuest, ofPage]).toEqual([romeoText, romeoText]);
  expect([withTag, withFile]).toEqual([withRed, withRed]);
  expect(new Set([romeoText, withRed, withBlue, undefined]).size).toBe(4);
});

/** Runs in the page. @returns what the graph runs on, and its text */
async function generateOnTwoThreads({ model, prompt }: { model: string; prompt: string }): Promise<string[]> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN();
  const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
  const graph = await nn.load([bytes, new TextEncoder().encode('{"threads":2}')]);
  let text = '';
  for await (const piece of graph.generate(prompt, { maxTokens: 60, temperature: 0, topK: 1 })) text += piece;
  const { description } = graph.device;
  nn.dispose();
  return [description, text];
}

test('a language model generates the same text on two threads @long', async ({ site, tab }) => {
  // The browser under test may say that it has one core, as Firefox does here.
  patchEngine(site, "Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2 })");
  await tab.open(`${site.origin}/blank.html`);
  const answer = await runIn(tab, generateOnTwoThreads, { model: tinyModel, prompt: romeo });
  expect(answer).toEqual([expect.stringMatching(/, 2 threads$/), romeoText]);
});
