import { copyFile, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Page } from '@playwright/test';
import sirv from 'sirv';
import { npm, packPackage, reachesRegistry, startServer } from './packed-archive.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';

/** A bundler's app in `e2e/packaging/`, and how it is built. */
interface App {
  readonly folder: string;
  /** What is installed besides what its package.json names. */
  readonly install?: readonly string[];
  /** The scripts of its package.json that build it, one after another, each with its page. Default: `build` alone. */
  readonly builds?: Pages;
  /** The configurations that Vite's development server is started with. Default: none. */
  readonly servers?: Pages;
  /** Whether the page says where `dist/standalone` is served, since the bundler makes no files of workers. */
  readonly servesStandalone?: boolean;
}

/** The paths of pages, by what makes them. */
type Pages = Readonly<Record<string, string>>;

const vite = {
  folder: 'vite',
  builds: { build: '', 'build:es': '', 'build:plugin': 'plugin.html' },
  servers: { 'vite.config.js': '', 'vite.plugin.config.js': 'plugin.html' },
};

/** What the table in docs/bundlers.md says. */
const apps: Readonly<Record<string, App>> = {
  'Vite 7': { ...vite, install: ['vite@7.3.8'] },
  'Vite 8': { ...vite, install: ['vite@8.3.8'] },
  'webpack 5': { folder: 'webpack' },
  'Next.js 16, with Turbopack and with webpack,': { folder: 'next', builds: { build: '', 'build:webpack': '' } },
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

  for (const [name, app] of Object.entries(apps)) {
    const { builds = { build: '' }, servers = {}, servesStandalone = false } = app;
    test(`${name} builds a page that runs guests on each target`, async ({ page, site }) => {
      // To install a bundler takes as long as the registry takes.
      test.setTimeout(600_000);
      const project = path.join(folder, app.folder);
      await makeApp(project, app, archive);
      for (const [script, file] of Object.entries(builds)) {
        await npm(project, 'run', script);
        if (servesStandalone) await copyStandalone(project);
        serveFolder(site, path.join(project, 'dist'));
        await expectAnswers(page, `${site.origin}/${file}`);
      }
      for (const [config, file] of Object.entries(servers)) {
        await using server = await startServer(project, `npx vite --host 127.0.0.1 --port 0 --config ${config}`);
        await expectAnswers(page, `${server.url}${file}`);
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

/** Makes an app in an empty folder, with its guests and its model, and installs what it needs. */
async function makeApp(project: string, { folder, install = [] }: App, archive: string): Promise<void> {
  await cp(path.join(sources, folder), project, { recursive: true });
  await cp(path.join(sources, 'shared'), path.join(project, 'src'), { recursive: true });
  for (const guest of guests) {
    for (const place of ['src', 'public/guests']) await copyInto(path.join(project, place), `guests/${guest}`);
  }
  await copyInto(path.join(project, 'public/models'), 'public/models/digits.onnx');
  await npm(project, 'install', '--no-audit', '--no-fund', archive, ...install);
}

async function copyInto(folder: string, file: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await copyFile(path.join(root, file), path.join(folder, path.basename(file)));
}

/** The one step that the documentation asks for where a bundler makes no files of workers. */
async function copyStandalone(project: string): Promise<void> {
  const standalone = path.join(project, 'node_modules/wasi-nn-web/dist/standalone');
  await cp(standalone, path.join(project, 'dist/wasi-nn-web'), { recursive: true });
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
