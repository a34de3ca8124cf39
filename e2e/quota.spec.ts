import type { Page } from '@playwright/test';
import { patternBytes, serveFile } from '../src/models/file-server.fixture.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';

// The browser's quota, and storage that the browser takes away: only Chromium lets a test decide on them.

// The browser remembers for a while how much room there was when a page of its process stored something.
test.use({ ownProcess: true });

const mebibyte = 1 << 20;

declare global {
  var quotaPage: { readonly nn: import('../src/index.js').WasiNN; readonly notices: string[] };
}

/** Opens a page whose models are files of so many MiB. */
async function open(page: Page, site: Site, sizes: Readonly<Record<string, number>>): Promise<void> {
  for (const [name, size] of Object.entries(sizes)) {
    site.answer(`/${name}`, serveFile({ bytes: patternBytes(size * mebibyte), etag: '"1"' }).handle);
  }
  await page.evaluate(async (names) => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const nn = createWasiNN({ models: Object.fromEntries(names.map((name) => [name, `/${name}`])) });
    const notices: string[] = [];
    nn.addEventListener('cache', ({ detail }) => notices.push(detail.reason));
    globalThis.quotaPage = { nn, notices };
  }, Object.keys(sizes));
}

/** @returns the code of the error, where preloading fails */
function preload(page: Page, name: string): Promise<string | undefined> {
  return page.evaluate(
    (model) =>
      quotaPage.nn.models.preload(model).then(
        () => undefined,
        (cause) => cause.code,
      ),
    name,
  );
}

const kept = (page: Page) =>
  page.evaluate(async () => {
    const models = await quotaPage.nn.models.list();
    return models.filter(({ cached }) => cached !== 'no').map(({ name, cached }) => `${name}: ${cached}`);
  });

test.describe('where the quota is reached', () => {
  test.beforeEach(async ({ blank, site }) => {
    const session = await blank.context().newCDPSession(blank);
    await session.send('Storage.overrideQuotaForOrigin', { origin: site.origin, quotaSize: 24 * mebibyte });
  });

  test('a file that is larger than the quota evicts nothing', async ({ blank, site }) => {
    await open(blank, site, { small: 5, huge: 40 });
    expect(await preload(blank, 'small')).toBeUndefined();
    expect(await preload(blank, 'huge')).toBe('runtime-error');
    expect(await kept(blank)).toEqual(['small: whole']);
    expect(await blank.evaluate(() => quotaPage.notices)).toEqual(['full']);
  });

  test('a file that fits makes those go that were used longest ago', async ({ blank, site }) => {
    await open(blank, site, { first: 5, second: 5, third: 14 });
    for (const name of ['first', 'second', 'third']) expect(await preload(blank, name)).toBeUndefined();
    expect(await kept(blank)).toContain('third: whole');
    expect(await kept(blank)).not.toContain('first: whole');
  });
});

test('storage that the browser takes away from a running page is used again', async ({ blank, site }) => {
  await open(blank, site, { model: 5, other: 1 });
  expect(await preload(blank, 'model')).toBeUndefined();
  const session = await blank.context().newCDPSession(blank);
  await session.send('Storage.clearDataForOrigin', { origin: site.origin, storageTypes: 'indexeddb' });
  expect(await preload(blank, 'other')).toBeUndefined();
  expect(await kept(blank)).toEqual(['other: whole']);
  expect(await preload(blank, 'model')).toBeUndefined();
  expect(await kept(blank)).toEqual(['model: whole', 'other: whole']);
});
