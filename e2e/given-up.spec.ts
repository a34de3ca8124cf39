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
    readonly guests: readonly Guest<Loader>[];
    /** Resolves when as many bytes of a model have come. */
    came(bytes: number): Promise<void>;
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

/** Serves the model with a fault in the first answer, to a page with two guests. */
async function openPage(page: Page, site: Site, fault: Fault): Promise<ServedRequest[]> {
  const { requests, handle } = serveFile({ bytes: model, etag: '"1"', faults: [fault] });
  site.answer('/m.onnx', handle);
  await page.goto(`${site.origin}/blank.html`);
  await page.evaluate(async () => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const nn = createWasiNN({ models: { m: '/m.onnx' } });
    let loaded = 0;
    nn.addEventListener('progress', ({ detail }) => {
      loaded = detail.loaded;
    });
    const start = () => nn.instantiate<Loader>('/guests/probe.component.wasm');
    globalThis.givenUpPage = {
      nn,
      guests: [await start(), await start()],
      came: (bytes) =>
        new Promise((resolve) => {
          const look = () => loaded >= bytes && resolve();
          nn.addEventListener('progress', look);
          look();
        }),
    };
  });
  return requests;
}

/** Lets a guest ask for the model. */
async function ask(page: Page, guest: number): Promise<void> {
  await page.evaluate((guest) => {
    void givenUpPage.guests[guest]?.exports.loadByName('m').catch(() => undefined);
  }, guest);
}

test('a download ends with the only guest that waits for it, and the next goes on from there', async ({
  page,
  site,
}) => {
  const requests = await openPage(page, site, { kind: 'stall', after: chunkBytes + 10 });
  await ask(page, 0);
  await page.evaluate((bytes) => givenUpPage.came(bytes), chunkBytes + 10);
  await page.evaluate(() => givenUpPage.guests[0]?.dispose());
  await requests[0]?.closed;
  expect(await page.evaluate(() => givenUpPage.guests[1]?.exports.loadByName('m'))).toBe(0);
  expect(requests).toMatchObject([
    { range: undefined },
    { range: `bytes=${chunkBytes}-`, sent: model.byteLength - chunkBytes },
  ]);
});

for (const other of ['another guest', 'the page, which preloads it'] as const) {
  test(`a download goes on for ${other}`, async ({ page, site }) => {
    let goOn = () => {};
    const until = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const requests = await openPage(page, site, { kind: 'pause', after: chunkBytes + 10, until });
    const stats = () => page.evaluate(() => givenUpPage.nn.stats());
    await ask(page, 0);
    await page.evaluate((bytes) => givenUpPage.came(bytes), chunkBytes + 10);
    const waiting = await page.evaluateHandle((other) => {
      const { nn, guests } = givenUpPage;
      const outcome = other === 'another guest' ? guests[1]?.exports.loadByName('m') : nn.models.preload('m');
      return { outcome };
    }, other);
    if (other === 'another guest') await expect.poll(async () => (await stats()).calls).toBe(2);
    await page.evaluate(() => givenUpPage.guests[0]?.dispose());
    // The hub answers this when it has told the models worker, and the models worker that which comes then.
    const { calls, guests } = await stats();
    await stats();
    expect({ calls, guests }).toEqual({ calls: other === 'another guest' ? 1 : 0, guests: 1 });
    goOn();
    expect(await waiting.evaluate(async ({ outcome }) => outcome)).toBe(other === 'another guest' ? 0 : undefined);
    expect(requests).toMatchObject([{ sent: model.byteLength }]);
    expect(await page.evaluate(() => givenUpPage.nn.models.list())).toMatchObject([{ cached: 'whole' }]);
  });
}
