import type { Page } from '@playwright/test';
import { coreModuleGuest, openContext, words } from './core-module-page.js';
import { ask, events, openGuests, type PlainTensor, succeeded } from './guest-page.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';

const pixels = Float32Array.from({ length: 28 * 28 }, (_, index) => Math.sin(index));

test('guests of the ABIs for core modules load, compute and meet errors', async ({ blank, site }) => {
  const witx = 'witx-probe.wasm';
  const guests = {
    wamr: 'wamr-probe.wasm',
    probe: 'probe.component.wasm',
    faulty: witx,
    withoutMemory: 'witx-probe-no-memory.wasm',
    sharing: witx,
  };
  await openGuests(blank, guests, { models: { digits: '/models/digits.onnx' } });
  await test.step("WAMR's wasi_nn: builders as a struct, tensors without lengths, sizes counted in f32", () =>
    expectWamr(blank, site));
  await test.step('the page gets the text of an error, of which a core module gets the number alone', () =>
    expectWords(blank));
  await test.step('every function that needs memory refuses a guest without one', () => expectNoMemory(blank));
  await test.step('a model of several names is one session: unloading one leaves the other', () =>
    expectSharing(blank));
});

async function expectWamr(page: Page, site: Site): Promise<void> {
  const wamr = coreModuleGuest(page, 'wamr');
  const model = new Uint8Array(await (await fetch(`${site.origin}/models/digits.onnx`)).arrayBuffer());
  const bytes = new Uint8Array(pixels.buffer);

  const builder = await wamr.place(words(await wamr.place(model), model.byteLength));
  const out = await wamr.place(words(0xffffffff));
  expect(await wamr.call('load', await wamr.place(words(builder, 1)), 1, 0, out)).toBe(0);
  expect(await wamr.call('init_execution_context', await wamr.readU32(out), out)).toBe(0);
  const context = await wamr.readU32(out);

  const dimensions = await wamr.place(words(await wamr.place(words(1, 1, 28, 28)), 4));
  const tensor = await wamr.place(words(dimensions, 1, await wamr.place(bytes)));
  expect(await wamr.call('set_input', context, 0, tensor)).toBe(0);
  expect(await wamr.call('compute', context)).toBe(0);

  const buffer = await wamr.place(new Uint8Array(40));
  const tooFew = await wamr.place(words(9));
  expect(await wamr.call('get_output', context, 0, buffer, tooFew)).toBe(7);
  expect(await wamr.readU32(tooFew)).toBe(10);
  expect(await wamr.read(buffer, 40)).toEqual(new Uint8Array(40));
  expect(await wamr.call('get_output', context, 0, buffer, tooFew)).toBe(0);

  const graph = succeeded(await ask<number>(page, 'probe', 'loadByName', 'digits'));
  const input = { name: 'image', ty: 'FP32', dimensions: [1, 1, 28, 28], data: bytes };
  const [scores] = succeeded(await ask<PlainTensor[]>(page, 'probe', 'compute', graph, [input], true));
  expect(await wamr.read(buffer, 40)).toEqual(scores?.data);
}

async function expectWords(page: Page): Promise<void> {
  const { length: before } = await events(page);
  await page.evaluate(() => {
    const { nn, events } = globalThis.guestPage;
    nn.addEventListener('fault', ({ detail: { functionName, error } }) =>
      events.push({ functionName, text: error.message }),
    );
  });
  expect(await coreModuleGuest(page, 'faulty').call('compute', 4711)).toBe(1);
  expect((await events(page)).slice(before)).toEqual([
    { functionName: 'compute', text: expect.stringContaining('4711') },
  ]);
}

async function expectNoMemory(page: Page): Promise<void> {
  const coreModule = coreModuleGuest(page, 'withoutMemory');
  expect(await coreModule.call('load_by_name', 0, 6, 0)).toBe(3);
  expect(await coreModule.call('set_input', 0, 0, 0)).toBe(3);
}

async function expectSharing(page: Page): Promise<void> {
  const coreModule = coreModuleGuest(page, 'sharing');
  const first = await openContext(coreModule, 'digits');
  const second = await openContext(coreModule, 'digits');
  expect(second.graph).not.toBe(first.graph);
  expect(await coreModule.call('unload', first.graph)).toBe(0);
  const out = await coreModule.place(words(0));
  expect(await coreModule.call('init_execution_context', first.graph, out)).toBe(1);
  expect(await coreModule.call('init_execution_context', second.graph, out)).toBe(0);
}
