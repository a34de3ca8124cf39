import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { startSite } from './site.js';
import { expect, test } from './test.js';

const script = path.resolve(import.meta.dirname, '../dist/isolation-service-worker.js');

test('the service worker isolates a page whose host sets no headers', async ({ page }) => {
  const site = await startSite({ isolated: false });
  const source = await readFile(script);
  site.answer('/isolation-service-worker.js', (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(source);
  });
  site.answer('/page.html', (_, response) => {
    const html = '<!doctype html><script src="isolation-service-worker.js"></script><title>page</title>';
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(html);
  });
  try {
    const { origin } = site;
    await page.goto(`${origin}/blank.html`);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);

    await page.goto(`${origin}/page.html`);
    await page.waitForFunction(() => crossOriginIsolated);
    const description = await page.evaluate(async () => {
      const library = '/lib/wasi-nn-web.js';
      const { createWasiNN }: typeof import('../src/index.js') = await import(library);
      const nn = createWasiNN({ models: { digits: '/models/digits.onnx' } });
      const { device } = await nn.connect().loadByName('digits');
      nn.dispose();
      return device.description;
    });
    expect(description).toMatch(/threads$/);
  } finally {
    await site.close();
  }
});
