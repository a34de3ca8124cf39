import type { CDPSession, Page, Worker as PageWorker } from '@playwright/test';
import type { ProbeExports } from './browsers/case-page.js';
import { ask, openGuests, succeeded } from './guest-page.js';
import { expect, test } from './test.js';

test.use({ ownProcess: true });

const digit = { name: 'image', ty: 'FP32', dimensions: [1, 1, 28, 28], data: new Uint8Array(28 * 28 * 4) };

test('200 guests that come and go leave no workers, no ports, and no memory on the page', { tag: '@long' }, async ({
  blank,
  context,
}) => {
  test.setTimeout(180_000);
  const portsOfPage = await countPorts(blank);
  await openGuests(blank, { stays: 'probe.component.wasm' }, { models: { digits: '/models/digits.onnx' } });
  const portsOfHub = await countPorts(hubOf(blank));
  const session = await context.newCDPSession(blank);
  await comeAndGo(blank, 20);
  // The last that was disposed of may still be ending.
  await expect.poll(() => guestWorkersOf(blank)).toBe(1);
  const workers = blank.workers().length;
  const before = await heapSize(session);
  const pageBefore = await portsOfPage();
  await expect.poll(async () => (await portsOfHub()).open).toBe(0);
  const hubBefore = await portsOfHub();

  await comeAndGo(blank, 200);

  await expect.poll(() => blank.workers().length).toBe(workers);
  // Each guest has a channel from the start, of which the hub gets one port.
  expect(await portsOfPage()).toEqual({ opened: pageBefore.opened + 2 * 200, open: pageBefore.open });
  await expect.poll(portsOfHub).toEqual({ opened: hubBefore.opened + 200, open: 0 });
  expect((await heapSize(session)) - before).toBeLessThan(1 << 20);
  const graph = succeeded(await ask<number>(blank, 'stays', 'loadByName', 'digits'));
  succeeded(await ask(blank, 'stays', 'compute', graph, [digit], false));
});

test('a trap or the end of one guest leaves the others alone, and nothing hangs', async ({ blank }) => {
  const file = 'probe.component.wasm';
  const guests = { trapping: file, disposed: file, other: file };
  await openGuests(blank, guests, { models: { digits: '/models/digits.onnx' } });
  await test.step('a guest that traps', async () => {
    const graph = succeeded(await ask<number>(blank, 'other', 'loadByName', 'digits'));
    await expect(ask(blank, 'trapping', 'trap')).rejects.toThrow(/unreachable/);
    succeeded(await ask(blank, 'other', 'compute', graph, [digit], true));
  });
  await test.step('a guest that is disposed of rejects what was asked of it, also twice', async () => {
    const texts = await blank.evaluate(async () => {
      const { disposed } = globalThis.guestPage.guests;
      const call: unknown = Reflect.get(disposed?.exports ?? {}, 'loadByName');
      if (typeof call !== 'function') throw new Error('no loadByName');
      const underway: Promise<unknown> = call('digits');
      disposed?.dispose();
      disposed?.dispose();
      const outcomes = await Promise.allSettled([underway, call('digits')]);
      return outcomes.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : 'answered'));
    });
    expect(texts).toEqual([expect.stringContaining('disposed of'), expect.stringContaining('disposed of')]);
  });
  await test.step('a guest whose engine is ended gets an error, and does not hang', async () => {
    const text = await blank.evaluate(async () => {
      const { nn, guests } = globalThis.guestPage;
      const call: unknown = Reflect.get(guests.other?.exports ?? {}, 'loadByName');
      if (typeof call !== 'function') throw new Error('no loadByName');
      const underway: Promise<unknown> = call('digits');
      nn.dispose();
      return underway.then(String, String);
    });
    expect(text).toContain('disposed of');
  });
});

function guestWorkersOf(page: Page): number {
  return page.workers().filter((worker) => worker.url().includes('/guest-worker-')).length;
}

/** Starts guests one after another, of either kind in turn, and disposes of each. The components reach the engine. */
async function comeAndGo(page: Page, times: number): Promise<void> {
  await page.evaluate(async (times) => {
    const { nn } = globalThis.guestPage;
    for (let time = 0; time < times; time += 2) {
      const coreModule = await nn.instantiate('/guests/witx-probe.wasm');
      coreModule.dispose();
      const component = await nn.instantiate<ProbeExports>('/guests/probe.component.wasm');
      await component.exports.loadByName('unknown').catch(() => undefined);
      component.dispose();
    }
  }, times);
}

function hubOf(page: Page): PageWorker {
  const hub = page.workers().find((worker) => worker.url().includes('hub-worker'));
  if (hub) return hub;
  throw new Error('the page has no hub');
}

/** Ports that a thread made or was sent, and those that it has still: neither closed nor sent on. */
interface Ports {
  readonly opened: number;
  readonly open: number;
}

/** Counts the ports of a thread from now on. @returns asks for the count */
async function countPorts(thread: Pick<Page, 'evaluateHandle'>): Promise<() => Promise<Ports>> {
  const count = await thread.evaluateHandle((): (() => Ports) => {
    const open = new Set<Transferable>();
    let opened = 0;
    const take = (...ports: readonly MessagePort[]) => {
      for (const port of ports) open.add(port);
      opened += ports.length;
    };

    globalThis.addEventListener('message', ({ ports }) => take(...ports));
    globalThis.MessageChannel = class extends MessageChannel {
      constructor() {
        super();
        take(this.port1, this.port2);
      }
    };
    const { close } = MessagePort.prototype;
    MessagePort.prototype.close = function () {
      open.delete(this);
      close.call(this);
    };
    for (const { prototype } of [Worker, MessagePort]) {
      const { postMessage } = prototype;
      prototype.postMessage = function (message: unknown, transfer: Transferable[] | StructuredSerializeOptions = []) {
        if (Array.isArray(transfer)) for (const item of transfer) open.delete(item);
        Reflect.apply(postMessage, this, [message, transfer]);
      };
    }
    return () => ({ opened, open: open.size });
  });
  return () => count.evaluate((count) => count());
}

/** The bytes that live objects of the page take, after all garbage is collected. */
async function heapSize(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return usedSize;
}
