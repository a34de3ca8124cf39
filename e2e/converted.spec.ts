import type { Page } from '@playwright/test';
import { importedModels } from '../conformance/imported-models.js';
import { compute, loadByName, openProbe, succeeded } from './guest-page.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';

/** Models that are converted to ONNX, on later visits. */

const models = {
  openvino: { parts: ['/imported/openvino.xml', '/imported/openvino.bin'], encoding: 'openvino' },
  pytorch: { parts: ['/imported/pytorch.pt'], encoding: 'pytorch' },
  tensorflow: { parts: ['/imported/tensorflow.pb'], encoding: 'tensorflow' },
} as const;

const encodings = ['openvino', 'pytorch', 'tensorflow'] as const;

/** The cache has four originals, and of the PyTorch model what it declares and one graph. */
const cachedFiles = 4 + 4;

/** Reloads the page and loads an ONNX model. What the page fetches afterwards is for other encodings only. */
async function visit(page: Page, site: Site): Promise<void> {
  await page.goto(`${site.origin}/blank.html`);
  site.requests.length = 0;
  await openProbe(page, { models: { digits: '/models/digits.onnx', ...models } });
  succeeded(await loadByName(page, 'digits'));
}

/** The library's scripts that were asked for since the page was opened. */
function scripts(site: Site): ReadonlySet<string> {
  return new Set(site.requests.filter((request) => request.startsWith('/lib/')));
}

/**
 * Loads each model and computes: the positive part of each number.
 *
 * @returns the scripts that the page asked for meanwhile, a list for each model
 */
async function computeAll(page: Page, site: Site): Promise<string[][]> {
  const fetched: string[][] = [];
  for (const encoding of encodings) {
    const before = scripts(site);
    const graph = succeeded(await loadByName(page, encoding));
    const data = Buffer.from(Float32Array.of(-1, 2, -3, 4, -5, 6).buffer);
    const name = encoding === 'pytorch' ? '0' : 'x';
    const [output] = succeeded(await compute(page, graph, [{ name, ty: 'FP32', dimensions: [2, 3], data }]));
    const numbers = Array.from({ length: 6 }, (_, at) => Buffer.from(output?.data ?? []).readFloatLE(at * 4));
    expect(numbers).toEqual([0, 2, 0, 4, 0, 6]);
    fetched.push([...scripts(site)].filter((script) => !before.has(script)));
  }
  return fetched;
}

/** Changes a byte of all that was converted, as a failing disk does. @returns how many files were changed */
function damageConverted(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const done = <Result>(request: IDBRequest<Result>) =>
      new Promise<Result>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await done(indexedDB.open('wasi-nn-web'));
    const chunks = () => database.transaction('chunks', 'readwrite').objectStore('chunks');
    const keys = await done(chunks().getAllKeys());
    const damaged = keys.filter((key) => String(key).includes(' converted '));
    for (const key of damaged) {
      const chunk: Blob = await done(chunks().get(key));
      await done(chunks().put(new Blob([chunk.slice(0, -1), Uint8Array.of(0xff)]), key));
    }
    database.close();
    return damaged.length;
  });
}

test('the next visit converts nothing, and fetches no importer', async ({ page, site }) => {
  for (const [name, model] of Object.entries(importedModels())) {
    site.answer(`/imported/${name}`, (_, response) => response.writeHead(200, { etag: '"1"' }).end(model));
  }
  const usage = () => page.evaluate(() => globalThis.guestPage.nn.models.usage());

  await visit(page, site);
  const importers = await computeAll(page, site);
  for (const [index, encoding] of encodings.entries()) expect(importers[index], encoding).not.toEqual([]);
  // Nobody waits until a conversion is kept.
  await expect.poll(async () => (await usage()).files, { timeout: 20_000 }).toBe(cachedFiles + 1);

  await visit(page, site);
  expect(await computeAll(page, site)).toEqual([[], [], []]);
  const [openvino] = await page.evaluate(async () =>
    (await globalThis.guestPage.nn.models.list()).filter(({ name }) => name === 'openvino'),
  );
  expect(openvino).toMatchObject({ cached: 'whole' });
  expect(openvino?.cachedBytes).toBeGreaterThan(openvino?.size ?? Number.POSITIVE_INFINITY);

  expect(await damageConverted(page)).toBe(4);
  await visit(page, site);
  expect((await computeAll(page, site)).flat().toSorted()).toEqual(importers.flat().toSorted());

  await page.evaluate(async () => {
    const { models } = globalThis.guestPage.nn;
    for (const name of ['openvino', 'pytorch', 'tensorflow']) await models.delete(name);
  });
  await expect.poll(async () => (await usage()).files).toBe(1);
});
