import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BrowserContext, chromium } from '@playwright/test';
import { chromiumLaunchOptions } from '../e2e/chromium.js';
import { inTime } from './on-page.js';
import type { Measured } from './results.js';
import type { Bench } from './scenario.js';

const warmPairs = 20;
const coldPairs = 5;
/** So often the browser must have seen code until it keeps it compiled. */
const visitsBefore = 3;

/** A page of `pages/`, by the name of its script. */
type StartPage = 'start-component' | 'start-core' | 'start-raw';

/** Visits in one profile, which has all caches warm. */
export function warmVisits(bench: Bench, ours: StartPage): Promise<Measured> {
  return withProfile(async (context) => {
    const visitBoth = async () => ({
      ours: await visit(bench, context, ours),
      baseline: await visit(bench, context, 'start-raw'),
    });
    for (let count = 0; count < visitsBefore; count++) await visitBoth();
    return collect(visitBoth, warmPairs * bench.share);
  });
}

/** First visits, each in a profile of its own. */
export function coldVisits(bench: Bench, ours: StartPage): Promise<Measured> {
  const firstVisit = (page: StartPage) => withProfile((context) => visit(bench, context, page));
  const visitBoth = async () => ({ ours: await firstVisit(ours), baseline: await firstVisit('start-raw') });
  return collect(visitBoth, coldPairs * bench.share);
}

/** Second visits of a profile against its first. */
export function secondVisits(bench: Bench, page: StartPage): Promise<Measured> {
  const visitTwice = () =>
    withProfile(async (context) => {
      const baseline = await visit(bench, context, page);
      return { ours: await visit(bench, context, page), baseline };
    });
  return collect(visitTwice, coldPairs * bench.share);
}

interface Pair {
  readonly ours: number;
  readonly baseline: number;
}

async function collect(measurePair: () => Promise<Pair>, count: number): Promise<Measured> {
  const pairs: Pair[] = [];
  while (pairs.length < count) pairs.push(await measurePair());
  return { ours: pairs.map(({ ours }) => ours), baseline: pairs.map(({ baseline }) => baseline) };
}

/** @returns how long a page took from its start to its first label, in ms */
async function visit({ site }: Bench, context: BrowserContext, name: StartPage): Promise<number> {
  const page = await context.newPage();
  try {
    await page.goto(`${site.origin}/start/${name}.html`);
    return await inTime(page.evaluate(() => globalThis.firstLabel));
  } finally {
    await page.close();
  }
}

/** A browser with storage and caches on disk, as a visitor has them. */
async function withProfile<Value>(use: (context: BrowserContext) => Promise<Value>): Promise<Value> {
  const folder = await mkdtemp(path.join(tmpdir(), 'wasi-nn-bench-'));
  const context = await chromium.launchPersistentContext(folder, chromiumLaunchOptions());
  try {
    return await use(context);
  } finally {
    await context.close();
    await rm(folder, { recursive: true, force: true });
  }
}
