import type { CDPSession } from '@playwright/test';
import { componentOf, moduleOf, serveGuest } from './browsers/text-guest.js';
import { floods } from './floods.js';
import { startSite } from './site.js';
import { expect, test } from './test.js';

test.use({ ownProcess: true });

// What a guest that writes without end costs its page: processor time of the main thread, and memory.

declare global {
  var floodPage: {
    readonly controller: AbortController;
    readonly outcome: Promise<unknown>;
  };
}

/** For how long costs are taken, in ms. */
const duration = 3000;

for (const isolated of [true, false]) {
  for (const { name, fields, kinds } of floods) {
    for (const kind of kinds) {
      const where = isolated ? '' : ', on a page that is not isolated';
      const tag = isolated ? [] : ['@long'];
      test(`a ${kind} with a flood of ${name} costs its page little${where}`, { tag }, async ({ page }) => {
        const site = await startSite({ isolated });
        serveGuest(site, '/flood.wasm', await (kind === 'component' ? componentOf(fields) : moduleOf(fields)));
        await page.goto(`${site.origin}/blank.html`);
        const session = await page.context().newCDPSession(page);
        await session.send('Performance.enable', { timeDomain: 'threadTicks' });
        // The first guest also loads the library and its workers.
        await page.evaluate(flood, 0);
        await page.evaluate(endFlood);
        const before = await costsOf(session);
        await page.evaluate(flood, duration);
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

/** Starts the guest, and resolves as many ms after its first output or error as it is told. */
async function flood(milliseconds: number): Promise<void> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN();
  const controller = new AbortController();
  const { signal } = controller;
  await new Promise<void>((resolve) => {
    let hasBegun = false;
    const begin = () => {
      if (!hasBegun) setTimeout(resolve, milliseconds);
      hasBegun = true;
    };
    nn.addEventListener('fault', begin);
    const outcome = nn.run('/flood.wasm', { signal, stdout: begin, stderr: () => undefined }).catch((reason) => reason);
    globalThis.floodPage = { controller, outcome };
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
