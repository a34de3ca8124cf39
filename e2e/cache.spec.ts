import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BrowserContext, chromium, type Page } from '@playwright/test';
import { patchWorkers } from './browsers/worker-script.js';
import { chromiumLaunchOptions } from './chromium.js';
import { loadByName, openProbe, succeeded } from './guest-page.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';

// The first visit finds no guest transpiled.
test.use({ ownProcess: true });

const model = '/models/digits.onnx';
const sha256 = createHash('sha256')
  .update(readFileSync(`public${model}`))
  .digest('hex');

function modelRequests(site: Site): number {
  return site.requests.filter((request) => request === model).length;
}

async function visit(page: Page, site: Site): Promise<void> {
  await page.goto(`${site.origin}/blank.html`);
  await openProbe(page, {
    models: { digits: { url: model, sha256 }, 'digits on the GPU': { url: model, sha256, target: 'gpu' } },
  });
  succeeded(await loadByName(page, 'digits'));
}

test('the second visit makes no request for the model, and neither loads the transpiler nor transpiles', async ({
  page,
  site,
}) => {
  const transpilerRequests = () => site.requests.filter((request) => request.includes('js-component-bindgen'));
  await visit(page, site);
  expect(modelRequests(site)).toBe(1);
  expect(transpilerRequests().length).toBeGreaterThan(0);
  await test.step('names that share a URL share its download', async () => {
    succeeded(await loadByName(page, 'digits on the GPU'));
    expect(modelRequests(site)).toBe(1);
  });
  site.requests.length = 0;
  await visit(page, site);
  expect(modelRequests(site)).toBe(0);
  expect(transpilerRequests()).toEqual([]);
});

test('a visit after a restart of the browser makes no request for the model', async ({ site }) => {
  const profile = await mkdtemp(path.join(tmpdir(), 'wasi-nn-web-'));
  try {
    await withBrowser(profile, async (context) => visit(await context.newPage(), site));
    expect(modelRequests(site)).toBe(1);
    await withBrowser(profile, async (context) => visit(await context.newPage(), site));
    expect(modelRequests(site)).toBe(1);
  } finally {
    await rm(profile, { recursive: true, force: true });
  }
});

test('a visit without IndexedDB downloads the model and works', async ({ page, site }) => {
  patchWorkers(site, 'models-worker', 'Object.defineProperty(globalThis, "indexedDB", { value: undefined })');
  await visit(page, site);
  expect(modelRequests(site)).toBe(1);
});

async function withBrowser(profile: string, use: (context: BrowserContext) => Promise<void>): Promise<void> {
  const context = await chromium.launchPersistentContext(profile, chromiumLaunchOptions());
  await use(context);
  await context.close();
}
