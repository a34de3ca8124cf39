import type { Page } from '@playwright/test';
import { fixtures, withoutFixtures } from './fixture-data.js';
import { ask, openGuests, succeeded } from './guest-page.js';
import { type LegacyGuest, legacyGuest, words } from './legacy-page.js';
import { expect, test } from './test.js';

/** Language models on wllama, through guests and the page, against the text that PyTorch generates with the same weights. */

test.beforeEach(() => {
  test.skip(!fixtures, withoutFixtures);
});

const prompt = 'ROMEO:';
/** 60 tokens, each the likeliest. */
const expected =
  '\nI am not, I am not, and,\nIs he is a pretty of the cold,\nAnd, and the very plainty of the country\nTo being the pretty of the cou';
const greedy = { temp: 0, 'top-k': 1, 'n-predict': 60, threads: 1 };

const model = '/fixtures/encodings/ggml/tiny-f16.gguf';
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The functions of WasmEdge as a guest calls them. */
function wasmEdgeGuest(guest: LegacyGuest) {
  const placeText = async (text: string) => [await guest.place(encode(text)), encode(text).byteLength] as const;

  async function setInput(context: number, index: number, text: string): Promise<number> {
    const dimensions = await guest.place(words(1));
    const [data, length] = await placeText(text);
    return guest.call('set_input', context, index, await guest.place(words(dimensions, 1, 2, data, length)));
  }

  async function output(context: number, index: number, name = 'get_output'): Promise<string> {
    const buffer = await guest.place(new Uint8Array(4096));
    const out = await guest.place(words(0));
    expect(await guest.call(name, context, index, buffer, 4096, out)).toBe(0);
    return decode(await guest.read(buffer, await guest.readU32(out)));
  }

  async function open(settings: object, name = 'tiny'): Promise<number> {
    const out = await guest.place(words(0));
    const load = [...(await placeText(name)), ...(await placeText(JSON.stringify(settings))), out];
    expect(await guest.call('load_by_name_with_config', ...load)).toBe(0);
    const graph = await guest.readU32(out);
    expect(await guest.call('init_execution_context', graph, out)).toBe(0);
    return guest.readU32(out);
  }

  return { ...guest, placeText, setInput, output, open };
}

async function openPage(page: Page): Promise<void> {
  const guests = { legacy: 'legacy-probe.wasm', component: 'probe.component.wasm' };
  await openGuests(page, guests, { models: { tiny: model } });
}

test("a language model's text is PyTorch's, through every ABI", async ({ blank }) => {
  await openPage(blank);
  const guest = wasmEdgeGuest(legacyGuest(blank, 'legacy'));

  const context = await guest.open(greedy);
  expect(await guest.setInput(context, 0, prompt)).toBe(0);
  expect(await guest.output(context, 1)).toMatch(
    /^{"input_tokens": 5, "output_tokens": 0, "llama_build_number": \d+, "llama_commit": "\w+"}$/,
  );
  expect(await guest.call('compute', context)).toBe(0);
  expect(await guest.output(context, 0)).toBe(expected);
  expect(JSON.parse(await guest.output(context, 1))).toMatchObject({ input_tokens: 5, output_tokens: 60 });

  const tokens: string[] = [];
  while (tokens.join('') !== expected && tokens.length < 60) {
    expect(await guest.call('compute_single', context)).toBe(0);
    tokens.push(await guest.output(context, 0, 'get_output_single'));
  }
  expect(tokens).toHaveLength(60);
  expect(tokens.join('')).toBe(expected);
  expect(await guest.call('fini_single', context)).toBe(0);

  const graph = succeeded(await ask<number>(blank, 'component', 'loadByName', 'tiny'));
  const tensor = (name: string, text: string) => {
    const data = encode(text);
    return { name, dimensions: [data.byteLength], ty: 'U8', data };
  };
  const inputs = [tensor('0', prompt), tensor('1', JSON.stringify(greedy))];
  const outputs = succeeded(
    await ask<{ name: string; data: Uint8Array }[]>(blank, 'component', 'compute', graph, inputs, true),
  );
  expect(outputs.map(({ name }) => name)).toEqual(['0', '1']);
  expect(decode(outputs[0]?.data ?? new Uint8Array())).toBe(expected);
});
