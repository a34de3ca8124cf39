import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { type Browser, chromium, type Page } from '@playwright/test';
import { build } from 'vite';
import { chromiumLaunchOptions } from '../e2e/chromium.js';
import { fixtures, withoutFixtures } from '../e2e/fixture-data.js';
import { traceLongestTask } from '../e2e/main-thread.js';
import { identityModel } from '../e2e/onnx-model.js';
import { classifyPhoto } from '../e2e/photo.js';
import { type Site, startSite } from '../e2e/site.js';
import { type Result, summarise } from './results.js';

const root = path.resolve(import.meta.dirname, '..');

/** What is measured, and what its ratio (or time) should be at most. */
const scenarios = [
  { id: 'a-cpu', title: 'SqueezeNet by a component, against onnxruntime-web in a worker (WASM)', target: 1.05 },
  { id: 'a-cpu-core', title: 'the same by a core module', target: 1.05 },
  { id: 'a-tpu', title: 'SqueezeNet by a component, against onnxruntime-web in a worker (WebNN)', target: 1.15 },
  { id: 'b-cpu', title: "SqueezeNet by a component, against onnxruntime-web's defaults on the page", target: 1.0 },
  { id: 'c-16MiB', title: '16 MiB to the host and back, against four copies', target: 2.5 },
  { id: 'c-4B-message', title: '4 bytes to the host and back, suspended, against postMessage', target: 2 },
  { id: 'c-4B-blocking', title: '4 bytes to the host and back, blocking, against postMessage', target: 1.5 },
] as const;

const longTask = {
  id: 'h-longtask',
  title: "the page's longest task in a cold load and 20 computes, in ms",
  target: 50,
};

export interface BenchmarkOptions {
  /** A file to write the results to. */
  readonly json: string | undefined;
  /** The scenarios to run. Default: all. */
  readonly only: readonly string[] | undefined;
}

/** Runs the benchmarks and prints them as a table. */
export async function runBenchmarks({ json, only }: BenchmarkOptions): Promise<void> {
  if (!fixtures) throw new Error(withoutFixtures);
  const isWanted = ({ id }: { id: string }) => only === undefined || only.includes(id);

  await buildPages();
  const site = await startSite();
  site.answer('/echo.onnx', (_, response) => response.writeHead(200).end(identityModel('U8')));
  const browser = await chromium.launch(chromiumLaunchOptions());
  try {
    const results: Result[] = [];
    for (const { id, title, target } of scenarios.filter(isWanted)) {
      const samples = await onPage(browser, site, (page) => runScenario(page, id));
      report(results, summarise(id, title, target, samples));
    }
    if (isWanted(longTask)) report(results, await measureLongTask(site));
    const environment = await describeEnvironment(browser, site);
    if (json) await writeFile(json, `${JSON.stringify({ environment, results }, null, 2)}\n`);
  } finally {
    await browser.close();
    await site.close();
  }
}

function report(results: Result[], result: Result): void {
  results.push(result);
  const { id, title, ours, baseline, ratio, target, met } = result;
  const times = `${ours.median.toFixed(3)} ms${baseline ? ` : ${baseline.median.toFixed(3)} ms` : ''}`;
  console.log(
    `${met ? 'met   ' : 'missed'} ${id.padEnd(14)} ${ratio.toFixed(2)} (at most ${target})  ${times}  ${title}`,
  );
}

/** A production build: what development servers add would be measured too. */
async function buildPages(): Promise<void> {
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    base: './',
    publicDir: false,
    worker: { format: 'es' },
    build: {
      outDir: 'build/bench',
      emptyOutDir: true,
      target: 'es2023',
      rolldownOptions: {
        input: { scenarios: path.join(root, 'bench/pages/scenarios.ts') },
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: '[name].js' },
      },
    },
  });
}

async function onPage<Value>(browser: Browser, site: Site, use: (page: Page) => Promise<Value>): Promise<Value> {
  const page = await browser.newPage();
  await page.goto(`${site.origin}/blank.html`);
  const value = await use(page);
  await page.close();
  return value;
}

function runScenario(page: Page, id: string) {
  return page.evaluate(async (id) => {
    const script = '/bench/scenarios.js';
    const { runScenario }: typeof import('./pages/scenarios.js') = await import(script);
    return runScenario(id);
  }, id);
}

/** In a browser of its own: what other scenarios have left behind would be collected in the midst of it. */
async function measureLongTask(site: Site): Promise<Result> {
  const { id, title, target } = longTask;
  const browser = await chromium.launch(chromiumLaunchOptions());
  const { cpu, wall } = await onPage(browser, site, (page) =>
    traceLongestTask(browser, page, async () => {
      await classifyPhoto(page, '/fixtures/images/dog.jpg', '/fixtures/models/squeezenet.onnx', 20);
    }),
  ).finally(() => browser.close());
  return { id, title, ours: { median: cpu, p90: wall }, ratio: cpu, target, met: cpu <= target };
}

async function describeEnvironment(browser: Browser, site: Site) {
  const isolated = await onPage(browser, site, (page) => page.evaluate(() => crossOriginIsolated));
  return { browser: browser.version(), cores: cpus().length, processor: cpus()[0]?.model ?? 'unknown', isolated };
}
