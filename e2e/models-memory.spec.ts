import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { BrowserContext, Page } from '@playwright/test';
import type { WasiNN } from '../src/index.js';
import { writeModel } from './onnx-model.js';
import { measurePeak } from './process-memory.js';
import type { Handler, Site } from './site.js';
import { expect, test } from './test.js';
import { patchEngine } from './waiting-page.js';

test.use({ ownProcess: true });

// How much memory a large model takes on its way from the server into onnxruntime, outside of onnxruntime's own heap.
//
// What is measured is the peak of the page's whole process, of which the operating system keeps account (VmHWM), so that
// no moment is missed: all threads, buffers, JavaScript heaps and what the browser's own code allocates there for
// streams and IndexedDB. What the process took before is subtracted. Nothing else runs in it: a page has a process of
// its own, and each measurement a page of its own.
//
// onnxruntime's heap lies in that process too. The first measurement has none of it: the model is downloaded, checked,
// put into the cache and handed to the engine, which refuses it for a part too many before onnxruntime sees it. The second
// does all of it again, into onnxruntime; there the growth of its WebAssembly memory is subtracted, with those parts of
// it that are not in use yet. The third takes the model from the cache, and checks its digest, up to the engine's refusal.

const mebibyte = 1 << 20;
const row = { length: 1024, bytes: 4096 };
const rows = 131_072;
const modelBytes = rows * row.bytes;
/** Never two copies of the model, nor much beside one. */
const limit = modelBytes + 64 * mebibyte;

/** A table of 512 MiB, of which the model looks up rows. */
const model = writeModel({
  operator: 'Gather',
  inputs: [
    { name: 'table', type: 'FP32', shape: [rows, row.length], location: 'weights.bin' },
    { name: 'row', type: 'I64', shape: [1] },
  ],
  output: { name: 'found', type: 'FP32', shape: [1, row.length] },
});

const rowsInBlock = mebibyte / row.bytes;
const template = Float32Array.from({ length: mebibyte / 4 }, (_, index) => index / 3);

/** One MiB of the table. Each row begins with its own number, so that none is like another. */
function block(index: number): Buffer {
  const numbers = template.slice();
  for (let at = 0; at < rowsInBlock; at++) numbers[at * row.length] = index * rowsInBlock + at;
  return Buffer.from(numbers.buffer);
}

const blocks = rows / rowsInBlock;

/** Made while it is sent, so that the test itself does not hold it. */
const sendWeights: Handler = async (_request, response) => {
  response.setHeader('Content-Length', modelBytes);
  for (let index = 0; index < blocks; index++) {
    if (!response.write(block(index))) await once(response, 'drain');
  }
  response.end();
};

function digest(): string {
  const hash = createHash('sha256');
  for (let index = 0; index < blocks; index++) hash.update(block(index));
  return hash.digest('hex');
}

declare global {
  var largeModelPage: { readonly nn: WasiNN };
  /** Left by the engine worker: its WebAssembly memories. */
  var memories: WebAssembly.Memory[];
}

/** Opens a page in a process of its own, with the engine and onnxruntime at work already. */
async function openPage(context: BrowserContext, site: Site, sha256: string): Promise<Page> {
  const page = await context.newPage();
  patchEngine(site, `(${noteMemories})()`);
  await page.goto(`${site.origin}/blank.html`);
  await page.evaluate(async (sha256) => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const parts = ['/large.onnx', { url: '/weights.bin', sha256 }];
    const nn = createWasiNN({
      models: {
        large: { parts },
        'large, and a part too many': { parts: [...parts, '/large.onnx'] },
        digits: '/models/digits.onnx',
      },
    });
    await nn.loadByName('digits');
    globalThis.largeModelPage = { nn };
  }, sha256);
  return page;
}

function noteMemories(): void {
  globalThis.memories = [];
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      globalThis.memories.push(this);
    }
  };
}

/** How many bytes onnxruntime's heap has. */
async function runtimeBytes(page: Page): Promise<number> {
  const engine = page.workers().find((worker) => worker.url().includes('/engine-worker-'));
  const sizes = await engine?.evaluate(() => globalThis.memories.map(({ buffer }) => buffer.byteLength));
  if (!sizes || sizes.length === 0) throw new Error("the engine worker's WebAssembly memory was not found");
  return Math.max(...sizes);
}

/** Has a model brought to the engine, which refuses it. @returns the refusal */
function bringToEngine(page: Page): Promise<string> {
  return page.evaluate(async () => {
    try {
      await globalThis.largeModelPage.nn.loadByName('large, and a part too many');
      return 'none';
    } catch (cause) {
      return String(cause);
    }
  });
}

test('a model of 512 MiB is fetched, checked, kept and loaded with little more memory than it has bytes', {
  tag: ['@long', '@alone'],
}, async ({ browser, context, site }) => {
  test.skip(process.platform !== 'linux', 'the peak of a process is read from /proc');
  test.setTimeout(180_000);
  site.answer('/large.onnx', (_request, response) => response.end(model));
  site.answer('/weights.bin', sendWeights);
  const sha256 = digest();

  const first = await openPage(context, site, sha256);
  const firstPeak = await measurePeak(browser, first);
  expect(await bringToEngine(first)).toContain('is 2 parts');
  const fetched = firstPeak();
  await first.close();

  const second = await openPage(context, site, sha256);
  await second.evaluate(() => globalThis.largeModelPage.nn.models.clear());
  const heapBefore = await runtimeBytes(second);
  const secondPeak = await measurePeak(browser, second);
  const found = await second.evaluate(async () => {
    const graph = await globalThis.largeModelPage.nn.loadByName('large');
    const [output] = Object.values(await graph.compute({ row: { dimensions: [1], data: BigInt64Array.of(100_000n) } }));
    return Array.from(output?.data ?? [], Number).slice(0, 3);
  });
  const loadedAll = secondPeak();
  const heap = (await runtimeBytes(second)) - heapBefore;
  expect(found).toEqual([100_000, ...template.subarray((100_000 % rowsInBlock) * row.length).subarray(1, 3)]);
  expect(await second.evaluate(async () => (await globalThis.largeModelPage.nn.models.usage()).bytes)).toBe(
    modelBytes + model.byteLength,
  );

  await second.close();

  const third = await openPage(context, site, sha256);
  const requests = site.requests.filter((path) => path === '/weights.bin').length;
  const thirdPeak = await measurePeak(browser, third);
  expect(await bringToEngine(third)).toContain('is 2 parts');
  const checked = thirdPeak();
  expect(site.requests.filter((path) => path === '/weights.bin')).toHaveLength(requests);

  const inMebibytes = (bytes: number) => Math.round(bytes / mebibyte);
  const figures = { fetched, loaded: loadedAll - heap, heap, checked };
  for (const [type, bytes] of Object.entries(figures)) {
    test.info().annotations.push({ type, description: `${inMebibytes(bytes)} MiB` });
  }
  expect(inMebibytes(figures.fetched)).toBeLessThan(inMebibytes(limit));
  expect(inMebibytes(figures.loaded)).toBeLessThan(inMebibytes(limit));
  expect(inMebibytes(figures.checked)).toBeLessThan(inMebibytes(limit));
});
