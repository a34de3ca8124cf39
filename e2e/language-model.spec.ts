import type { Page } from '@playwright/test';
import { coreModuleGuest, words } from './core-module-page.js';
import { fixtures, withoutFixtures } from './fixture-data.js';
import { ask, openGuests, type PlainTensor, succeeded } from './guest-page.js';
import { serveGuest } from './hostile/assemble.js';
import {
  decode,
  encode,
  greedy,
  romeo,
  romeoText,
  tinyModel,
  wamrModule,
  wasmEdgeGuest,
} from './language-model-guest.js';
import { expect, test } from './test.js';

/** Language models on wllama, through guests and the page, against the text that PyTorch generates with the same weights. */

test.beforeEach(() => {
  test.skip(!fixtures, withoutFixtures);
});

test("a language model's text is PyTorch's, through every ABI", async ({ blank, site }) => {
  const wamr = (await serveGuest(site, wamrModule(), '/guests/wamr-text.wasm')).replace('/guests/', '');
  const guests = {
    core: 'witx-probe.wasm',
    'component 10-28': 'probe.component.wasm',
    'component 08-19': 'probe-08-19.component.wasm',
    'component 06-25': 'probe-06-25.component.wasm',
    wamr,
  };
  const wonderland = { parts: ['/models/wonderland.gguf', '/settings.json'] };
  site.answer('/settings.json', (_, response) => response.end('{"temp":2,"n-predict":1}'));
  await openGuests(blank, guests, { models: { tiny: tinyModel, wonderland } });
  const guest = wasmEdgeGuest(coreModuleGuest(blank, 'core'));

  await test.step('as a whole, and token by token', async () => {
    const context = await guest.open(greedy);
    expect(await guest.setInput(context, 0, romeo)).toBe(0);
    expect(await guest.output(context, 1)).toMatch(
      /^{"input_tokens": 5, "output_tokens": 0, "llama_build_number": \d+, "llama_commit": "\w+"}$/,
    );
    expect(await guest.generate(context, {})).toEqual([0, romeoText]);
    expect(JSON.parse(await guest.output(context, 1))).toMatchObject({ input_tokens: 5, output_tokens: 60 });
    // The setting "n-predict" limits whole texts alone.
    const [tokens, errno] = await guest.generateSingly(context, 62);
    expect([tokens.slice(0, 60).join(''), tokens.length, errno]).toEqual([romeoText, 62, 0]);
    expect(await guest.call('fini_single', context)).toBe(0);
    expect(await guest.output(context, 0, 'get_output_single')).toBe('');
  });

  await test.step('to the end of the text, which has the token that ends it', async () => {
    const context = await guest.open(greedy);
    const yesOrNo = { grammar: 'root ::= "yes" | "no"' };
    expect(await guest.generate(context, yesOrNo)).toEqual([0, 'yes</s>']);
    expect(await guest.generateSingly(context, 9)).toEqual([['y', 'es'], 100]);
    const schema = {
      grammar: '',
      'json-schema': '{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}',
    };
    const [errno, json] = await guest.generate(context, schema);
    expect([errno, JSON.parse(json.replace('</s>', ''))]).toEqual([0, { a: expect.any(Number) }]);
    expect((await guest.generate(context, { ...yesOrNo, grammar: 'root ::= (' }))[0]).toBe(1);
  });

  await test.step('to a reverse prompt, which stays in the text, or the end of the context', async () => {
    const context = await guest.open(greedy);
    expect(await guest.generate(context, { 'reverse-prompt': 'the cold' })).toEqual([
      0,
      romeoText.slice(0, romeoText.indexOf('the cold') + 'the cold'.length),
    ]);
    const [errno, text] = await guest.generate(context, { 'reverse-prompt': '', 'n-predict': -1 });
    expect(errno).toBe(101);
    expect(text.startsWith(romeoText)).toBe(true);
    expect((await guest.generate(context, {}, 'To be or not to be '.repeat(60)))[0]).toBe(102);
    expect(JSON.parse(await guest.output(context, 1))).toMatchObject({ input_tokens: 421 });
  });

  await test.step('of the prompt that was set last, beside another model, whose settings file the guest overrides', async () => {
    const context = await guest.open(greedy);
    const { graph } = await guest.load('wonderland', JSON.stringify({ ...greedy, 'n-predict': 8 }));
    const another = await guest.openContext(graph);
    const [errno, text] = await guest.generate(another, {}, 'Alice was');
    expect([errno, text.length > 8]).toEqual([0, true]);
    expect(JSON.parse(await guest.output(another, 1))).toMatchObject({ output_tokens: 8 });
    expect(await guest.setInput(context, 0, 'a prompt that is replaced')).toBe(0);
    expect(await guest.setInput(context, 0, romeo)).toBe(0);
    expect(await guest.call('compute', context)).toBe(0);
    expect(await guest.output(context, 0)).toBe(romeoText);
    expect(await guest.generate(another, {}, 'Alice was')).toEqual([0, text]);
  });

  await test.step('an embedding', async () => {
    const context = await guest.open({ embedding: true, threads: 1 });
    const [errno, json] = await guest.generate(context, {});
    const { n_embedding, embedding } = JSON.parse(json);
    expect([errno, n_embedding, embedding.length]).toEqual([0, 128, 128]);
    const length = Math.hypot(...embedding);
    expect(length).toBeCloseTo(1, 4);
  });

  await test.step('errors', async () => {
    expect((await guest.load('nothing', '{}')).errno).toBe(103);
    expect((await guest.load('tiny', 'no JSON')).errno).toBe(2);
    expect((await guest.load('tiny', '{"ctx-size":"1024"}')).errno).toBe(1);
    const { graph } = await guest.load('tiny', JSON.stringify(greedy));
    const context = await guest.openContext(graph);
    expect(await guest.call('compute', context)).toBe(1);
    expect(await guest.call('unload', graph)).toBe(0);
    expect(await guest.setInput(context, 0, romeo)).toBe(1);
    expect(await guest.call('finalize_execution_context', context)).toBe(0);
  });

  for (const component of ['component 10-28', 'component 08-19', 'component 06-25']) {
    await test.step(`through a ${component}`, async () => {
      const graph = succeeded(await ask<number>(blank, component, 'loadByName', 'tiny'));
      const inputs = [tensor('0', romeo), tensor('1', JSON.stringify(greedy))];
      // Guests of the older versions ask for outputs by their names.
      const asked = component === 'component 10-28' ? true : ['0', '1'];
      const outputs = succeeded(await ask<PlainTensor[]>(blank, component, 'compute', graph, inputs, asked));
      expect(outputs.map(({ data }) => decode(data))).toEqual([
        romeoText,
        expect.stringContaining('"output_tokens": 60'),
      ]);
      expect(await ask(blank, component, 'compute', graph, [tensor('1', '{}')], asked)).toMatchObject({
        code: 'invalid-argument',
      });
    });
  }

  await test.step("through WAMR's module", () => expectWamrText(blank));
  await test.step('through the page', () => expectPageText(blank));
});

function tensor(name: string, text: string): PlainTensor {
  const data = encode(text);
  return { name, dimensions: [data.byteLength], ty: 'U8', data };
}

/** WAMR counts the prompt's 5 tokens, and generates one more than there is room for. */
async function expectWamrText(page: Page): Promise<void> {
  const guest = coreModuleGuest(page, 'wamr');
  const out = await guest.place(words(0));
  const place = async (text: string) => [await guest.place(encode(text)), encode(text).byteLength] as const;
  const configuration = await place(JSON.stringify({ 'n-predict': 64, temp: 2 }));
  expect(await guest.call('load_by_name_with_config', ...(await place('tiny')), ...configuration, out)).toBe(0);
  expect(await guest.call('init_execution_context', await guest.readU32(out), out)).toBe(0);
  const context = await guest.readU32(out);
  const dimensions = await guest.place(words(await guest.place(words(1)), 1));
  const prompt = await guest.place(encode(`${romeo}\0`));
  expect(await guest.call('set_input', context, 0, await guest.place(words(dimensions, 2, prompt)))).toBe(0);
  expect(await guest.call('compute', context)).toBe(0);
  const buffer = await guest.place(new Uint8Array(1024));
  const size = await guest.place(words(1024));
  expect(await guest.call('get_output', context, 0, buffer, size)).toBe(0);
  expect(decode(await guest.read(buffer, await guest.readU32(size)))).toBe(romeoText);
}

async function expectPageText(page: Page): Promise<void> {
  const answer = await page.evaluate(
    async ({ prompt, model }) => {
      const { nn } = globalThis.guestPage;
      const graph = await nn.loadByName('tiny');
      const options = { maxTokens: 60, temperature: 0, topK: 1 };
      const pieces: string[] = [];
      const ends: unknown[] = [];
      for await (const piece of graph.generate(prompt, { ...options, onEnd: (end) => ends.push(end) }))
        pieces.push(piece);

      // A text that is left, and one that is aborted, end: the next has the model for itself.
      for await (const _piece of graph.generate(prompt, { temperature: 0 })) break;
      const stopping = new AbortController();
      let aborted = '';
      let abortedAt = 0;
      try {
        for await (const _piece of graph.generate(prompt, { signal: stopping.signal })) {
          abortedAt ||= performance.now();
          stopping.abort(new Error('enough'));
        }
      } catch (cause) {
        aborted = String(cause);
      }
      const abortMilliseconds = performance.now() - abortedAt;
      let again = '';
      for await (const piece of graph.generate(prompt, { ...options, maxTokens: 2 })) again += piece;
      await graph.dispose();

      const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
      const refusals: string[] = [];
      for (const damaged of [bytes.slice(0, 100), bytes.slice(0, 300_000), bytes.slice(0, 8)]) {
        await nn.load([damaged]).catch((cause) => refusals.push(`${cause.code}: ${cause.message}`));
      }
      return { text: pieces.join(''), count: pieces.length, ends, aborted, abortMilliseconds, again, refusals };
    },
    { prompt: romeo, model: tinyModel },
  );
  expect(answer).toMatchObject({ text: romeoText, count: 60, aborted: 'Error: enough', again: romeoText.slice(0, 2) });
  expect(answer.ends).toEqual([{ reason: 'length', endToken: '', inputTokens: 5, outputTokens: 60 }]);
  expect(answer.abortMilliseconds).toBeLessThan(200);
  expect(answer.refusals).toHaveLength(3);
  for (const refusal of answer.refusals) expect(refusal).toMatch(/^invalid-encoding: load: .*(damaged|corrupted)/);
}
