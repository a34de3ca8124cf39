import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Browser, chromium, type Page } from '@playwright/test';
import { build } from 'vite';
import { chromiumLaunchOptions } from '../e2e/chromium.js';
import { fixtures, withoutFixtures } from '../e2e/fixture-data.js';
import { type LongestTask, traceLongestTask } from '../e2e/main-thread.js';
import { classifyPhoto } from '../e2e/photo.js';
import { type Site, startSite } from '../e2e/site.js';
import { type Result, summarise, summariseTimes } from './results.js';

const root = path.resolve(import.meta.dirname, '..');

interface Scenario {
  readonly id: string;
  readonly title: string;
  /** What the ratio (or the time) should be at most. */
  readonly target: number;
  /** Whether it takes models that are no part of the project. */
  readonly needsFixtures?: boolean;
}

const longTask: Scenario = {
  id: 'h-longtask',
  title: "the page's longest task in a cold load and 20 computes, in ms of its processor's time",
  target: 50,
  needsFixtures: true,
};

/** Times in ms, each for the first conversion of a worker. */
const conversions: readonly Scenario[] = [
  { id: 'i-road-segmentation', title: 'road-segmentation (OpenVINO) to ONNX in a worker, in ms', target: 250 },
  { id: 'i-squeezenet-openvino', title: 'SqueezeNet (OpenVINO) to ONNX in a worker, in ms', target: 150 },
  { id: 'i-squeezenet-pytorch', title: 'SqueezeNet (TorchScript) to ONNX in a worker, in ms', target: 150 },
].map((scenario) => ({ ...scenario, needsFixtures: true }));

const scenarios: readonly Scenario[] = [
  {
    id: 'a-cpu',
    title: 'SqueezeNet by a component, against onnxruntime-web in a worker (WASM)',
    target: 1.05,
    needsFixtures: true,
  },
  { id: 'a-cpu-core', title: 'the same by a core module', target: 1.05, needsFixtures: true },
  {
    id: 'a-tpu',
    title: 'SqueezeNet by a component, against onnxruntime-web in a worker (WebNN)',
    target: 1.15,
    needsFixtures: true,
  },
  {
    id: 'b-cpu',
    title: "SqueezeNet by a component, against onnxruntime-web's defaults on the page",
    target: 1.0,
    needsFixtures: true,
  },
  { id: 'c-16MiB', title: 'echo of 16 MiB by a component, against four copies', target: 2.5 },
  { id: 'c-16MiB-core', title: 'the same by a core module', target: 2.5 },
  { id: 'c-4B-message', title: 'echo of 4 bytes by a core module, suspended, against postMessage', target: 2 },
  { id: 'c-4B-blocking', title: 'echo of 4 bytes by a core module, blocking, against postMessage', target: 1.5 },
  { id: 'c-4B-message-component', title: 'the same by a component, suspended', target: 2 },
  { id: 'c-4B-blocking-component', title: 'the same by a component, blocking', target: 1.5 },
  { id: 'd-chain', title: 'four graphs on WebNN, 4 MiB each, that leave outputs there, against bytes', target: 1 },
  longTask,
  ...conversions,
];

/** More than any scenario takes on a machine that is not hopelessly busy. */
const scenarioTimeout = 300_000;
const longTaskRuns = 5;
const conversionRuns = 15;

export interface BenchmarkOptions {
  /** A file to write the results to. */
  readonly json: string | undefined;
  /** The scenarios to run. Default: all. */
  readonly only: readonly string[] | undefined;
}

/**
 * Runs the benchmarks and prints them as a table.
 *
 * @throws Error for a scenario that there is not, and where one does not come to an end
 */
export async function runBenchmarks({ json, only }: BenchmarkOptions): Promise<void> {
  const wanted = chooseScenarios(only);
  await buildPages();
  const site = await startSite();
  const browser = await chromium.launch(chromiumLaunchOptions());
  try {
    const environment = await describeEnvironment(browser, site);
    const results: Result[] = [];
    for (const scenario of wanted) {
      const result = await measure(browser, site, scenario);
      results.push(result);
      console.log(inWords(result));
    }
    if (json) await writeFile(json, `${JSON.stringify({ environment, results }, null, 2)}\n`);
  } finally {
    await browser.close();
    await site.close();
  }
}

/** Those that are asked for, less those that need what is not there. */
function chooseScenarios(only: readonly string[] | undefined): readonly Scenario[] {
  const unknown = only?.filter((id) => !scenarios.some((scenario) => scenario.id === id)) ?? [];
  if (unknown.length > 0) {
    const ids = scenarios.map(({ id }) => id).join(', ');
    throw new Error(`--only: there is no scenario ${unknown.join(', ')}; there are ${ids}`);
  }
  const wanted = scenarios.filter(({ id }) => only === undefined || only.includes(id));
  if (fixtures) return wanted;
  for (const { id, needsFixtures } of wanted) if (needsFixtures) console.log(`left out ${id}: it ${withoutFixtures}`);
  return wanted.filter(({ needsFixtures }) => !needsFixtures);
}

async function measure(browser: Browser, site: Site, scenario: Scenario): Promise<Result> {
  if (scenario === longTask) return measureLongTask(site);
  if (conversions.includes(scenario)) return measureConversions(browser, site, scenario);
  const { id, title, target } = scenario;
  return summarise(id, title, target, await onPage(browser, site, (page) => runScenario(page, id)));
}

function inWords({ id, title, ours, baseline, ratio, target, met }: Result): string {
  const times = `${ours.median.toFixed(3)} ms${baseline ? ` : ${baseline.median.toFixed(3)} ms` : ''}`;
  return `${met ? 'met   ' : 'missed'} ${id.padEnd(23)} ${ratio.toFixed(2)} (at most ${target})  ${times}  ${title}`;
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

/** @throws Error where the page has not done its work in time */
async function onPage<Value>(browser: Browser, site: Site, use: (page: Page) => Promise<Value>): Promise<Value> {
  const page = await browser.newPage();
  const ended = new AbortController();
  try {
    await page.goto(`${site.origin}/blank.html`);
    return await Promise.race([use(page), failLate(ended.signal)]);
  } finally {
    ended.abort();
    await page.close();
  }
}

async function failLate(signal: AbortSignal): Promise<never> {
  await setTimeout(scenarioTimeout, undefined, { signal });
  throw new Error(`the page has not come to an end in ${scenarioTimeout / 1000} s`);
}

function runScenario(page: Page, id: string) {
  return page.evaluate(async (id) => {
    const script = '/bench/scenarios.js';
    const { runScenario }: typeof import('./pages/scenarios.js') = await import(script);
    return runScenario(id);
  }, id);
}

async function measureConversions(browser: Browser, site: Site, { id, title, target }: Scenario): Promise<Result> {
  const times = await onPage(browser, site, (page) =>
    page.evaluate(
      async ({ id, runs }) => {
        const script = '/bench/scenarios.js';
        const { measureConversion }: typeof import('./pages/scenarios.js') = await import(script);
        return measureConversion(id, runs);
      },
      { id, runs: conversionRuns },
    ),
  );
  const ours = summariseTimes(times);
  return { id, title, ours, ratio: ours.median, target, met: ours.median <= target };
}

/** In browsers of their own: what other scenarios have left behind would be collected in the midst of it. */
async function measureLongTask(site: Site): Promise<Result> {
  const { id, title, target } = longTask;
  const tasks: LongestTask[] = [];
  while (tasks.length < longTaskRuns) {
    const browser = await chromium.launch(chromiumLaunchOptions());
    const trace = (page: Page) =>
      traceLongestTask(browser, page, async () => {
        await classifyPhoto(page, '/fixtures/images/dog.jpg', '/fixtures/models/squeezenet.onnx', 20);
      });
    tasks.push(await onPage(browser, site, trace).finally(() => browser.close()));
  }
  const ours = summariseTimes(tasks.map(({ cpu }) => cpu));
  const wall = summariseTimes(tasks.map((task) => task.wall));
  return { id, title, ours, wall, ratio: ours.median, target, met: ours.median <= target };
}

async function describeEnvironment(browser: Browser, site: Site) {
  const inPage = await onPage(browser, site, (page) =>
    page.evaluate(async () => {
      const script = '/bench/scenarios.js';
      const { describeDevices }: typeof import('./pages/scenarios.js') = await import(script);
      return { isolated: crossOriginIsolated, devices: await describeDevices() };
    }),
  );
  return { browser: browser.version(), cores: cpus().length, processor: cpus()[0]?.model ?? 'unknown', ...inPage };
}
