import type { Page } from '@playwright/test';
import type { Guest, WasiNN } from '../src/index.js';
import { type Fault, type ServedRequest, serveFile } from '../src/models/file-server.fixture.js';
import { writeModel } from './onnx-model.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';

/** Downloads that nobody waits for any more. */

interface Loader {
  loadByName(name: string): Promise<number>;
}

declare global {
  var givenUpPage: {
    readonly nn: WasiNN;
    /** Has two guests start, in the place of those before, and registers a model. */
    start(model: string): Promise<void>;
    readonly guests: readonly Guest<Loader>[];
    /** Resolves when as many bytes of a model have come. */
    came(model: string, bytes: number): Promise<void>;
  };
}

const chunkBytes = 4 << 20;

/** A model of more than one chunk of the cache. */
const length = chunkBytes / 4 + 1000;
const constant = { name: 'c', type: 'FP32', shape: [length], data: new Uint8Array(4 * length) } as const;
const model = writeModel({
  operator: 'Add',
  inputs: [{ name: 'x', type: 'FP32', shape: [1] }, constant],
  output: { name: 'y', type: 'FP32', shape: [length] },
});

async function openPage(page: Page, site: Site): Promise<void> {
  await page.goto(`${site.origin}/blank.html`);
  await page.evaluate(async () => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const nn = createWasiNN({ models: {} });
    const loaded: Record<string, number> = {};
    nn.addEventListener('progress', ({ detail }) => {
      loaded[detail.name] = detail.loaded;
    });
    const guests: Guest<Loader>[] = [];
    globalThis.givenUpPage = {
      nn,
      guests,
      async start(model) {
        nn.models.add({ [model]: `/${model}.onnx` });
        for (const guest of guests.splice(0)) guest.dispose();
        for (let guest = 0; guest < 2; guest++) guests.push(await nn.instantiate('/guests/probe.component.wasm'));
      },
      came: (model, bytes) =>
        new Promise((resolve) => {
          const look = () => (loaded[model] ?? 0) >= bytes && resolve();
          nn.addEventListener('progress', look);
          look();
        }),
    };
  });
}

/** Serves the model by a name, with a fault in the first answer, to two new guests. */
async function serve(page: Page, site: Site, name: string, fault: Fault): Promise<ServedRequest[]> {
  const { requests, handle } = serveFile({ bytes: model, etag: '"1"', faults: [fault] });
  site.answer(`/${name}.onnx`, handle);
  await page.evaluate((name) => givenUpPage.start(name), name);
  return requests;
}

/** Lets the first guest ask for the model, until a part of it has come. */
async function ask(page: Page, name: string): Promise<void> {
  await page.evaluate(
    async ({ name, bytes }) => {
      void givenUpPage.guests[0]?.exports.loadByName(name).catch(() => undefined);
      await givenUpPage.came(name, bytes);
    },
    { name, bytes: chunkBytes + 10 },
  );
}

test('a download ends when nobody waits for it any more, and not before', async ({ page, site }) => {
  await openPage(page, site);
  await test.step('it ends with the only guest that waits for it, and the next goes on from there', () =>
    expectEnd(page, site));
  for (const other of ['another guest', 'the page, which preloads it'] as const) {
    await test.step(`it goes on for ${other}`, () => expectDownload(page, site, other));
  }
});

async function expectEnd(page: Page, site: Site): Promise<void> {
  const requests = await serve(page, site, 'stalled', { kind: 'stall', after: chunkBytes + 10 });
  await ask(page, 'stalled');
  await page.evaluate(() => givenUpPage.guests[0]?.dispose());
  await requests[0]?.closed;
  expect(await page.evaluate(() => givenUpPage.guests[1]?.exports.loadByName('stalled'))).toBe(0);
  expect(requests).toMatchObject([
    { range: undefined },
    { range: `bytes=${chunkBytes}-`, sent: model.byteLength - chunkBytes },
  ]);
}

async function expectDownload(page: Page, site: Site, other: string): Promise<void> {
  let goOn = () => {};
  const until = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const isGuest = other === 'another guest';
  const name = isGuest ? 'shared' : 'preloaded';
  const requests = await serve(page, site, name, { kind: 'pause', after: chunkBytes + 10, until });
  const stats = () => page.evaluate(() => givenUpPage.nn.stats());
  await ask(page, name);
  const waiting = await page.evaluateHandle(
    ({ isGuest, name }) => {
      const { nn, guests } = givenUpPage;
      const outcome = isGuest ? guests[1]?.exports.loadByName(name) : nn.models.preload(name);
      return { outcome };
    },
    { isGuest, name },
  );
  if (isGuest) await expect.poll(async () => (await stats()).calls).toBe(2);
  await page.evaluate(() => givenUpPage.guests[0]?.dispose());
  // The hub answers the first request after it has posted the guest's end to the models worker. The models worker takes up the
  // second after that end.
  const { calls, guests } = await stats();
  await stats();
  expect({ calls, guests }).toEqual({ calls: isGuest ? 1 : 0, guests: 1 });
  goOn();
  expect(await waiting.evaluate(async ({ outcome }) => outcome)).toBe(isGuest ? 0 : undefined);
  expect(requests).toMatchObject([{ sent: model.byteLength }]);
  const listed = await page.evaluate(() => givenUpPage.nn.models.list());
  expect(listed.filter((one) => one.name === name)).toMatchObject([{ cached: 'whole' }]);
}
