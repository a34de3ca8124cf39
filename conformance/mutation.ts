import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { chromium, expect, test } from '@playwright/test';
import sirv from 'sirv';
import { build, type Plugin } from 'vite';
import { startWithPlaywright, type TestBrowser } from '../e2e/browsers/browser.js';
import { chromiumLaunchOptions } from '../e2e/chromium.js';
import { type Site, startSite } from '../e2e/site.js';
import { type Mutant, mutants } from './mutants.js';
import { perform, serveModels } from './perform.js';
import { featureOf, type Report, readTap } from './tap.js';

// Breaks the host in many ways, one at a time, and sees to it that the cases of the feature that is broken catch it.

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, 'build/mutant');

let browser: TestBrowser;
let site: Site;

test.beforeAll(async () => {
  browser = await startWithPlaywright(chromium, chromiumLaunchOptions());
  site = await startSite();
  serveModels(site);
  site.fallBack(sirv(folder, { dev: true }));
});

test.afterAll(async () => {
  await browser.close();
  await site.close();
});

for (const mutant of mutants) {
  test(`${mutant.feature}: ${mutant.what}`, async () => {
    expect(await failuresOf(mutant, '/lib/wasi-nn-web.js'), 'without the fault').toEqual([]);
    await buildMutant(mutant);
    const failures = await failuresOf(mutant, '/wasi-nn-web.js');
    expect(failures.map(({ id }) => featureOf(id))).toContain(mutant.feature);
  });
}

/** The cases of the mutant's feature that fail. A guest that does not even start is none that catches anything. */
async function failuresOf({ abi = 'wit 10-28', waiting = 'suspend', feature }: Mutant, library: string) {
  const output = await perform(browser, site, { abi, waiting, target: 'cpu' }, { library, only: `${feature}/` });
  const reports = readTap(output);
  expect(
    reports.map(({ id }) => featureOf(id)),
    output,
  ).toContain(feature);
  return reports.filter(({ status }: Report) => status === 'failed');
}

/** Builds the library as `npm run build:standalone` does, with the fault in it. */
async function buildMutant({ file, from, to }: Mutant): Promise<void> {
  const source = path.join(root, file);
  expect((await readFile(source, 'utf8')).split(from), `${file} has the text once`).toHaveLength(2);
  const fault = (): Plugin => ({
    name: 'fault',
    enforce: 'pre',
    transform: (code, id) => (path.resolve(id) === source ? code.replace(from, () => to) : undefined),
  });
  await build({
    root,
    mode: 'standalone',
    logLevel: 'error',
    plugins: [fault()],
    worker: { format: 'es', plugins: () => [fault()] },
    build: { outDir: folder },
  });
}
