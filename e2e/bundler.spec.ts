import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import sirv from 'sirv';
import { build, createServer } from 'vite';
import { doubling } from '../src/backends/tflite/model.fixture.js';
import { isolationHeaders } from '../vite.config.js';
import { shell } from './packed-archive.js';
import { makeProject } from './packed-project.js';
import { commandsOf, filesOf, writeFiles } from './readme-blocks.js';
import { expect, test } from './test.js';

const root = path.resolve(import.meta.dirname, '..');
const project = path.join(root, 'e2e/.output/bundler');

/** Bundlers must find the files of LiteRT.js too, which is no dependency of this package. */
const liteModel = `
const lite = createWasiNN({ models: { doubling: '/models/doubling.tflite' } });
const { device } = await lite.loadByName('doubling');
lite.dispose();
console.log('doubling runs on ' + device.description);
document.title = 'done';
`;

// Both tests use the one project, so they share a worker.
test.describe.configure({ mode: 'default' });

test.beforeAll(async () => {
  await makeProject(project);
  // npm installs nothing here: what it would install lies further up.
  await shell(project, commandsOf('With a bundler').replace(/^npm install .*$/m, ''));
  await writeFiles(project, filesOf('With a bundler'));
  await appendFile(path.join(project, 'main.js'), liteModel);
});

test.beforeEach(({ site }) => {
  site.answer('/models/doubling.tflite', (_, response) => response.end(doubling([1])));
});

test("the README's example runs, built by a bundler from the packed package", async ({ page, site }) => {
  await build({ root: project, configFile: false, logLevel: 'error' });
  const serve = sirv(path.join(project, 'dist'), { dev: true });
  site.fallBack((request, response) => serve(request, response));
  // Vite has put onnxruntime into the engine's script, from which it cannot start threads.
  await expectExample(page, `${site.origin}/index.html`, /^digits runs on WebAssembly SIMD, 1 thread$/);
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
      proxy: { '^/models/': site.origin },
    },
  });
  await server.listen();
  try {
    await expectExample(page, server.resolvedUrls?.local[0] ?? '', /^digits runs on WebAssembly SIMD, \d+ threads?$/);
  } finally {
    await server.close();
  }
});

async function expectExample(page: Page, url: string, device: RegExp): Promise<void> {
  const logged: string[] = [];
  page.on('console', (message) => logged.push(message.text()));
  await page.goto(url);
  await expect(page.locator('output')).toHaveText('This is a 7.', { timeout: 30_000 });
  await expect(page).toHaveTitle('done', { timeout: 30_000 });
  expect(logged).toContainEqual(expect.stringMatching(device));
  expect(logged).toContainEqual(expect.stringMatching(/^doubling runs on WebAssembly relaxed SIMD/));
}
