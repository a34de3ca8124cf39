import { execFile } from 'node:child_process';
import { copyFile, cp, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Page } from '@playwright/test';
import sirv from 'sirv';
import { makeProject } from './packed-project.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';

/** A bundler's app in `e2e/packaging/`, and how it is built. Vite 8 has tests of its own, which run with all others. */
interface App {
  readonly folder: string;
  /** The scripts of its package.json that build it, one after another. Default: `build` alone. */
  readonly scripts?: readonly string[];
  /** Whether the page says where `dist/standalone` is served, since the bundler makes no files of workers. */
  readonly servesStandalone?: boolean;
}

/** What the table in docs/bundlers.md says. */
const apps: Readonly<Record<string, App>> = {
  'Vite 7, without and with the plugin,': { folder: 'vite-7', scripts: ['build', 'build:plugin'] },
  'webpack 5': { folder: 'webpack' },
  'Next.js 16, with Turbopack and with webpack,': { folder: 'next', scripts: ['build', 'build:webpack'] },
  'Astro 5': { folder: 'astro' },
  'esbuild 0.28': { folder: 'esbuild', servesStandalone: true },
  'Rollup 4': { folder: 'rollup', servesStandalone: true },
  'Parcel 2': { folder: 'parcel', servesStandalone: true },
};

/** What an app may import. */
const guests = ['classify.component.wasm', 'example-witx-0-6.wasm'];
const root = path.resolve(import.meta.dirname, '..');
const sources = path.join(root, 'e2e/packaging');
const answers = ['cpu', 'tpu'].map((target) => `${target}: component 7, core module 7`).join('; ');
const run = promisify(execFile);

// The package is packed once for all.
test.describe.configure({ mode: 'default' });

test.describe('the packed package', { tag: '@tools' }, () => {
  let folder = '';
  let archive = '';

  test.beforeAll(async () => {
    test.skip(!(await reachesRegistry()), 'npm reaches no registry, where the bundlers are');
    folder = await mkdtemp(path.join(os.tmpdir(), 'wasi-nn-web-bundlers-'));
    archive = await packPackage(folder);
  });

  test.afterAll(() => rm(folder, { recursive: true, force: true }));

  for (const [name, { folder: app, scripts = ['build'], servesStandalone = false }] of Object.entries(apps)) {
    test(`${name} builds a page that runs guests on each target`, async ({ page, site }) => {
      // To install a bundler takes as long as the registry takes.
      test.setTimeout(600_000);
      const project = path.join(folder, app);
      await cp(path.join(sources, app), project, { recursive: true });
      await cp(path.join(sources, 'shared'), path.join(project, 'src'), { recursive: true });
      for (const guest of guests) await copyFile(path.join(root, 'guests', guest), path.join(project, 'src', guest));
      await npm(project, 'install', '--no-audit', '--no-fund', archive);
      for (const script of scripts) {
        await npm(project, 'run', script);
        if (servesStandalone) await copyStandalone(project);
        serveFolder(site, path.join(project, 'dist'));
        await expectAnswers(page, `${site.origin}/`);
      }
      await rm(project, { recursive: true });
    });
  }

  test('modules of a script tag run guests from whatever origin and folder', async ({ page, site, otherSite }) => {
    const library = '/lib/wasi-nn-web.js';
    const hubs = (of: Site) => of.requests.splice(0).filter((request) => /hub-worker/.test(request)).length;

    serveScriptTag(site, library);
    await expectAnswers(page, `${site.origin}/below/page.html`);
    expect([hubs(site), hubs(otherSite)]).toEqual([1, 0]);

    serveScriptTag(site, otherSite.origin + library);
    await expectAnswers(page, `${site.origin}/below/page.html`);
    expect([hubs(site), hubs(otherSite)]).toEqual([0, 1]);

    serveScriptTag(site, library, `${otherSite.origin}/lib`);
    await expectAnswers(page, `${site.origin}/below/page.html`);
    expect([hubs(site), hubs(otherSite)]).toEqual([0, 1]);
  });
});

/** Whether npm can install what is not in this repository. */
function reachesRegistry(): Promise<boolean> {
  return npm(os.tmpdir(), 'view', 'webpack', 'version', '--fetch-retries=0').then(
    () => true,
    () => false,
  );
}

/** Makes an archive of the files that npm would publish. `npm pack` would compress it, which takes long. */
async function packPackage(folder: string): Promise<string> {
  const packed = path.join(folder, 'packed');
  await makeProject(packed);
  const archive = path.join(folder, 'wasi-nn-web.tar');
  await run('tar', ['-cf', archive, '-C', path.join(packed, 'node_modules'), 'wasi-nn-web']);
  await rm(packed, { recursive: true });
  return archive;
}

/** The one step that the documentation asks for where a bundler makes no files of workers. */
async function copyStandalone(project: string): Promise<void> {
  const standalone = path.join(project, 'node_modules/wasi-nn-web/dist/standalone');
  await cp(standalone, path.join(project, 'dist/wasi-nn-web'), { recursive: true });
}

async function npm(cwd: string, ...parameters: string[]): Promise<void> {
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', ASTRO_TELEMETRY_DISABLED: '1' };
  await run('npm', parameters, { cwd, env, maxBuffer: 1 << 26, shell: process.platform === 'win32' });
}

function serveFolder(site: Site, folder: string): void {
  const serve = sirv(folder, { dev: true });
  site.fallBack((request, response) => serve(request, response));
}

/** Serves a page that finds `wasi-nn-web` by an import map. */
function serveScriptTag(site: Site, library: string, assets?: string): void {
  const shared = sirv(path.join(sources, 'shared'), { dev: true });
  site.answer('/below/page.html', (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!doctype html>
      <title>waiting</title>
      <script type="importmap">${JSON.stringify({ imports: { 'wasi-nn-web': library } })}</script>
      <script type="module">
        import { createWasiNN } from 'wasi-nn-web';
        import { classify } from './classify.js';
        classify(createWasiNN, ${JSON.stringify({ assets })});
      </script>`);
  });
  site.answer('/below/classify.js', (request, response) => {
    request.url = '/classify.js';
    shared(request, response);
  });
}

async function expectAnswers(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await expect(page).not.toHaveTitle('waiting', { timeout: 60_000 });
  await expect(page).toHaveTitle(answers);
}
