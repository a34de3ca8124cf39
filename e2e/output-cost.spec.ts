import type { CDPSession, Page } from '@playwright/test';
import { componentOf, moduleOf, serveGuest } from './browsers/text-guest.js';
import { floods } from './floods.js';
import { startSite } from './site.js';
import { expect, test } from './test.js';

test.use({ ownProcess: true });

// What a guest that writes without end costs its page: processor time of the main thread, and memory.

interface Flood {
  readonly controller: AbortController;
  readonly outcome: Promise<unknown>;
}

declare global {
  var floodPage: {
    /** Starts the guest, and resolves the given number of ms after its first output or error. */
    begin(url: string, milliseconds: number): Promise<void>;
    /** Ends the guest. @returns what its run has rejected with */
    end(): Promise<unknown>;
  };
}

/** For how long costs are taken, in ms. */
const duration = 3000;

for (const isolated of [true, false]) {
  for (const kind of ['core module', 'component'] as const) {
    const where = isolated ? '' : ', on a page that is not isolated';
    const tag = isolated ? [] : ['@long'];
    test(`a ${kind} that writes without end costs its page little${where}`, { tag }, async ({ page }) => {
      const site = await startSite({ isolated });
      await page.goto(`${site.origin}/blank.html`);
      await page.evaluate(preparePage, kind === 'component' ? '/guests/exit.component.wasm' : '/guests/exit.wasm');
      const session = await page.context().newCDPSession(page);
      await session.send('Performance.enable', { timeDomain: 'threadTicks' });
      for (const [index, { name, fields, kinds }] of floods.entries()) {
        if (!kinds.includes(kind)) continue;
        const url = `/flood-${index}.wasm`;
        serveGuest(site, url, await (kind === 'component' ? componentOf(fields) : moduleOf(fields)));
        await test.step(name, () => expectLittleCost(page, session, url));
      }
      await site.close();
    });
  }
}

async function expectLittleCost(page: Page, session: CDPSession, url: string): Promise<void> {
  // What guests before have left behind does not count.
  await session.send('HeapProfiler.collectGarbage');
  const before = await costsOf(session);
  await page.evaluate(({ url, duration }) => floodPage.begin(url, duration), { url, duration });
  const after = await costsOf(session);
  const reason = await page.evaluate(() => floodPage.end());
  const seconds = after.seconds - before.seconds;
  const processor = (after.processor - before.processor) / seconds;
  const memory = after.memory - before.memory;
  console.log(`${processor.toFixed(0)} ms of the processor a second, ${memory.toFixed(1)} MiB`);
  expect(reason).toBe('enough');
  expect(processor).toBeLessThan(50);
  expect(memory).toBeLessThan(64);
}

/** @param first a guest that is run at once: the first of a page also loads the library's workers */
async function preparePage(first: string): Promise<void> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN();
  await nn.run(first);
  let flood: Flood | undefined;
  globalThis.floodPage = {
    begin(url, milliseconds) {
      const controller = new AbortController();
      const { signal } = controller;
      return new Promise<void>((resolve) => {
        let hasBegun = false;
        const begin = () => {
          if (!hasBegun) setTimeout(resolve, milliseconds);
          hasBegun = true;
        };
        nn.addEventListener('fault', begin, { signal });
        const outcome = nn.run(url, { signal, stdout: begin, stderr: () => undefined }).catch((reason) => reason);
        flood = { controller, outcome };
      });
    },
    async end() {
      flood?.controller.abort('enough');
      return flood?.outcome;
    },
  };
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
