import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import sirv from 'sirv';
import { build, createServer } from 'vite';
import { doubling } from '../src/backends/tflite/model.fixture.js';
import { isolationHeaders } from '../vite.config.js';
import { drawnSeven } from './drawn-seven.js';
import { makeProject } from './packed-project.js';
import { expect, test } from './test.js';

const root = path.resolve(import.meta.dirname, '..');
const project = path.join(root, 'e2e/.output/bundler');

/** What the README's example leaves to the reader: an image, a model's input, and the guest's types. */
const surroundings = `${drawnSeven}
const image = { width: 28, height: 28, pixels: new Uint8Array(pen.getImageData(0, 0, 28, 28).data) };
const model = {
  name: 'digits', input: 'image', width: 28, height: 28, colour: 'grey',
  mean: [0.1307], deviation: [0.3081], inverted: true, softmax: true,
};
`;

/** Bundlers must find the files of LiteRT.js too, which is no dependency of this package. */
const liteModel = `
const lite = createWasiNN({ models: { doubling: '/models/doubling.tflite' } });
const { device } = await lite.loadByName('doubling');
lite.dispose();
console.log('doubling runs on ' + device.description);
`;

// Both tests use the one project, so they share a worker.
test.describe.configure({ mode: 'default' });

test.beforeAll(async () => {
  await makeProject(project);
  await writeFile(path.join(project, 'index.html'), '<script type="module" src="./main.ts"></script>');
  await writeFile(path.join(project, 'main.ts'), await example());
});

test.beforeEach(({ site }) => {
  site.answer('/models/doubling.tflite', (_, response) => response.end(doubling([1])));
});

test("the README's example runs, built by a bundler from the packed package", async ({ page, site }) => {
  await build({ root: project, configFile: false, logLevel: 'error', worker: { format: 'es' } });
  const serve = sirv(path.join(project, 'dist'), { dev: true });
  site.fallBack((request, response) => serve(request, response));
  await expectExample(page, `${site.origin}/index.html`);
});

test("the README's example runs from a bundler's dev server", async ({ page, site }) => {
  const server = await createServer({
    root: project,
    configFile: false,
    logLevel: 'error',
    server: {
      host: '127.0.0.1',
      port: 0,
      fs: { allow: [root] },
      headers: isolationHeaders,
      proxy: { '^/(models|guests)/': site.origin },
    },
  });
  await server.listen();
  try {
    await expectExample(page, server.resolvedUrls?.local[0] ?? '');
  } finally {
    await server.close();
  }
});

async function expectExample(page: Page, url: string): Promise<void> {
  const logged: string[] = [];
  page.on('console', (message) => logged.push(message.text()));
  await page.goto(url);
  await expect(page).toHaveTitle('7', { timeout: 30_000 });
  expect(logged).toContainEqual(expect.stringMatching(/^digits runs on WebAssembly SIMD/));
  expect(logged).toContainEqual(expect.stringMatching(/^doubling runs on WebAssembly relaxed SIMD/));
}

async function example(): Promise<string> {
  const readme = await readFile(path.join(root, 'README.md'), 'utf8');
  const [, code] = /```ts\n(import [\s\S]*?)```/.exec(readme) ?? [];
  if (!code) throw new Error('the README has no example');
  const [firstImport, ...rest] = code.split('\n');
  return `${firstImport}\n${surroundings}\n${rest.join('\n')}\n${liteModel}\ndocument.title = String(guesses[0].class);`;
}
