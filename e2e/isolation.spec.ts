import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Site, startSite } from './site.js';
import { expect, test } from './test.js';

const script = path.resolve(import.meta.dirname, '../dist/isolation-service-worker.js');

let site: Site;

test.beforeEach(async ({ page }) => {
  site = await startSite({ isolated: false });
  const source = await readFile(script);
  site.answer('/isolation-service-worker.js', (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(source);
  });
  site.answer('/page.html', (_, response) => {
    const html = '<!doctype html><script src="isolation-service-worker.js"></script><title>page</title>';
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(html);
  });
  await page.goto(`${site.origin}/blank.html`);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);

  await page.goto(`${site.origin}/page.html`);
  await page.waitForFunction(() => crossOriginIsolated);
});

test.afterEach(() => site.close());

test('the service worker isolates a page whose host sets no headers', async ({ page }) => {
  const description = await page.evaluate(async () => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const nn = createWasiNN({ models: { digits: '/models/digits.onnx' } });
    const { device } = await nn.loadByName('digits');
    nn.dispose();
    return device.description;
  });
  expect(description).toMatch(/threads$/);
});

test('the service worker hides no redirect to a URL that guests may not load', async ({ page }) => {
  for (const [path, location] of [
    ['/models/moved.onnx', '/models/digits.onnx'],
    ['/models/secret.onnx', '/secret.onnx'],
  ] as const) {
    site.answer(path, (_, response) => response.writeHead(302, { location }).end());
  }
  const model = await readFile('public/models/digits.onnx');
  site.answer('/secret.onnx', (_, response) => response.end(model));
  const endings = await page.evaluate(async () => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const nn = createWasiNN({ allowedUrls: ['/models/*'] });
    const load = (path: string) =>
      nn.loadByName(location.origin + path).then(
        ({ device }) => device.target,
        (cause) => cause.code,
      );
    const endings = [await load('/models/moved.onnx'), await load('/models/secret.onnx')];
    nn.dispose();
    return endings;
  });
  expect(endings).toEqual(['cpu', 'security']);
});
