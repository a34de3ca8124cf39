import type { Page } from '@playwright/test';
import type { Waiting } from '../src/index.js';
import { pieceBytes } from '../src/rpc/mailbox.js';
import { startSite } from './site.js';
import { expect, test } from './test.js';
import { guestThreads, openPage, patchEngine, removeJspi, startError } from './waiting-page.js';

/** What a guest got on a page for the same input each time: ten classes, or the scores' 40 bytes and what else came. */
type Answer = (page: Page, waiting?: Waiting) => Promise<unknown>;

const answers: Readonly<Record<string, Answer>> = {
  'probe.component.wasm': (page, waiting) =>
    page.evaluate(async (waiting) => {
      const exports = await waitingPage.startProbe('digits', waiting ? { waiting } : {});
      const pixels = Float32Array.from({ length: 784 }, (_, index) => (index % 28) / 28);
      const image = waitingPage.tensor('image', [1, 1, 28, 28], 'FP32', new Uint8Array(pixels.buffer));
      const [scores] = await exports.compute(0, [image], false);
      const failure = await exports.compute(0, [], false).catch((cause) => JSON.stringify(cause.payload));
      return [...(scores?.data ?? []), failure];
    }, waiting),

  'classify.component.wasm': (page, waiting) =>
    page.evaluate(async (waiting) => {
      const { exports } = await waitingPage.start('/guests/classify.component.wasm', waiting);
      const pixels = Uint8Array.from({ length: 40 * 40 * 4 }, (_, index) => (index * 7) % 256);
      const digits = {
        name: 'digits',
        input: 'image',
        width: 28,
        height: 28,
        colour: 'grey',
        mean: [0],
        deviation: [1],
      };
      const classify: unknown = exports.classify;
      if (typeof classify !== 'function') throw new Error('the guest exports no classify');
      const image = { width: 40, height: 40, pixels };
      return classify(image, { ...digits, inverted: true, softmax: true }, 10);
    }, waiting),

  'witx-probe.wasm': (page, waiting) =>
    page.evaluate(async (waiting) => {
      const { exports, memory } = await waitingPage.startWitxProbe(waiting);
      const call = async (name: string, ...values: number[]) => (await exports[name]?.(...values)) ?? -1;
      const place = async (bytes: Uint8Array) => {
        const address = await call('allocate', bytes.byteLength);
        await memory.write(address, bytes);
        return address;
      };
      const words = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);
      const pixels = Float32Array.from({ length: 784 }, (_, index) => (index % 28) / 28);
      const dimensions = await place(words(1, 1, 28, 28));
      const image = await place(new Uint8Array(pixels.buffer));
      const tensor = await place(words(dimensions, 4, 1, image, 3136));
      const name = await place(new TextEncoder().encode('digits'));
      const [out, scores] = [await place(words(0)), await place(new Uint8Array(40))];
      const errnos = [
        await call('load_by_name', name, 6, out),
        await call('init_execution_context', 0, out),
        await call('set_input', 0, 0, tensor),
        await call('compute', 0),
        await call('get_output', 0, 0, scores, 40, out),
        await call('load_by_name', name, 5, out),
      ];
      return [errnos, ...(await memory.read(scores, 40))];
    }, waiting),
};

test('a guest that blocks answers as one that is suspended', async ({ page, site }) => {
  await openPage(page, site);
  const suspended: Record<string, unknown> = {};
  for (const [guest, answer] of Object.entries(answers)) {
    await test.step(guest, async () => {
      suspended[guest] = await answer(page, 'suspend');
      expect(suspended[guest]).toHaveLength(guest === 'classify.component.wasm' ? 10 : 41);
      expect(await answer(page, 'block')).toEqual(suspended[guest]);
      expect(await answer(page)).toEqual(suspended[guest]);
    });
  }

  for (const waitings of [
    ['block', 'block'],
    ['block', 'suspend'],
  ] as const) {
    await test.step(`two guests (${waitings.join(', ')}) compute by turns`, () => expectTurns(page, waitings));
  }

  await removeJspi(page, site);
  for (const [guest, answer] of Object.entries(answers)) {
    await test.step(`${guest}, without JSPI`, async () => expect(await answer(page)).toEqual(suspended[guest]));
  }
  await test.step('suspending is refused without JSPI', async () => {
    const error = await startError(page, 'probe.component.wasm', 'suspend');
    expect(error).toMatch(/^unsupported-operation: .*JSPI.*Firefox 153.*waiting: 'block'/);
  });
});

async function expectTurns(page: Page, waitings: readonly Waiting[]): Promise<void> {
  const order = await page.evaluate(async (waitings) => {
    const order: number[] = [];
    const guests = await Promise.all(waitings.map((waiting) => waitingPage.startProbe('digits', { waiting })));
    const image = () => waitingPage.tensor('image', [1, 1, 28, 28], 'FP32', new Uint8Array(3136));
    await Promise.all(
      guests.map(async (exports, guest) => {
        for (let round = 0; round < 50; round++) {
          await exports.compute(0, [image()], true);
          order.push(guest);
        }
      }),
    );
    return order;
  }, waitings);
  expect(order).toHaveLength(100);
  // That the engine lets callers take turns is tested with its queue. Here the threads of the guests share the cores
  // too, as the system likes; being starved would be a lead of all fifty.
  expect(lead(order)).toBeLessThan(45);
}

test('answers of any length reach a guest that blocks', async ({ page, site }) => {
  await openPage(page, site);
  const lengths = [0, 1, ...[-200, -4, -1, 0, 1].map((more) => pieceBytes + more), 16 << 20];
  const wrong = await page.evaluate(async (lengths) => {
    const exports = await waitingPage.startProbe('identity', { waiting: 'block' });
    const wrong: number[] = [];
    for (const length of lengths) {
      const data = Uint8Array.from({ length }, (_, index) => Math.imul(index, 2654435761) >>> 24);
      const [output] = await exports.compute(0, [waitingPage.tensor('x', [length], 'U8', data)], false);
      const isRight = output?.data.length === length && output.data.every((byte, index) => byte === data[index]);
      if (!isRight) wrong.push(length);
    }
    return wrong;
  }, lengths);
  expect(wrong).toEqual([]);
});

test('without isolation, blocking is refused with what is missing, and suspending or not waiting works', async ({
  page,
}) => {
  const site = await startSite({ isolated: false });
  await openPage(page, site);
  const headers =
    /^unsupported-operation: .*cross-origin isolated.*"Cross-Origin-Opener-Policy: same-origin".*"Cross-Origin-Embedder-Policy: require-corp"/;
  for (const guest of Object.keys(answers)) expect(await startError(page, guest, 'block')).toMatch(headers);
  expect(await answers['probe.component.wasm']?.(page)).toHaveLength(41);

  await removeJspi(page, site);
  for (const guest of Object.keys(answers)) {
    const error = await startError(page, guest);
    expect(error).toMatch(headers);
    expect(error).toContain('JSPI');
    expect(error).toContain('Firefox 153');
  }
  await expect.poll(() => guestThreads(page).length).toBe(1);

  for (const guest of ['cat.wasm', 'cat.component.wasm']) {
    await test.step(`${guest}, which never waits, needs neither isolation nor JSPI`, () => expectCat(page, guest));
  }
  await site.close();
});

async function expectCat(page: Page, guest: string): Promise<void> {
  for (const waiting of [undefined, 'suspend', 'block'] as const) {
    const ending = await page.evaluate(
      ({ guest, waiting }) =>
        waitingPage.nn.run(`/guests/${guest}`, { stdin: 'meow', ...(waiting ? { waiting } : {}) }),
      { guest, waiting },
    );
    expect(ending).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('meow') });
  }
}

/** By how many computations one guest was ahead of the other at most, while neither had finished. */
function lead(order: readonly number[]): number {
  const done = [0, 0];
  let lead = 0;
  for (const guest of order) {
    done[guest] = (done[guest] ?? 0) + 1;
    if (done.includes(50)) return lead;
    lead = Math.max(lead, Math.abs((done[0] ?? 0) - (done[1] ?? 0)));
  }
  return lead;
}

/** Posts to a channel when a request to compute reaches the engine, which then is busy with it. */
const reportComputations = `{
  const channel = new BroadcastChannel('computations');
  globalThis.addEventListener('message', ({ data }) => {
    if (data.method === 'call' && data.parameters[0] === 'compute') channel.postMessage('begun');
  });
}`;

for (const waiting of ['block', 'suspend'] as const) {
  const title = `a guest (${waiting}) that is aborted in the middle of a computation ends, and the engine goes on`;
  test(title, { tag: '@alone' }, async ({ page, site }) => {
    patchEngine(site, reportComputations);
    await openPage(page, site);
    const outcome = await page.evaluate(async (waiting) => {
      const computations = await waitingPage.openChannel('computations');
      const begun = new Promise((resolve) => {
        computations.onmessage = resolve;
      });
      const controller = new AbortController();
      const exports = await waitingPage.startProbe('slow', { waiting, signal: controller.signal });
      const matrix = waitingPage.tensor('x', [384, 384], 'FP32', new Uint8Array(384 * 384 * 4));
      const failure = exports.compute(0, [matrix], false).then(
        () => 'it computed',
        (reason) => String(reason),
      );
      await begun;
      const start = performance.now();
      controller.abort('enough');
      return { failure: await failure, milliseconds: performance.now() - start };
    }, waiting);
    expect(outcome.failure).toBe('enough');
    expect(outcome.milliseconds).toBeLessThan(100);
    await expect.poll(() => guestThreads(page).length).toBe(0);

    expect(await answers['probe.component.wasm']?.(page, waiting)).toHaveLength(41);
  });
}

test('a guest that never ends can be aborted', async ({ page, site }) => {
  await openPage(page, site);
  for (const guest of ['loop.wasm', 'loop.component.wasm']) {
    await test.step(guest, async () => {
      const outcome = await page.evaluate(async (guest) => {
        const controller = new AbortController();
        const stdout = () => controller.abort('enough');
        return waitingPage.nn.run(`/guests/${guest}`, { signal: controller.signal, stdout }).then(
          () => 'it ended',
          (reason) => String(reason),
        );
      }, guest);
      expect(outcome).toBe('enough');
      await expect.poll(() => guestThreads(page).length).toBe(0);
    });
  }
});
