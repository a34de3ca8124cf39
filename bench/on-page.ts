import { setTimeout } from 'node:timers/promises';
import { runIn } from '../e2e/browsers/browser.js';
import { isObjectWith } from '../src/standard/is-object-with.js';
import type { Measured } from './results.js';
import type { Bench } from './scenario.js';

/** More than any scenario takes on a machine that is not hopelessly busy. */
const scenarioTimeout = 300_000;

/** Runs a scenario of `pages/scenarios.ts` on a page of its own. */
export function pairsOnPage(bench: Bench, id: string): Promise<Measured> {
  const { sha256, share } = bench;
  return onPage(bench, { id, sha256, share }, async ({ id, ...options }) => {
    const script = '/bench/scenarios.js';
    const { runScenario }: typeof import('./pages/scenarios.js') = await import(script);
    return runScenario(id, options);
  }).then(toMeasured);
}

/**
 * Runs a function in a page of its own. It travels as its source.
 *
 * @throws Error where the page has not done its work in time
 */
export async function onPage<Argument>(
  { browser, site }: Bench,
  argument: Argument,
  action: (argument: Argument) => Promise<unknown>,
): Promise<unknown> {
  const tab = await browser.openTab(site.origin);
  try {
    await tab.open(`${site.origin}/blank.html`);
    return await inTime(runIn(tab, action, argument));
  } finally {
    await tab.close();
  }
}

/** @throws Error where the work takes longer than any scenario */
export async function inTime<Value>(work: Promise<Value>): Promise<Value> {
  const done = new AbortController();
  const late = setTimeout(scenarioTimeout, undefined, { signal: done.signal }).then(() => {
    throw new Error(`the page has not come to an end in ${scenarioTimeout / 1000} s`);
  });
  // Aborted as soon as the work has ended.
  late.catch(() => undefined);
  return Promise.race([work, late]).finally(() => done.abort());
}

/** @throws Error where a page answers with something else than samples */
export function toMeasured(value: unknown): Measured {
  if (!isObjectWith(value, 'ours') || !isNumbers(value.ours)) throw new Error('the page answered without samples');
  const baseline = 'baseline' in value ? value.baseline : undefined;
  return isNumbers(baseline) ? { ours: value.ours, baseline } : { ours: value.ours };
}

export function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}
