import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { coreModuleGuest } from './core-module-page.js';
import { ask, openGuests, type PlainTensor, succeeded } from './guest-page.js';
import { decode, encode, wasmEdgeGuest } from './language-model-guest.js';
import { plainPng } from './plain-png.js';
import { makeProjector } from './projector-gguf.js';
import { expect, test } from './test.js';

/** A language model that sees images: this project's own model, with a projector that tells images apart. */

const model = '/models/wonderland.gguf';
const projector = '/projector.gguf';
/** How many numbers that model has for a token. */
const embedding = 96;

const red = plainPng(20, [220, 30, 20]);
const blue = plainPng(28, [20, 40, 200]);

const prompt = '<image> Alice was';
const greedy = { temp: 0, 'n-predict': 12 };
const tag = (image: Uint8Array) => `<img src="data:image/png;base64,${toBase64(image)}">`;

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

test('a language model sees images, through guests and the page', async ({ blank, site }) => {
  const wllama = 'node_modules/@wllama/wllama/esm';
  site.answer(projector, (_, response) => response.end(makeProjector(embedding)));
  site.answer('/wllama.js', (_, response) => {
    response.setHeader('Content-Type', 'text/javascript').end(readFileSync(`${wllama}/index.min.js`));
  });
  site.answer('/wllama.wasm', (_, response) => {
    response.setHeader('Content-Type', 'application/wasm').end(readFileSync(`${wllama}/wasm/wllama.wasm`));
  });
  await openGuests(blank, {}, { models: { seeing: { parts: [projector, model] }, blind: model } });
  await startGuests(blank);
  const guest = wasmEdgeGuest(coreModuleGuest(blank, 'core'));
  const { errno, graph } = await guest.load('seeing', '');
  expect(errno).toBe(0);
  const context = await guest.openContext(graph);
  const texts = await writeInPage(blank);

  await test.step('from the page', () => {
    const { first, second, blob, unmarked, none, withMarker } = texts;
    expect(new Set([first, second, none]).size).toBe(3);
    expect([blob, unmarked]).toEqual([first, first]);
    expect(withMarker).not.toBe('');
  });

  await test.step('in a chat, as wllama alone', async () => {
    expect(texts.chat).toBe(await chatWithWllama(blank));
    expect(texts.chat).not.toBe(texts.otherChat);
  });

  await test.step('in a prompt, and in a file of the guest', async () => {
    const tagged = prompt.replace('<image>', tag(red));
    expect(await guest.generate(context, greedy, tagged)).toEqual([0, texts.first]);
    expect((await guest.generateSingly(context, 12))[0].join('')).toBe(texts.first);
    expect(await guest.call('fini_single', context)).toBe(0);
    const withFile = { ...greedy, image: '/pictures/red.png' };
    expect(await guest.generate(context, withFile, prompt)).toEqual([0, texts.first]);
    expect(await guest.generate(context, withFile, prompt.replace('<image>', tag(blue)))).toEqual([0, texts.second]);
  });

  await test.step("in a component's prompt, and in its files", async () => {
    const seeing = succeeded(await ask<number>(blank, 'component', 'loadByName', 'seeing'));
    const inputs = [
      [tensor('0', prompt), tensor('1', JSON.stringify({ ...greedy, image: 'pictures/red.png' }))],
      [tensor('0', prompt.replace('<image>', tag(red))), tensor('1', JSON.stringify(greedy))],
    ];
    for (const given of inputs) {
      const outputs = succeeded(await ask<PlainTensor[]>(blank, 'component', 'compute', seeing, given, true));
      expect(decode(outputs[0]?.data ?? new Uint8Array())).toBe(texts.first);
    }
  });

  await test.step('or says why not', async () => {
    const { refusals, afterwards } = texts;
    expect(refusals).toEqual([
      expect.stringMatching(/^invalid-argument: compute: .*Failed to load image.*PNG/),
      expect.stringMatching(/^invalid-argument: generate: .*2 marks and 1 image came/),
      expect.stringMatching(/^invalid-argument: generate: .*the model takes none/),
    ]);
    expect(afterwards).toBe(texts.first);
    expect(await guest.setInput(context, 1, JSON.stringify({ image: 'pictures/nothing.png' }))).toBe(0);
    expect(await guest.setInput(context, 0, prompt)).toBe(1);
    expect(await guest.setInput(context, 0, `<image>${tag(red)}`)).toBe(1);
    const garbage = tag(encode('garbage'));
    expect((await guest.generate(context, { ...greedy, image: '' }, garbage))[0]).toBe(1);
    expect(await guest.generate(context, greedy, prompt.replace('<image>', tag(red)))).toEqual([0, texts.first]);
    expect((await guest.load('blind', '{"mmproj":"projector.gguf"}')).errno).toBe(1);
  });
});

/** Starts a core module and a component, both with a picture among their files. */
async function startGuests(page: Page): Promise<void> {
  await page.evaluate(async (picture) => {
    const { nn, guests } = globalThis.guestPage;
    const files = { 'pictures/red.png': Uint8Array.fromBase64(picture) };
    const [core, component] = await Promise.all([
      nn.instantiate('/guests/witx-probe.wasm', { files }),
      nn.instantiate('/guests/probe.component.wasm', { files }),
    ]);
    Object.assign(guests, { core, component });
  }, toBase64(red));
}

/** What the page gets. */
function writeInPage(page: Page) {
  return page.evaluate(
    async ({ prompt, pictures }) => {
      const { nn } = globalThis.guestPage;
      const [red, blue] = pictures.map((picture) => Uint8Array.fromBase64(picture));
      if (!red || !blue) throw new Error('the pictures are missing');
      const seeing = await nn.loadByName('seeing');
      type Asked = Parameters<typeof seeing.generate>[0];
      const write = async (asked: Asked, images: readonly (Blob | Uint8Array)[], graph = seeing) => {
        let text = '';
        for await (const piece of graph.generate(asked, { maxTokens: 12, temperature: 0, images })) text += piece;
        return text;
      };
      const refusal = (writing: Promise<string>) =>
        writing.catch(({ code, message }: { code: string; message: string }) => `${code}: ${message}`);
      const chat = { messages: [{ role: 'user', content: '<image>\nWho are you?' }] } as const;
      const texts = {
        first: await write(prompt, [red]),
        second: await write(prompt, [blue]),
        blob: await write(prompt, [new Blob([red])]),
        unmarked: await write(prompt.replace('<image>', ''), [red]),
        none: await write(prompt, []),
        withMarker: await write(`<__media__> ${prompt}`, [red]),
        chat: await write(chat, [red]),
        otherChat: await write(chat, [blue]),
      };
      const blind = await nn.loadByName('blind');
      const refusals = [
        await refusal(write(prompt, [new TextEncoder().encode('garbage')])),
        await refusal(write(prompt + prompt, [red])),
        await refusal(write(prompt, [red], blind)),
      ];
      await blind.dispose();
      return { ...texts, refusals, afterwards: await write(prompt, [red]) };
    },
    { prompt, pictures: [toBase64(red), toBase64(blue)] },
  );
}

/** What is used of wllama. Its own types lead to its sources, which this project's compiler settings refuse. */
interface WllamaModule {
  readonly Wllama: new (
    paths: { readonly default: string },
    options: { readonly suppressNativeLog: boolean },
  ) => {
    loadModel(files: readonly Blob[], parameters: object): Promise<void>;
    createChatCompletion(request: object): Promise<{ readonly choices: readonly ChatChoice[] }>;
    exit(): Promise<void>;
  };
}

interface ChatChoice {
  readonly message: { readonly content: string };
}

/** What wllama writes in a chat with an image, by its own function for chats. */
function chatWithWllama(page: Page): Promise<unknown> {
  return page.evaluate(
    async ({ files, picture }) => {
      const script = '/wllama.js';
      const { Wllama }: WllamaModule = await import(script);
      const wllama = new Wllama({ default: '/wllama.wasm' }, { suppressNativeLog: true });
      const blobs = await Promise.all(files.map(async (file) => (await fetch(file)).blob()));
      await wllama.loadModel(blobs, {
        n_ctx: 256,
        n_parallel: 1,
        n_threads: 1,
        n_gpu_layers: 0,
        mmproj_offload: false,
      });
      const content = [
        { type: 'image', data: Uint8Array.fromBase64(picture).buffer },
        { type: 'text', text: 'Who are you?' },
      ];
      const answer = await wllama.createChatCompletion({
        messages: [{ role: 'user', content }],
        max_tokens: 12,
        temperature: 0,
      });
      await wllama.exit();
      return answer.choices[0]?.message.content;
    },
    { files: [model, projector], picture: toBase64(red) },
  );
}

function tensor(name: string, text: string): PlainTensor {
  const data = encode(text);
  return { name, dimensions: [data.byteLength], ty: 'U8', data };
}
