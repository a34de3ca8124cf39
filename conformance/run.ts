import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { chromium, firefox, type LaunchOptions } from '@playwright/test';
import { runIn, startWithPlaywright, type TestBrowser } from '../e2e/browsers/browser.js';
import { type BrowserName, findFirefox, isRequired, lack } from '../e2e/browsers/installed.js';
import { startWebKit } from '../e2e/browsers/webkit.js';
import { chromiumLaunchOptions } from '../e2e/chromium.js';
import { identityModel } from '../e2e/onnx-model.js';
import { type Site, startSite } from '../e2e/site.js';
import type { Waiting } from '../src/index.js';
import { knownFailures } from './known-failures.js';
import { count, judge, type RowName, type Run, summarise, toMarkdown } from './results.js';
import { guests, modelTypes, settingsFor } from './rows.js';
import { readTap } from './tap.js';

const root = path.resolve(import.meta.dirname, '..');
const resultFile = path.join(root, 'e2e/results/conformance.json');
const page = path.join(root, 'docs/compatibility.md');

const firefoxLaunchOptions: LaunchOptions = {
  channel: 'moz-firefox',
  executablePath: findFirefox() ?? 'firefox-esr',
  // As in playwright.config.ts, and for the same reason.
  firefoxUserPrefs: { 'dom.maxHardwareConcurrency': 1 },
};

/** How each browser is started, and the ways of waiting that it has. */
const browsers: Readonly<
  Record<BrowserName, { readonly waitings: readonly Waiting[]; start(): Promise<TestBrowser> }>
> = {
  chromium: { waitings: ['suspend', 'block'], start: () => startWithPlaywright(chromium, chromiumLaunchOptions()) },
  firefox: { waitings: ['suspend', 'block'], start: () => startWithPlaywright(firefox, firefoxLaunchOptions) },
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
  const runs: Run[] = [];
  for (const browser of browserNames) {
    const reason = lack(browser);
    if (reason && isRequired(browser)) throw new Error(reason);
    if (reason) {
      console.log(`skipped ${reason}`);
      skipped.push(reason);
    } else runs.push(...(await runInBrowser(browser, only)));
  }
  if (only === '') {
    const results = summarise(runs);
    await mkdir(path.dirname(resultFile), { recursive: true });
    await writeFile(resultFile, `${JSON.stringify(results, null, 1)}\n`);
    await writeFile(page, toMarkdown(results, skipped, knownFailures));
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
  const site = await startSite();
  for (const type of modelTypes) {
    site.answer(`/identity-${type}.onnx`, (_, response) => response.writeHead(200).end(identityModel(type)));
  }
  const browser = await start();
  const runs: Run[] = [];
  try {
    for (const row of wanted) {
      const start = performance.now();
      const run = judge(row, readTap(await runRow(browser, site, row)), knownFailures);
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

/** @returns what the guest wrote; what kept it from running is a comment in it */
async function runRow(browser: TestBrowser, site: Site, { abi, target, waiting }: RowName): Promise<string> {
  const tab = await browser.openTab();
  try {
    await tab.open(`${site.origin}/blank.html`);
    const output = await runIn(tab, perform, { guest: guests[abi], target, waiting, modelTypes });
    return String(output);
  } catch (cause) {
    return `# ${cause}`;
  } finally {
    await tab.close();
  }
}

interface Performance {
  readonly guest: string;
  readonly target: string;
  readonly waiting: Waiting;
  readonly modelTypes: readonly string[];
}

/** Runs a guest; in the page, so that it finds nothing of this module. */
async function perform({ guest, target, waiting, modelTypes }: Performance): Promise<string> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const identities = modelTypes.flatMap((type) =>
    (['cpu', 'gpu', 'tpu'] as const).map(
      (target) => [`identity-${type}-${target}`, { url: `/identity-${type}.onnx`, target }] as const,
    ),
  );
  const nn = createWasiNN({
    models: { echo: { backend: 'echo' }, ...Object.fromEntries(identities) },
    allowSoftwareAdapter: true,
  });
  const files = Object.fromEntries(
    modelTypes.map((type) => [`models/identity-${type}.onnx`, `/identity-${type}.onnx`]),
  );
  try {
    const { stdout, stderr } = await nn.run(`/guests/${guest}`, { args: ['--target', target], files, waiting });
    return stdout + stderr;
  } finally {
    nn.dispose();
  }
}

function nameOf({ browser, abi, target, waiting }: RowName): string {
  return `${browser} ${abi} ${target} ${waiting}`;
}
