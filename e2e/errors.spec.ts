import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { coreModuleGuest, openContext, placeTensor, words } from './core-module-page.js';
import { type Arena, faults, faultyModels, modelBytes } from './error-table.js';
import { ask, openGuests, type PlainTensor, succeeded } from './guest-page.js';
import { reshapeModel } from './onnx-model.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';

const model = path.resolve(import.meta.dirname, '../public/models/digits.onnx');
const paper = new Uint8Array(28 * 28 * 4);
const digit: PlainTensor = { name: 'image', ty: 'FP32', dimensions: [1, 1, 28, 28], data: paper };

test('each fault of the table gives its guest the right error, and the guest goes on working', async ({
  blank,
  site,
}) => {
  test.setTimeout(180_000);
  const digits = await readFile(model);
  answerFaultily(site, digits);
  const served = faultyModels.map((name) => [name, name === 'unreachable' ? 'http://127.0.0.1:1/x' : `/${name}.onnx`]);
  const strict = { url: '/models/digits.onnx', target: 'gpu', fallback: false } as const;
  const models = { digits: '/models/digits.onnx', strict, ...Object.fromEntries(served) };
  const guests = { probe: 'probe.component.wasm', older: 'probe-08-19.component.wasm', coreModule: 'witx-probe.wasm' };
  await openGuests(blank, guests, { models, limits: { modelBytes } });
  const arena = await prepare(blank, digits);
  const healthy = await inferences(arena);

  for (const { operation, fault, code, errno, text, wit, older, coreModule } of faults) {
    await test.step(`${operation}: ${fault}`, async () => {
      for (const meet of [wit, older]) {
        if (!meet) continue;
        const outcome = await meet(arena);
        expect.soft(outcome, fault).toEqual({ code, text: expect.any(String) });
        for (const piece of text) expect.soft(outcome, fault).toHaveProperty('text', expect.stringContaining(piece));
      }
      if (coreModule) expect.soft(await coreModule(arena), fault).toBe(errno);
    });
  }
  expect(await inferences(arena)).toEqual(healthy);
});

test('a buffer that is too small is left alone, and the guest gets the size that it needs', async ({ blank }) => {
  await openGuests(blank, { coreModule: 'witx-probe.wasm' }, { models: { digits: '/models/digits.onnx' } });
  const coreModule = coreModuleGuest(blank, 'coreModule');
  const { context } = await openContext(coreModule, 'digits');
  const tensor = await placeTensor(coreModule, { dimensions: [1, 1, 28, 28], type: 1, data: paper });
  expect(await coreModule.call('set_input', context, 0, tensor)).toBe(0);
  expect(await coreModule.call('compute', context)).toBe(0);

  const guard = new Uint8Array(64).fill(0xee);
  const buffer = await coreModule.place(guard);
  const written = await coreModule.place(words(0));
  expect(await coreModule.call('get_output', context, 0, buffer, 39, written)).toBe(7);
  expect(await coreModule.readU32(written)).toBe(40);
  expect(await coreModule.read(buffer, 64)).toEqual(guard);
  expect(await coreModule.call('get_output', context, 0, buffer, 40, written)).toBe(0);
  expect((await coreModule.read(buffer, 64)).slice(40)).toEqual(guard.slice(40));
});

function answerFaultily(site: Site, digits: Buffer): void {
  const answers: Readonly<Record<string, [status: number, body: string | Uint8Array, type?: string]>> = {
    gone: [404, 'gone'],
    broken: [500, 'broken'],
    html: [200, '<!doctype html><html></html>', 'text/html'],
    truncated: [200, digits.subarray(0, 5000)],
    empty: [200, ''],
    gguf: [200, 'GGUF\x03\0\0\0'],
    misshapen: [200, reshapeModel()],
  };
  for (const [name, [status, body, type = 'application/octet-stream']] of Object.entries(answers)) {
    site.answer(`/${name}.onnx`, (_, response) => response.writeHead(status, { 'Content-Type': type }).end(body));
  }
}

async function prepare(page: Arena['page'], digits: Uint8Array): Promise<Arena> {
  const coreModule = coreModuleGuest(page, 'coreModule');
  const graph = succeeded(await ask<number>(page, 'probe', 'loadByName', 'digits'));
  const olderGraph = succeeded(await ask<number>(page, 'older', 'loadByName', 'digits'));
  const olderContext = succeeded(await ask<number>(page, 'older', 'initContext', olderGraph));
  const opened = await openContext(coreModule, 'digits');
  return {
    page,
    digits,
    coreModule,
    graph,
    olderContext,
    coreModuleGraph: opened.graph,
    coreModuleContext: opened.context,
  };
}

/** The same inference by each of the guests. */
async function inferences({ page, coreModule, graph, olderContext, coreModuleContext }: Arena): Promise<Uint8Array[]> {
  const [scores] = succeeded(await ask<PlainTensor[]>(page, 'probe', 'compute', graph, [digit], true));
  succeeded(await ask(page, 'older', 'setInput', olderContext, digit));
  succeeded(await ask(page, 'older', 'run', olderContext));
  const older = succeeded(await ask<PlainTensor>(page, 'older', 'getOutput', olderContext, 'scores'));
  const tensor = await placeTensor(coreModule, { dimensions: [1, 1, 28, 28], type: 1, data: paper });
  const buffer = await coreModule.place(new Uint8Array(40));
  const written = await coreModule.place(words(0));
  expect(await coreModule.call('set_input', coreModuleContext, 0, tensor)).toBe(0);
  expect(await coreModule.call('compute', coreModuleContext)).toBe(0);
  expect(await coreModule.call('get_output', coreModuleContext, 0, buffer, 40, written)).toBe(0);
  const bytes = [scores?.data ?? new Uint8Array(), older.data, await coreModule.read(buffer, 40)];
  expect(bytes[1]).toEqual(bytes[0]);
  expect(bytes[2]).toEqual(bytes[0]);
  return bytes;
}
