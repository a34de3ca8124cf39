import { chromium, type Page } from '@playwright/test';
import { chromiumLaunchOptions } from '../e2e/chromium.js';
import { measurePeak } from '../e2e/process-memory.js';
import { inTime } from './on-page.js';
import type { Measured } from './results.js';
import type { Bench } from './scenario.js';

const runs = 3;
const megabyte = 1e6;

/** Whether the model is in the cache when its load is measured. */
export type CacheState = 'cold' | 'cached';

/** The peak of a page's process while it loads the large model, by name and by onnxruntime-web alone, in MB. */
export async function loadPeaks(bench: Bench, state: CacheState): Promise<Measured> {
  const ours: number[] = [];
  const baseline: number[] = [];
  while (ours.length < runs * bench.share) {
    ours.push(await peakOf(bench, (page) => prepareOurs(page, bench.sha256), state === 'cached' ? 2 : 1));
    baseline.push(await peakOf(bench, prepareRaw, 1));
  }
  return { ours, baseline };
}

declare global {
  /** Left by the page that is measured: loads the large model. */
  var loadLarge: () => Promise<void>;
}

/** @param visits how often the model is loaded, each time on a new page; the last is measured */
async function peakOf({ site }: Bench, prepare: (page: Page) => Promise<void>, visits: number): Promise<number> {
  const browser = await chromium.launch(chromiumLaunchOptions());
  const context = await browser.newContext();
  try {
    let peak = 0;
    for (let visit = 0; visit < visits; visit++) {
      const page = await context.newPage();
      await page.goto(`${site.origin}/blank.html`);
      // The runtime is there already: what is measured is the model.
      await prepare(page);
      const readPeak = await measurePeak(browser, page);
      await inTime(page.evaluate(() => globalThis.loadLarge()));
      peak = readPeak();
      await page.close();
    }
    return peak / megabyte;
  } finally {
    await browser.close();
  }
}

function prepareOurs(page: Page, sha256: string): Promise<void> {
  return page.evaluate(async (sha256) => {
    const script = '/bench/scenarios.js';
    const { prepareLargeLoad }: typeof import('./pages/scenarios.js') = await import(script);
    globalThis.loadLarge = await prepareLargeLoad(sha256);
  }, sha256);
}

function prepareRaw(page: Page): Promise<void> {
  return page.evaluate(async () => {
    const script = '/bench/scenarios.js';
    const { prepareRawLargeLoad }: typeof import('./pages/scenarios.js') = await import(script);
    globalThis.loadLarge = await prepareRawLargeLoad();
  });
}
