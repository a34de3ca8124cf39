import type { Page } from '@playwright/test';
import { refuseWorkers } from './browsers/worker-script.js';
import { expect, test } from './test.js';

/** Loads a model for the page. @returns where it runs, or the error */
function load(page: Page): Promise<string> {
  return page.evaluate(async () => {
    try {
      return (await modelsPage.nn.loadByName('digits')).device.target;
    } catch (cause) {
      return String(cause);
    }
  });
}

declare global {
  var modelsPage: { readonly nn: import('../src/index.js').WasiNN };
}

async function openPage(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    globalThis.modelsPage = { nn: createWasiNN({ models: { digits: '/models/digits.onnx' } }) };
  });
}

test('where the script of the models worker cannot be had, loading says so, and works as soon as it can', async ({
  blank,
  site,
}) => {
  const refused = refuseWorkers(site, 'models-worker');
  await openPage(blank);
  for (let attempt = 1; attempt <= 2; attempt++) {
    expect(await load(blank)).toContain('the models worker failed: its script could not be loaded');
    expect(refused.requests).toBe(attempt);
  }
  refused.allow();
  expect(await load(blank)).toBe('cpu');
});

test('a models worker that breaks down is replaced', async ({ blank }) => {
  await openPage(blank);
  expect(await load(blank)).toBe('cpu');
  const worker = blank.workers().find((candidate) => candidate.url().includes('/models-worker-'));
  const closed = worker?.waitForEvent('close');
  await worker?.evaluate(() => {
    setTimeout(() => {
      throw new Error('broken by the test');
    });
  });
  await closed;
  expect(await load(blank)).toBe('cpu');
  expect(await blank.evaluate(async () => (await modelsPage.nn.models.list()).map(({ cached }) => cached))).toEqual([
    'whole',
  ]);
});
