import type { Page } from '@playwright/test';
import type { Waiting } from '../src/index.js';
import { startSite } from './site.js';
import { expect, test } from './test.js';
import { openPage } from './waiting-page.js';

/** How many execution contexts `stats` counts: they live in the guests' own threads. */

interface ContextProbe {
  loadByName(name: string): Promise<number>;
  initContext(graph: number): Promise<number>;
  dropContext(context: number): Promise<void>;
  unload(graph: number): Promise<void>;
}

async function ofComponents(page: Page, waiting: Waiting): Promise<number[]> {
  return page.evaluate(async (waiting) => {
    const { nn, tensor } = waitingPage;
    const counts: number[] = [];
    const look = async () => counts.push((await nn.stats()).contexts);
    await look();
    const guests = [0, 1].map(() =>
      nn.instantiate<ContextProbe & import('./waiting-page.js').ProbeExports>('/guests/probe.component.wasm', {
        waiting,
      }),
    );
    const [one, other] = await Promise.all(guests);
    if (!one || !other) throw new Error('two guests were asked for');
    await one.exports.loadByName('digits');
    for (let context = 0; context < 3; context++) await one.exports.initContext(0);
    await look();
    await other.exports.loadByName('digits');
    await other.exports.initContext(0);
    await look();
    await one.exports.dropContext(1);
    await look();
    const image = () => tensor('image', [1, 1, 28, 28], 'FP32', new Uint8Array(3136));
    await one.exports.compute(0, [image()], false);
    await look();
    await one.exports.compute(0, [image()], true);
    await look();
    await one.exports.unload(0);
    await look();
    one.dispose();
    await look();
    other.dispose();
    await look();
    return counts;
  }, waiting);
}

async function ofCoreModules(page: Page, waiting: Waiting): Promise<{ counts: number[]; errnos: number[] }> {
  return page.evaluate(async (waiting) => {
    const { nn, startWitxProbe } = waitingPage;
    const counts: number[] = [];
    const errnos: number[] = [];
    const look = async () => counts.push((await nn.stats()).contexts);
    const start = async () => {
      const { exports, memory, dispose } = await startWitxProbe(waiting);
      const call = async (name: string, ...values: number[]) => (await exports[name]?.(...values)) ?? -1;
      const name = await call('allocate', 16);
      await memory.write(name, new TextEncoder().encode('digits'));
      await call('load_by_name', name, 6, name + 8);
      return { call, dispose, out: name + 8 };
    };
    const [one, other] = [await start(), await start()];
    for (let context = 0; context < 3; context++) await one.call('init_execution_context', 0, one.out);
    await other.call('init_execution_context', 0, other.out);
    await look();
    for (const context of [1, 1]) errnos.push(await one.call('finalize_execution_context', context));
    errnos.push(await one.call('init_execution_context', 7, one.out));
    await look();
    errnos.push(await one.call('unload', 0));
    await look();
    one.dispose();
    await look();
    other.dispose();
    await look();
    return { counts, errnos };
  }, waiting);
}

for (const isolated of [true, false]) {
  const where = isolated ? '' : ', not isolated';
  test(`the statistics count the contexts of guests while they live${where}`, async ({ page }) => {
    const site = await startSite({ isolated });
    await openPage(page, site);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolated);
    for (const waiting of isolated ? (['block', 'suspend'] as const) : (['suspend'] as const)) {
      await test.step(waiting, async () => {
        expect(await ofComponents(page, waiting)).toEqual([0, 3, 4, 3, 3, 4, 3, 1, 0]);
        expect(await ofCoreModules(page, waiting)).toEqual({ counts: [4, 3, 3, 1, 0], errnos: [0, 1, 1, 0] });
      });
    }
    await site.close();
  });
}
