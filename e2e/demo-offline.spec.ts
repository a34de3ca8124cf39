import path from 'node:path';
import sirv from 'sirv';
import { startSite } from './site.js';
import { expect, test } from './test.js';

test('in a folder of a static host the site isolates itself, and works when the server is gone', {
  tag: '@long',
}, async ({ page }) => {
  const site = await startSite({ isolated: false });
  const serve = sirv(path.resolve(import.meta.dirname, '../build/demo'), { dev: true });
  site.fallBack((request, response) => {
    request.url = (request.url ?? '/').replace(/^\/folder/, '');
    serve(request, response, () => {
      response.writeHead(404).end();
    });
  });
  const answer = page.getByTestId('answer');
  try {
    await page.goto(`${site.origin}/folder/`);
    await page.waitForFunction(() => crossOriginIsolated);
    await expect(answer).toHaveText('3', { timeout: 45_000 });

    await page.getByTestId('nav-storage').click();
    await page.getByTestId('offline').click();
    await expect(page.getByTestId('offline-state')).toContainText('work without a network', { timeout: 60_000 });
  } finally {
    await site.close();
  }
  await page.getByTestId('nav-classify').click();
  await expect(answer).toHaveText('3', { timeout: 45_000 });
  await page.getByTestId('nav-text').click();
  await page.getByTestId('write').click();
  await expect(page.getByTestId('state')).toHaveText(/Done/, { timeout: 60_000 });
});
