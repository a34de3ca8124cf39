import type { CDPSession } from '@playwright/test';
import { componentOf, moduleOf, serveGuest } from './browsers/text-guest.js';
import { floods } from './floods.js';
import { startSite } from './site.js';
import { expect, test } from './test.js';

// What a guest that writes without end costs its page: processor time of the main thread, and memory.

declare global {
  var floodPage: {
    readonly controller: AbortController;
    readonly outcome: Promise<unknown>;
  };
}

/** How often the page is called until the costs are taken. */
const calls = 400;

for (const isolated of [true, false]) {
  for (const { name, fields, kinds } of floods) {
    for (const kind of kinds) {
      const where = isolated ? '' : ', on a page that is not isolated';
      test(`a ${kind} with a flood of ${name} costs its page little${where}`, async ({ page }) => {
        const site = await startSite({ isolated });
        serveGuest(site, '/flood.wasm', await (kind === 'component' ? componentOf(fields) : moduleOf(fields)));
        await page.goto(`${site.origin}/blank.html`);
        const session = await page.context().newCDPSession(page);
        await session.send('Performance.enable', { timeDomain: 'threadTicks' });
        // The first guest also loads the library and its workers.
        await page.evaluate(startFlood, 1);
        await page.evaluate(endFlood);
        const before = await costsOf(session);
        await page.evaluate(startFlood, calls);
        const after = await costsOf(session);
        const reason = await page.evaluate(endFlood);
        const seconds = after.seconds - before.seconds;
        const processor = (after.processor - before.processor) / seconds;
        const memory = after.memory - before.memory;
        console.log(`${processor.toFixed(0)} ms of the processor a second, ${memory.toFixed(1)} MiB`);
        expect(reason).toBe('enough');
        expect(processor).toBeLessThan(50);
        expect(memory).toBeLessThan(64);
        await site.close();
      });
    }
  }
}

/** Resolves when the page has been called as often as it is told, or when a guest that cannot wait has nothing left to say. */
async function startFlood(calls: number): Promise<void> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN();
  const controller = new AbortController();
  const { signal } = controller;
  await new Promise<void>((resolve) => {
    let left = calls;
    let lastCall = 0;
    const take = () => {
      lastCall = performance.now();
      if (--left === 0) resolve();
    };
    nn.addEventListener('fault', take);
    const outcome = nn.run('/flood.wasm', { signal, stdout: take, stderr: take }).catch((reason) => reason);
    globalThis.floodPage = { controller, outcome };
    const look = setInterval(() => {
      if (lastCall > 0 && performance.now() - lastCall > 500) resolve();
      if (left <= 0 || signal.aborted) clearInterval(look);
    }, 100);
  });
}

async function endFlood(): Promise<unknown> {
  const { controller, outcome } = globalThis.floodPage;
  controller.abort('enough');
  return outcome;
}

interface Costs {
  readonly seconds: number;
  /** The processor time of the main thread, in ms. */
  readonly processor: number;
  /** What the page holds without its workers, in MiB. */
  readonly memory: number;
}

async function costsOf(session: CDPSession): Promise<Costs> {
  const { metrics } = await session.send('Performance.getMetrics');
  const metric = (name: string) => metrics.find((candidate) => candidate.name === name)?.value ?? Number.NaN;
  const usage: object = await session.send('Runtime.getHeapUsage');
  const bytes = ['usedSize', 'embedderHeapUsedSize', 'backingStorageSize'].map((part) => Reflect.get(usage, part) ?? 0);
  return {
    seconds: metric('Timestamp'),
    processor: metric('ThreadTime') * 1000,
    memory: bytes.reduce((total, size) => total + size, 0) / 2 ** 20,
  };
}
