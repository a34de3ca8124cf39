import { chromium } from '@playwright/test';
import { chromiumLaunchOptions } from '../e2e/chromium.js';
import { type LongestTask, traceLongestTask } from '../e2e/main-thread.js';
import { classifyPhoto } from '../e2e/photo.js';
import { inTime, onPage, toMeasured } from './on-page.js';
import type { Measured } from './results.js';
import type { Bench } from './scenario.js';

const longTaskRuns = 5;
const conversionRuns = 15;

/** In browsers of their own: what other scenarios have left behind would be collected in the midst of it. */
export async function longestTasks({ site, share }: Bench): Promise<Measured> {
  const tasks: LongestTask[] = [];
  while (tasks.length < longTaskRuns * share) {
    const browser = await chromium.launch(chromiumLaunchOptions());
    try {
      const page = await browser.newPage();
      await page.goto(`${site.origin}/blank.html`);
      const classify = async () => {
        await classifyPhoto(page, '/fixtures/images/dog.jpg', '/fixtures/models/squeezenet.onnx', 20);
      };
      tasks.push(await inTime(traceLongestTask(browser, page, classify)));
    } finally {
      await browser.close();
    }
  }
  return { ours: tasks.map(({ cpu }) => cpu), wall: tasks.map(({ wall }) => wall) };
}

/** Conversions of one model to ONNX, each the first of a worker. */
export async function conversions(bench: Bench, id: string): Promise<Measured> {
  const runs = Math.ceil(conversionRuns * bench.share);
  const times = await onPage(bench, { id, runs }, async ({ id, runs }) => {
    const script = '/bench/scenarios.js';
    const { measureConversion }: typeof import('./pages/scenarios.js') = await import(script);
    return { ours: await measureConversion(id, runs) };
  });
  return toMeasured(times);
}
