import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { build } from 'vite';
import { fixtures, withoutFixtures } from '../e2e/fixture-data.js';
import { makeLargeModel } from './large-model.js';
import { onPage } from './on-page.js';
import { prepareScenarios } from './prepare-scenarios.js';
import { type Environment, writeReport } from './report.js';
import { type Result, summarise } from './results.js';
import { type Bench, type Scenario, startBrowser } from './scenario.js';
import { scenarios } from './scenarios.js';
import { startBenchSite } from './site.js';
import { checkSmoke, smokeIds, smokeShare } from './smoke.js';

const root = path.resolve(import.meta.dirname, '..');

export interface BenchmarkOptions {
  /** A file to write the results to. */
  readonly json: string | undefined;
  /** The scenarios to run. Default: all. */
  readonly only: readonly string[] | undefined;
  /** `chromium`, `firefox` or `webkit`. */
  readonly browser: string;
  /** Which part of the samples is taken: 1 for all. */
  readonly share: number;
  /** Runs a few scenarios with a few samples, and fails where a ratio has doubled. */
  readonly smoke: boolean;
  /** Writes the figures into the documentation. */
  readonly report: boolean;
}

/**
 * Runs the benchmarks and prints them as a table.
 *
 * @throws Error for a scenario that there is not, and where one does not come to an end
 */
export async function runBenchmarks({
  json,
  only,
  browser: name,
  share,
  smoke,
  report,
}: BenchmarkOptions): Promise<void> {
  const environment = describeEnvironment(name);
  const wanted = await prepareScenarios(chooseScenarios(smoke ? smokeIds : only, name), console.log);
  await buildPages();
  const sha256 = smoke ? '' : await makeLargeModel();
  const site = await startBenchSite();
  const browser = await startBrowser(name);
  const bench: Bench = { site, browser, sha256, share: smoke ? smokeShare : share };
  try {
    const devices = smoke ? undefined : await describeDevices(bench);
    const results: Result[] = [];
    for (const scenario of wanted) {
      const result = summarise(scenario, await scenario.measure(bench));
      results.push(result);
      console.log(inWords(result));
    }
    if (json) await writeFile(json, `${JSON.stringify({ environment, devices, results }, null, 2)}\n`);
    if (report) await writeReport(environment, results);
    if (smoke) checkSmoke(results);
  } finally {
    await browser.close();
    await site.close();
  }
}

/** Those that are asked for, less those that need what is not there. */
function chooseScenarios(only: readonly string[] | undefined, name: string): readonly Scenario[] {
  const unknown = only?.filter((id) => !scenarios.some((scenario) => scenario.id === id)) ?? [];
  if (unknown.length > 0) {
    const ids = scenarios.map(({ id }) => id).join(', ');
    throw new Error(`--only: there is no scenario ${unknown.join(', ')}; there are ${ids}`);
  }
  const wanted = scenarios.filter(({ id, browser }) =>
    only === undefined ? browser === undefined || browser === name : only.includes(id),
  );
  if (fixtures) return wanted;
  for (const { id, needsFixtures } of wanted) if (needsFixtures) console.log(`left out ${id}: it ${withoutFixtures}`);
  return wanted.filter(({ needsFixtures }) => !needsFixtures);
}

function inWords({ id, title, unit, ours, baseline, ratio, target, met }: Result): string {
  const digits = unit === 'bytes' ? 0 : 3;
  const values = [ours, baseline].flatMap((summary) => (summary ? `${summary.median.toFixed(digits)} ${unit}` : []));
  const worst = baseline ? '' : `, worst ${ours.worst.toFixed(digits)} ${unit}`;
  return `${met ? 'met   ' : 'missed'} ${id.padEnd(23)} ${ratio.toFixed(2)} (at most ${target})  ${values.join(' : ')}${worst}  ${title}`;
}

/** A production build: what development servers add would be measured too. */
async function buildPages(): Promise<void> {
  const page = (name: string) => path.join(root, `bench/pages/${name}.ts`);
  const names = ['scenarios', 'start-component', 'start-core', 'start-raw'];
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
        input: Object.fromEntries(names.map((name) => [name, page(name)])),
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: '[name].js' },
      },
    },
  });
}

function describeEnvironment(browser: string): Environment {
  const [load = 0] = loadavg();
  const processor = cpus()[0]?.model ?? 'unknown';
  return { browser, processor, cores: cpus().length, load, date: new Date().toISOString().slice(0, 10) };
}

/** What the page says of the browser, and what graphs run on there. */
function describeDevices(bench: Bench): Promise<unknown> {
  return onPage(bench, undefined, async () => {
    const script = '/bench/scenarios.js';
    const { describeDevices }: typeof import('./pages/scenarios.js') = await import(script);
    return { agent: navigator.userAgent, isolated: crossOriginIsolated, devices: await describeDevices() };
  });
}
