import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { chromium } from '@playwright/test';
import { startWithPlaywright, type TestBrowser } from '../e2e/browsers/browser.js';
import { startFirefox } from '../e2e/browsers/firefox.js';
import { type BrowserName, reasonToSkip } from '../e2e/browsers/installed.js';
import { startWebKit } from '../e2e/browsers/webkit.js';
import { chromiumLaunchOptions } from '../e2e/chromium.js';
import { fixtures } from '../e2e/fixture-data.js';
import type { Waiting } from '../src/index.js';
import { knownFailures } from './known-failures.js';
import { perform, startModelSite } from './perform.js';
import { count, judge, type RowName, type Run, summarise, toMarkdown } from './results.js';
import { settingsFor } from './rows.js';
import { readTap } from './tap.js';

const root = path.resolve(import.meta.dirname, '..');
const resultFile = path.join(root, 'e2e/results/conformance.json');
const page = path.join(root, 'docs/compatibility.md');

/** How each browser is started, and the ways of waiting that it has. */
const browsers: Readonly<
  Record<BrowserName, { readonly waitings: readonly Waiting[]; start(): Promise<TestBrowser> }>
> = {
  chromium: { waitings: ['suspend', 'block'], start: () => startWithPlaywright(chromium, chromiumLaunchOptions()) },
  firefox: { waitings: ['suspend', 'block'], start: startFirefox },
  webkit: { waitings: ['block'], start: startWebKit },
};

const browserNames: readonly BrowserName[] = ['chromium', 'firefox', 'webkit'];

/**
 * Runs the suite in the browsers that are there, prints a line for each row, and writes the results.
 *
 * @param only the beginning of the names of the rows to run (`chromium witx cpu`); nothing is written then
 * @returns what failed, in words
 */
export async function runConformance(only = ''): Promise<string[]> {
  const skipped: string[] = [];
  const present: BrowserName[] = [];
  for (const browser of browserNames) {
    const reason = reasonToSkip(browser);
    if (reason === undefined) present.push(browser);
    else skipped.push(reason);
  }
  for (const reason of skipped) console.log(`skipped ${reason}`);
  // Side by side: a guest and its engine mostly wait for one another.
  const runs = (await Promise.all(present.map((browser) => runInBrowser(browser, only)))).flat();
  if (only === '') {
    const results = summarise(runs);
    await mkdir(path.dirname(resultFile), { recursive: true });
    await writeFile(resultFile, `${JSON.stringify(results, null, 1)}\n`);
    // The page tells of all browsers and all cases; where some are absent it stays as it was.
    if (skipped.length === 0 && fixtures) await writeFile(page, toMarkdown(results, knownFailures));
  }
  return runs.flatMap((run) => failuresOf(run));
}

function failuresOf(run: Run): string[] {
  const failed = run.reports.filter(({ verdict }) => verdict === 'failed');
  return failed.map(({ id, reason }) => `${nameOf(run)}: ${id}: ${reason}`);
}

async function runInBrowser(name: BrowserName, only: string): Promise<Run[]> {
  const { waitings, start } = browsers[name];
  const rows = settingsFor(waitings).map((setting): RowName => ({ browser: name, ...setting }));
  const wanted = rows.filter((row) => nameOf(row).startsWith(only));
  if (wanted.length === 0) return [];
  const site = await startModelSite();
  const browser = await start();
  const runs: Run[] = [];
  try {
    for (const row of wanted) {
      const start = performance.now();
      const run = judge(
        row,
        readTap(await perform(browser, site, row, { onnxBackend: hasOnnxBackend(row) })),
        knownFailures,
      );
      const { passed, failed, known, skipped } = count(run);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(
        `${nameOf(row)}: ${passed} passed, ${failed} failed, ${known} known, ${skipped} skipped (${seconds} s)`,
      );
      runs.push(run);
    }
  } finally {
    await browser.close();
    await site.close();
  }
  return runs;
}

/**
 * ONNX's own tests are of what a device computes: for those other than the CPU one ABI is enough, in the one browser here
 * that has any.
 */
function hasOnnxBackend({ browser, abi, target }: RowName): boolean {
  return target === 'cpu' || (browser === 'chromium' && abi === 'wit 10-28');
}

function nameOf({ browser, abi, target, waiting }: RowName): string {
  return `${browser} ${abi} ${target} ${waiting}`;
}
