import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { packPackage, reachesRegistry, shell, startServer } from './packed-archive.js';
import { commandsOf, filesOf, writeFiles } from './readme-blocks.js';
import { expect, test } from './test.js';

// The starts of the README, taken literally: in an empty folder, with nothing but the packed package and what npm installs.

test.describe.configure({ mode: 'default' });

test.describe("the README's start", { tag: '@tools' }, () => {
  let folder = '';
  let archive = '';

  test.beforeAll(async () => {
    test.skip(!(await reachesRegistry()), 'npm reaches no registry, where the tools are');
    folder = await mkdtemp(path.join(os.tmpdir(), 'wasi-nn-web-starts-'));
    archive = await packPackage(folder);
  });

  test.afterAll(() => rm(folder, { recursive: true, force: true }));

  test('with a script tag, and with a program, classifies a picture', async ({ page }) => {
    const project = await emptyFolder('script-tag');
    await shell(project, `npm install ${archive}`);
    const [command = ''] = commandsOf('With a script tag').split('#');
    await using server = await startServer(project, command);
    await expectText(page, `${server.url}examples/`, 'output', /^This is a 7/);
    await expectText(page, `${server.url}examples/program.html`, 'pre', /1\.\) \[7\]/);
  });

  test('with a bundler classifies a picture', async ({ page }) => {
    const project = await emptyFolder('bundler');
    await shell(project, installing('With a bundler'));
    await writeFiles(project, filesOf('With a bundler'));
    await using server = await startServer(project, 'npx vite --port 0');
    await expectText(page, server.url, 'output', /^This is a 7\.$/);
  });

  test('with jco transpile classifies a picture', async ({ page }) => {
    const project = await emptyFolder('jco');
    await shell(project, installing('With `jco transpile`'));
    await writeFiles(project, [...filesOf('With a bundler'), ...filesOf('With `jco transpile`')]);
    await using server = await startServer(project, 'npx vite --port 0');
    await expectText(page, server.url, 'output', /^This is a 7\.$/);
  });

  async function emptyFolder(name: string): Promise<string> {
    // To install takes as long as the registry takes.
    test.setTimeout(600_000);
    const project = path.join(folder, name);
    await mkdir(project);
    return project;
  }

  /** The commands of a section, with the archive in place of what the registry has. */
  function installing(section: string): string {
    return commandsOf(section).replace('npm install wasi-nn-web', `npm install ${archive}`);
  }
});

async function expectText(page: Page, url: string, selector: string, text: RegExp): Promise<void> {
  await page.goto(url);
  await expect(page.locator(selector)).toHaveText(text, { timeout: 60_000 });
}
