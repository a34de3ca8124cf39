import type { Page } from '@playwright/test';
import { type HeapReader, openHeapReader } from './heap.js';
import { expect, test } from './test.js';

test.use({ ownProcess: true });

/** What long use leaves behind; the figures are in docs/performance.md. */

interface Sample {
  /** The heaps of onnxruntime's modules, in bytes. */
  readonly heap: number;
  /** What JavaScript holds, in all threads of the page, in bytes. */
  readonly script: number;
}

async function sample(page: Page, reader: HeapReader): Promise<Sample> {
  const { heapBytes } = await page.evaluate(() => longUsePage.nn.stats());
  return { heap: heapBytes, script: await reader.read() };
}

declare global {
  var longUsePage: {
    readonly nn: import('../src/index.js').WasiNN;
    compute(graph: import('../src/index.js').Graph): Promise<number>;
  };
}

const mebibyte = 1 << 20;

async function openPage(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const nn = createWasiNN({ models: { digits: '/models/digits.onnx' } });
    globalThis.longUsePage = {
      nn,
      async compute(graph) {
        const data = Float32Array.from({ length: 784 }, (_, index) => (index % 28) / 28);
        const { scores } = await graph.compute({ image: { dimensions: [1, 1, 28, 28], data } });
        return Number(scores?.data[0]);
      },
    };
  });
}

test('1,000 cycles of load, compute and unload leave memory as it was after the first 100', { tag: '@long' }, async ({
  blank,
}) => {
  test.setTimeout(300_000);
  const reader = await openHeapReader(blank);
  await openPage(blank);
  const cycle = (times: number) =>
    blank.evaluate(async (times) => {
      const { nn, compute } = longUsePage;
      for (let time = 0; time < times; time++) {
        const graph = await nn.loadByName('digits');
        await compute(graph);
        await graph.dispose();
      }
    }, times);
  await cycle(100);
  const before = await sample(blank, reader);
  await cycle(1000);
  expectFlat(before, await sample(blank, reader));
  expect(await blank.evaluate(() => longUsePage.nn.stats())).toMatchObject({ graphs: 0, calls: 0 });
});

test('10,000 computations on one graph leave memory as it was after the first 500', { tag: '@long' }, async ({
  blank,
}) => {
  test.setTimeout(300_000);
  const reader = await openHeapReader(blank);
  await openPage(blank);
  const wrongOf = (times: number) =>
    blank.evaluate(async (times) => {
      const { nn, compute } = longUsePage;
      const graph = await nn.loadByName('digits');
      const expected = await compute(graph);
      let wrong = 0;
      for (let time = 1; time < times; time++) if ((await compute(graph)) !== expected) wrong++;
      await graph.dispose();
      return wrong;
    }, times);
  await wrongOf(500);
  const before = await sample(blank, reader);
  expect(await wrongOf(10_000)).toBe(0);
  expectFlat(before, await sample(blank, reader));
});

function expectFlat(before: Sample, after: Sample): void {
  test.info().annotations.push({ type: 'memory', description: JSON.stringify({ before, after }) });
  expect(after.heap).toBe(before.heap);
  expect(after.script - before.script).toBeLessThan(mebibyte);
}
