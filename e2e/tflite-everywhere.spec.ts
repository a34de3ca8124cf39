import type { Waiting } from '../src/index.js';
import { runIn, type Tab } from './browsers/browser.js';
import type { ProbeExports } from './browsers/case-page.js';
import { expect, test } from './browsers/test.js';
import { fixtures, withoutFixtures } from './fixture-data.js';
import { type Site, startSite } from './site.js';
import { largestError, tfliteCases } from './tflite-cases.js';

/** TensorFlow Lite models on the CPU, in every browser: with LiteRT.js's threads where pages are isolated, and without. */

const names = ['small_uint8', 'small_int8', 'small_float'];

interface Question {
  readonly waiting: Waiting;
  readonly models: readonly {
    readonly name: string;
    readonly url: string;
    readonly inputUrl: string;
    readonly input: { readonly name: string; readonly ty: 'U8' | 'FP32'; readonly dimensions: readonly number[] };
  }[];
  /** Whether a guest computes, or the page itself: not every browser runs guests on pages that are not isolated. */
  readonly isForGuest: boolean;
}

/** Runs in the page. @returns where the graphs run, and the bytes of each answer */
async function computeAll({ waiting, models, isForGuest }: Question): Promise<unknown> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN({ models: Object.fromEntries(models.map(({ name, url }) => [name, url])) });
  const devices: string[] = [];
  nn.addEventListener('load', ({ detail }) => devices.push(`${detail.backend}: ${detail.device.description}`));
  const guest = isForGuest
    ? await nn.instantiate<ProbeExports>('/guests/probe.component.wasm', { waiting })
    : undefined;

  async function compute({ name, input, inputUrl }: Question['models'][number]): Promise<Uint8Array | undefined> {
    const data = new Uint8Array(await (await fetch(inputUrl)).arrayBuffer());
    if (!guest) {
      const graph = await nn.loadByName(name);
      const { ty: type, dimensions } = input;
      const [output] = Object.values(await graph.compute({ [input.name]: { type, dimensions, data } }));
      return output && new Uint8Array(output.data.buffer, output.data.byteOffset, output.data.byteLength);
    }
    const { exports } = guest;
    const tensor = { ...input, dimensions: Uint32Array.from(input.dimensions), data };
    const [output] = await exports.compute(await exports.loadByName(name), [tensor], true);
    return output?.data;
  }

  const answers: number[][] = [];
  for (const model of models) answers.push([...((await compute(model)) ?? [])]);
  nn.dispose();
  return { device: devices[0], answers };
}

async function expectAgreement(tab: Tab, site: Site, waiting: Waiting, isolated: boolean): Promise<void> {
  const cases = tfliteCases().filter(({ name }) => names.includes(name));
  await tab.open(`${site.origin}/blank.html`);
  const models = cases.map(({ name, url, input: { data: _data, ...input } }) => {
    return { name, url, input, inputUrl: url.replace('.tflite', '.in.bin') };
  });
  const answer = await runIn(tab, computeAll, { waiting, models, isForGuest: isolated });
  const threads = isolated ? '(\\d+ threads|1 thread)' : '1 thread';
  const device = expect.stringMatching(new RegExp(`^litert: WebAssembly (relaxed )?SIMD, ${threads}$`));
  expect(answer).toMatchObject({ device });
  for (const [index, one] of cases.entries()) {
    const error = largestError(one, answerAt(answer, index));
    const isNear = error <= (one.isQuantized ? 0 : 1e-5);
    expect({ model: one.name, error, isNear }).toMatchObject({ isNear: true });
  }
}

test('small models agree with the native runtime on isolated pages', async ({ tab, site, waiting }) => {
  test.skip(!fixtures, withoutFixtures);
  await expectAgreement(tab, site, waiting, true);
});

test('small models agree with the native runtime on pages that are not isolated', async ({ tab, waiting }) => {
  test.skip(!fixtures, withoutFixtures);
  const site = await startSite({ isolated: false });
  try {
    await expectAgreement(tab, site, waiting, false);
  } finally {
    await site.close();
  }
});

function answerAt(answer: unknown, index: number): Uint8Array {
  const answers: unknown = Reflect.get(Object(answer), 'answers');
  const numbers: unknown = Array.isArray(answers) ? answers[index] : undefined;
  return Uint8Array.from(Array.isArray(numbers) ? numbers.map(Number) : []);
}
