import type { Page } from '@playwright/test';
import { createRandomBelow } from '../src/standard/random.fixture.js';
import { coreModuleGuest, placeTensor, words } from './core-module-page.js';
import { fixtures, readFixture, withoutFixtures } from './fixture-data.js';
import {
  ask,
  compute,
  events,
  loadByName,
  openGuests,
  openProbe,
  type PageModel,
  type PlainTensor,
  succeeded,
} from './guest-page.js';
import { type Site, startSite } from './site.js';
import { expect, test } from './test.js';
import { largestError, type TfliteCase, tfliteCases } from './tflite-cases.js';

/** TensorFlow Lite models on LiteRT.js, through guests, against what the native runtime answers. */

const cases = fixtures ? tfliteCases() : [];

test.beforeEach(() => {
  test.skip(!fixtures, withoutFixtures);
});

/** What docs/security.md tells a strict page to allow. */
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' blob:; worker-src 'self'; connect-src 'self'";

/** Opens a page under the strict policy. What it refuses is in the list that is returned. */
async function openStrictPage(page: Page, site: Site): Promise<string[]> {
  const violations: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) violations.push(message.text());
  });
  site.answer('/strict.html', (_, response) => {
    response.setHeader('Content-Security-Policy', policy);
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>strict</title>');
  });
  await page.goto(`${site.origin}/strict.html`);
  return violations;
}

const modelsOf = (chosen: readonly TfliteCase[], options: Partial<PageModel> = {}) =>
  Object.fromEntries(chosen.map(({ name, url }): [string, PageModel] => [name, { url, ...options }]));

function caseOf(name: string): TfliteCase {
  const found = cases.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`there is no fixture ${name}`);
  return found;
}

async function expectAgreement(page: Page, one: TfliteCase, tolerance: number): Promise<void> {
  const graph = succeeded(await loadByName(page, one.name));
  const [output] = succeeded(await compute(page, graph, [one.input]));
  const { name, ty, dimensions } = one.output;
  expect(output).toMatchObject({ name, ty, dimensions });
  const error = largestError(one, output?.data ?? new Uint8Array());
  expect({ model: one.name, error, isNear: error <= tolerance }).toMatchObject({ isNear: true });
}

test('all models on the CPU, on threads and under a strict policy, agree with the native runtime', async ({
  page,
  site,
}) => {
  const violations = await openStrictPage(page, site);
  await openProbe(page, { models: modelsOf(cases) });
  for (const one of cases) await expectAgreement(page, one, one.isQuantized ? 0 : 1e-5);
  const device = { provider: 'wasm', description: expect.stringMatching(/^WebAssembly relaxed SIMD, \d threads$/) };
  expect(await events(page)).toEqual(
    cases.map(({ name }) => expect.objectContaining({ name, backend: 'litert', device: { target: 'cpu', ...device } })),
  );
  const reported = (await events(page)).find((event) => JSON.stringify(event).includes('"small_int8"'));
  const quantization = { scale: expect.closeTo(0.003921404, 6), zeroPoint: -128 };
  const input = { name: 'input', type: 'U8', shape: [1, 32, 32, 3], modelType: 'INT8', quantization };
  expect(reported).toMatchObject({ inputs: [input] });
  expect(violations).toEqual([]);
});

test('pages that are not isolated compute on one thread', async ({ page }) => {
  const site = await startSite({ isolated: false });
  try {
    const violations = await openStrictPage(page, site);
    await openProbe(page, { models: modelsOf(cases) });
    for (const name of ['small_uint8', 'small_int8', 'small_float']) {
      const one = caseOf(name);
      await expectAgreement(page, one, one.isQuantized ? 0 : 1e-5);
    }
    const description = 'WebAssembly relaxed SIMD, 1 thread';
    expect((await events(page))[0]).toMatchObject({ device: { description } });
    expect(violations).toEqual([]);
  } finally {
    await site.close();
  }
});

test('the files of LiteRT.js may be on another origin, with threads', async ({ blank }) => {
  const cdn = await startSite();
  try {
    const description = await blank.evaluate(
      async ({ origin, url }) => {
        const { createWasiNN }: typeof import('../src/index.js') = await import(`${origin}/lib/wasi-nn-web.js`);
        const nn = createWasiNN({ models: { small: url } });
        const { device } = await nn.loadByName('small');
        nn.dispose();
        return device.description;
      },
      { origin: cdn.origin, url: caseOf('small_float').url },
    );
    expect(description).toMatch(/threads$/);
    expect(cdn.requests.some((path) => /litert_wasm_threaded_internal.*\.wasm$/.test(path))).toBe(true);
  } finally {
    await cdn.close();
  }
});

for (const [target, provider] of [
  ['gpu', 'webgpu'],
  ['tpu', 'webnn'],
] as const) {
  test(`float models on ${target} agree with the native runtime; quantised ones go to WebAssembly`, async ({
    blank,
  }) => {
    const real = cases.filter(({ isQuantized }) => !isQuantized);
    const chosen = [...real, caseOf('small_uint8')];
    await openProbe(blank, { models: modelsOf(chosen, { target }), allowSoftwareAdapter: true });
    for (const one of chosen) await expectAgreement(blank, one, one.isQuantized ? 0 : 1e-5);
    const reported = await events(blank);
    expect(reported.slice(0, real.length)).toEqual(
      real.map(({ name }) =>
        expect.objectContaining({ type: 'load', name, device: expect.objectContaining({ provider }) }),
      ),
    );
    const reason = expect.stringContaining('LiteRT.js computes quantised models exactly on WebAssembly only');
    expect(reported.slice(real.length)).toMatchObject([
      { type: 'fallback', name: 'small_uint8', steps: expect.arrayContaining([expect.objectContaining({ reason })]) },
      { type: 'load', name: 'small_uint8', device: { provider: 'wasm' } },
    ]);
  });
}

test("one u8 model through WasmEdge's guests, WAMR's and all versions of WIT", async ({ blank }) => {
  const guests = {
    probe: 'probe.component.wasm',
    'probe-08-19': 'probe-08-19.component.wasm',
    'probe-06-25': 'probe-06-25.component.wasm',
    edge: 'witx-probe.wasm',
    wamr: 'wamr-probe.wasm',
  };
  const small = caseOf('small_uint8');
  await openGuests(blank, guests, { models: { small: small.url, birds: '/fixtures/models/birds.tflite' } });

  for (const guest of ['probe', 'probe-08-19', 'probe-06-25']) {
    const graph = succeeded(await ask<number>(blank, guest, 'loadByName', 'small'));
    const asked = guest === 'probe' ? true : [small.output.name];
    const [output] = succeeded(await ask<PlainTensor[]>(blank, guest, 'compute', graph, [small.input], asked));
    expect(Buffer.from(output?.data ?? [])).toEqual(small.output.data);
    const float = { ...small.input, ty: 'FP32', data: new Uint8Array(3072 * 4) };
    expect(await ask(blank, guest, 'compute', graph, [float], asked)).toMatchObject({
      code: 'invalid-argument',
      text: expect.stringMatching(
        /expects U8 \[1, 32, 32, 3\] \(scale 0\.0039214\d+, zero point 0\), but FP32 \[1, 32, 32, 3\] came/,
      ),
    });
  }
  expect(await topBirds(blank)).toEqual([
    [166, 199],
    [158, 2],
    [34, 1],
    [778, 1],
    [819, 1],
  ]);
  const scores = await computeWithWamr(blank, small);
  expect(scores).toEqual(Array.from(small.output.data, (score) => Math.fround(score * 0.00390625)));
});

/** As the bird example of WasmEdge does: tensor type 2, which is U8 to older guests, and a buffer of 965 bytes. */
async function topBirds(page: Page): Promise<(readonly [number, number])[]> {
  const edge = coreModuleGuest(page, 'edge');
  const model = readFixture('models/birds.tflite');
  const builders = await edge.place(words(await edge.place(model), model.byteLength));
  const out = await edge.place(words(0));
  expect(await edge.call('load', builders, 1, 4, 0, out)).toBe(0);
  expect(await edge.call('init_execution_context', await edge.readU32(out), out)).toBe(0);
  const context = await edge.readU32(out);
  const image = { type: 2, dimensions: [1, 224, 224, 3], data: readFixture('tensors/birdx224x224x3-u8.rgb') };
  expect(await edge.call('set_input', context, 0, await placeTensor(edge, image))).toBe(0);
  expect(await edge.call('compute', context)).toBe(0);
  const buffer = await edge.place(new Uint8Array(965));
  expect(await edge.call('get_output', context, 0, buffer, 965, out)).toBe(0);
  expect(await edge.readU32(out)).toBe(965);
  const ranked = Array.from(await edge.read(buffer, 965), (score, index) => [index, score] as const);
  return ranked.toSorted((left, right) => right[1] - left[1] || left[0] - right[0]).slice(0, 5);
}

/** As guests of WAMR do: with real numbers, which the host makes whole ones of, and back. */
async function computeWithWamr(page: Page, { url, input, output }: TfliteCase): Promise<number[]> {
  const wamr = coreModuleGuest(page, 'wamr');
  const model = readFixture(url.replace('/fixtures/', ''));
  const builder = await wamr.place(words(await wamr.place(model), model.byteLength));
  const out = await wamr.place(words(0));
  expect(await wamr.call('load', await wamr.place(words(builder, 1)), 4, 0, out)).toBe(0);
  expect(await wamr.call('init_execution_context', await wamr.readU32(out), out)).toBe(0);
  const context = await wamr.readU32(out);
  // In the middle between what becomes this number and what becomes the next.
  const real = Float32Array.from(input.data, (value) => (value + 0.5) * 0.003921404015272856);
  const dimensions = await wamr.place(words(await wamr.place(words(...input.dimensions)), input.dimensions.length));
  const tensor = await wamr.place(words(dimensions, 1, await wamr.place(new Uint8Array(real.buffer))));
  expect(await wamr.call('set_input', context, 0, tensor)).toBe(0);
  expect(await wamr.call('compute', context)).toBe(0);
  const count = output.data.byteLength;
  const buffer = await wamr.place(new Uint8Array(count * 4));
  const size = await wamr.place(words(count));
  expect(await wamr.call('get_output', context, 0, buffer, size)).toBe(0);
  expect(await wamr.readU32(size)).toBe(count);
  return [...new Float32Array((await wamr.read(buffer, count * 4)).slice().buffer)];
}

test('300 damaged models end with errors or numbers, and the engine lives', async ({ blank }) => {
  const small = ['small_float', 'small_int8', 'small_uint8', 'small_float16', 'small_dynamic'].map(caseOf);
  await openProbe(blank, { models: modelsOf(small) });
  const graph = succeeded(await loadByName(blank, 'small_uint8'));
  await blank.evaluate(() => {
    const { nn, events } = globalThis.guestPage;
    nn.addEventListener('replace', ({ detail }) => events.push(detail));
  });
  const random = createRandomBelow(17);
  const models = Array.from({ length: 300 }, (_, index) => {
    const { url, input } = small[index % small.length] ?? caseOf('small_float');
    return { bytes: damage(readFixture(url.replace('/fixtures/', '')), index, random), input };
  });
  const endings = new Map<string, number>();
  for (const { bytes, input } of models) {
    const ending = await loadAndCompute(blank, bytes, input);
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
  }
  const expected = ['computed', 'invalid-argument', 'invalid-encoding', 'runtime-error', 'unsupported-operation'];
  expect([...endings.keys()].filter((ending) => !expected.includes(ending))).toEqual([]);
  expect(endings.get('invalid-encoding')).toBeGreaterThan(150);
  expect((await events(blank)).filter((event) => JSON.stringify(event).includes('"replace"'))).toEqual([]);
  const { input, output } = caseOf('small_uint8');
  const [answer] = succeeded(await compute(blank, graph, [input]));
  expect(Buffer.from(answer?.data ?? [])).toEqual(output.data);
});

/** Cuts a model off, or changes a bit of it, or many. */
function damage(model: Buffer, index: number, random: (below: number) => number): Uint8Array {
  if (index % 3 === 0) return Uint8Array.from(model.subarray(0, random(model.byteLength)));
  const bytes = Uint8Array.from(model);
  for (let bit = 0; bit < (index % 3 === 1 ? 1 : 20); bit++) {
    const at = random(bytes.byteLength);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
  }
  return bytes;
}

/** @returns the code of the error, whose text must say something, or `computed` */
async function loadAndCompute(page: Page, model: Uint8Array, input: PlainTensor): Promise<string> {
  const loaded = await ask<number>(page, 'probe', 'load', [model], 'tensorflowlite', 'cpu');
  if ('code' in loaded) {
    expect(loaded.text).toMatch(/^load: .{20,}/s);
    return loaded.code;
  }
  const computed = await ask(page, 'probe', 'compute', loaded.ok, [{ ...input, name: '0' }], true);
  await ask(page, 'probe', 'unload', loaded.ok);
  if (!('code' in computed)) return 'computed';
  expect(computed.text).toMatch(/^compute: .{20,}/s);
  return computed.code;
}

test('200 graphs that a guest loads, computes and unloads leave the memory as it was @long', async ({ blank }) => {
  const small = caseOf('mobilenet_v2_uint8');
  await openProbe(blank, { models: modelsOf([small]) });
  const cycles = async (count: number) => {
    for (let cycle = 0; cycle < count; cycle++) {
      const graph = succeeded(await loadByName(blank, small.name));
      succeeded(await compute(blank, graph, [small.input]));
      succeeded(await ask(blank, 'probe', 'unload', graph));
    }
    const { heapBytes } = await blank.evaluate(() => globalThis.guestPage.nn.stats());
    return heapBytes;
  };
  const before = await cycles(10);
  expect(await cycles(190)).toBe(before);
});
