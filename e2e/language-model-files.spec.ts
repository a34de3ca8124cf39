import { readFileSync } from 'node:fs';
import { mutations } from '../src/importers/mutations.fixture.js';
import { createRandomBelow } from '../src/standard/random.fixture.js';
import record from '../training/wonderland/wonderland.json' with { type: 'json' };
import { openHeapReader } from './heap.js';
import type { Site } from './site.js';
import { splitGguf } from './split-gguf.js';
import { expect, test } from './test.js';

/** Files of language models: split, with settings beside them, damaged, and loaded again and again. The project's own model. */

const wonderland = '/models/wonderland.gguf';
const model = new Uint8Array(readFileSync(`public${wonderland}`));
const [story] = record.greedy;
if (!story) throw new Error('nothing was recorded of the model');

/** The settings with which the text was recorded. */
const settings = JSON.stringify({ temp: 0, 'n-predict': 60, threads: 1 });

function serve(site: Site, path: string, body: Uint8Array | string): void {
  site.answer(path, (_, response) => response.end(body));
}

test('a model in two files, with settings beside it, writes for the page and through the proposed prompt interface', async ({
  blank,
  site,
}) => {
  const [first, second] = splitGguf(model);
  serve(site, '/first.gguf', first);
  serve(site, '/second.gguf', second);
  serve(site, '/settings.json', settings);
  const answer = await blank.evaluate(async (prompt) => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const nn = createWasiNN({
      models: {
        story: { parts: ['/first.gguf', '/second.gguf', '/settings.json'] },
        half: { parts: ['/first.gguf'] },
        digits: '/models/digits.onnx',
      },
    });
    const component = '/guests/prompt.component.wasm';
    const refusal = await nn.instantiate(component).catch((cause) => `${cause.code}: ${cause.message}`);
    interface PromptExports {
      answer(model: string, prompts: readonly string[]): Promise<readonly string[]>;
    }
    const { exports } = await nn.instantiate<PromptExports>(component, { proposals: ['prompt'] });
    const texts = await exports.answer('story', [prompt, prompt]);
    const failure: unknown = await exports.answer('digits', [prompt]).catch((cause) => cause.payload);
    const graph = await nn.loadByName('story');
    let text = '';
    for await (const piece of graph.generate(prompt)) text += piece;
    const half = await nn.loadByName('half').catch((cause) => `${cause.code}: ${cause.message}`);
    nn.dispose();
    return { refusal, texts, failure, text, half };
  }, story.prompt);
  expect(answer).toEqual({
    refusal: expect.stringMatching(/^unsupported-operation: .*proposals: \['prompt'\]/),
    texts: [story.text, story.text],
    failure: 'init: the graph is no language model: load one in a GGUF file',
    text: story.text,
    half: expect.stringMatching(/^invalid-argument: .*split into 2 GGUF files, but 1 came/),
  });
});

/** Most damage is done where llama.cpp reads sizes and names, some anywhere: flipped weights are no damage that it could see. */
function damage(count: number): Uint8Array[] {
  const random = createRandomBelow(20);
  const head = model.subarray(0, 32_768);
  const kinds = Object.values(mutations).filter((mutate) => mutate !== mutations['swapped parts']);
  return Array.from({ length: count }, (_, index) => {
    const mutate = kinds[index % kinds.length];
    const part = random(4) === 0 ? model : head;
    const [changed = new Uint8Array()] = mutate?.([part], random, []) ?? [];
    return part === model ? changed : Buffer.concat([changed, model.subarray(head.byteLength)]);
  });
}

test('300 damaged files end in an error in words, or write something', { tag: '@long' }, async ({ blank, site }) => {
  test.setTimeout(900_000);
  const files = damage(300);
  for (const [index, file] of files.entries()) serve(site, `/damaged/${index}.gguf`, file);
  const { outcomes, text } = await blank.evaluate(
    async ({ count, prompt, wonderland }) => {
      const library = '/lib/wasi-nn-web.js';
      const { createWasiNN }: typeof import('../src/index.js') = await import(library);
      // What takes longer hangs, and fails with the code timeout.
      const nn = createWasiNN({ limits: { loadMilliseconds: 60_000, computeMilliseconds: 60_000 } });
      const fetchBytes = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer());
      const write = async (bytes: Uint8Array<ArrayBuffer>, maxTokens: number) => {
        const graph = await nn.load([bytes]);
        let text = '';
        try {
          for await (const piece of graph.generate(prompt, { maxTokens, temperature: 0 })) text += piece;
        } finally {
          await graph.dispose();
        }
        return text;
      };
      const outcomes: { readonly code: string; readonly message: string }[] = [];
      for (let index = 0; index < count; index++) {
        const bytes = await fetchBytes(`/damaged/${index}.gguf`);
        outcomes.push(
          await write(bytes, 3).then(
            () => ({ code: 'success', message: '' }),
            ({ code, message }) => ({ code: String(code), message: String(message) }),
          ),
        );
      }
      const text = await write(await fetchBytes(wonderland), 60);
      nn.dispose();
      return { outcomes, text };
    },
    { count: files.length, prompt: story.prompt, wonderland },
  );
  const counts: Record<string, number> = {};
  for (const { code } of outcomes) counts[code] = (counts[code] ?? 0) + 1;
  test.info().annotations.push({ type: 'outcomes', description: JSON.stringify(counts) });
  const known = [
    'success',
    'invalid-encoding',
    'invalid-argument',
    'unsupported-operation',
    'too-large',
    'runtime-error',
  ];
  expect(Object.keys(counts).filter((code) => !known.includes(code))).toEqual([]);
  for (const { code, message } of outcomes) if (code !== 'success') expect(message).toMatch(/^(load|compute): .{10}/);
  expect(counts['invalid-encoding']).toBeGreaterThan(100);
  expect(text).toBe(story.text);
});

test.describe('memory', () => {
  test.use({ ownProcess: true });

  test('100 cycles of load, generate and dispose leave memory as it was', { tag: ['@long', '@alone'] }, async ({
    blank,
  }) => {
    test.setTimeout(900_000);
    const reader = await openHeapReader(blank);
    await blank.evaluate(async (wonderland) => {
      const library = '/lib/wasi-nn-web.js';
      const { createWasiNN }: typeof import('../src/index.js') = await import(library);
      globalThis.textCycles = { nn: createWasiNN({ models: { wonderland } }) };
    }, wonderland);
    const cycle = (times: number) =>
      blank.evaluate(
        async ({ times, prompt }) => {
          const { nn } = globalThis.textCycles;
          for (let time = 0; time < times; time++) {
            const graph = await nn.loadByName('wonderland');
            for await (const _piece of graph.generate(prompt, { maxTokens: 8 }));
            await graph.dispose();
          }
          return nn.stats();
        },
        { times, prompt: story.prompt },
      );
    await cycle(10);
    const before = await reader.read();
    const { graphs, calls } = await cycle(100);
    const after = await reader.read();
    test.info().annotations.push({ type: 'memory', description: JSON.stringify({ before, after }) });
    expect({ graphs, calls }).toEqual({ graphs: 0, calls: 0 });
    expect(after - before).toBeLessThan(1 << 20);
    expect(blank.workers().filter((worker) => worker.url().startsWith('blob:'))).toEqual([]);
  });
});

declare global {
  var textCycles: { readonly nn: import('../src/index.js').WasiNN };
}
