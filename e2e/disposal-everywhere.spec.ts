import type { Waiting } from '../src/index.js';
import { runIn } from './browsers/browser.js';
import type { ProbeExports } from './browsers/case-page.js';
import { expect, test } from './browsers/test.js';
import { identityModel } from './onnx-model.js';

// What becomes of calls when wasi-nn is disposed of, or the frame is removed in which it was created.

test.beforeEach(async ({ tab, site }) => {
  // Never answered.
  site.answer('/stalled', () => undefined);
  site.answer('/identity.onnx', (_, response) => response.end(identityModel('U8')));
  await tab.open(`${site.origin}/blank.html`);
});

const disposed = 'WasiNNError: wasi-nn has been disposed of on this page: create it again';

const calls = [
  'instantiate',
  'instantiate with a file',
  'run',
  'load',
  'loadByName',
  'preload',
  'list',
  'delete',
  'clear',
  'usage',
  'stats',
  'a call of a guest',
  'a memory of a guest',
  'a graph of the page',
];

test('every call rejects that is under way when wasi-nn is disposed of, or comes later, and nothing starts', async ({
  tab,
  waiting,
}) => {
  const outcome = await runIn(tab, callAndDispose, { waiting, calls });
  // What needs no answer of a worker that is under way may have succeeded before.
  const pending = Object.fromEntries(calls.map((call) => [call, disposed]));
  expect(outcome).toEqual({ pending, later: { ...pending, add: disposed }, workers: 0 });
});

interface Setting {
  readonly waiting: Waiting;
  readonly calls: readonly string[];
}

async function callAndDispose({ waiting, calls }: Setting): Promise<unknown> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN({ models: { stalled: '/stalled', identity: '/identity.onnx' } });
  const guest = await nn.instantiate<ProbeExports>('/guests/probe.component.wasm', { waiting });
  const coreModule = await nn.instantiate('/guests/witx-probe.wasm', { waiting });
  const graph = await nn.loadByName('identity');

  const begin: Record<string, () => unknown> = {
    instantiate: () => nn.instantiate('/stalled', { waiting }),
    'instantiate with a file': () => nn.instantiate('/guests/cat.wasm', { waiting, files: { 'file.txt': '/stalled' } }),
    run: () => nn.run('/guests/loop.wasm', { waiting }),
    load: () => nn.load([new Blob([new Uint8Array(16)])], { encoding: 'onnx' }),
    loadByName: () => nn.loadByName('stalled'),
    preload: () => nn.models.preload('stalled'),
    list: () => nn.models.list(),
    delete: () => nn.models.delete('identity'),
    clear: () => nn.models.clear(),
    usage: () => nn.models.usage(),
    stats: () => nn.stats(),
    'a call of a guest': () => guest.exports.loadByName('stalled'),
    'a memory of a guest': () => coreModule.memory?.read(0, 1),
    'a graph of the page': () => graph.compute({ x: { dimensions: [1], data: Uint8Array.of(1) } }),
  };
  const settle = async (name: string) => {
    try {
      return [name, String((await begin[name]?.()) ?? 'nothing')];
    } catch (cause) {
      return [name, String(cause)];
    }
  };

  const pending = calls.map(settle);
  nn.dispose();
  nn.dispose();
  let workers = 0;
  const NativeWorker = globalThis.Worker;
  globalThis.Worker = class extends NativeWorker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      workers++;
    }
  };
  begin.add = () => nn.models.add({ other: '/other.onnx' });
  const later = [...calls, 'add'].map(settle);
  return {
    pending: Object.fromEntries(await Promise.all(pending)),
    later: Object.fromEntries(await Promise.all(later)),
    workers,
  };
}

test('calls into a frame settle when it is removed', async ({ tab, waiting }) => {
  const gone = 'WasiNNError: the page that wasi-nn was created in is gone';
  expect(await runIn(tab, removeFrame, waiting)).toEqual({
    pending: Array.from({ length: 7 }, () => gone),
    later: [gone, gone, gone],
  });
});

async function removeFrame(waiting: Waiting): Promise<unknown> {
  const frame = document.createElement('iframe');
  frame.src = '/blank.html';
  await new Promise((resolve) => {
    frame.onload = resolve;
    document.body.append(frame);
  });
  const inside: unknown = frame.contentWindow;
  const evaluate: unknown = Reflect.get(Object(inside), 'eval');
  if (typeof evaluate !== 'function') throw new Error('the frame has no window');
  const { createWasiNN }: typeof import('../src/index.js') = await evaluate("import('/lib/wasi-nn-web.js')");
  const nn = createWasiNN({ models: { stalled: '/stalled', identity: '/identity.onnx' } });
  const guest = await nn.instantiate<ProbeExports>('/guests/probe.component.wasm', { waiting });
  const coreModule = await nn.instantiate('/guests/witx-probe.wasm', { waiting });
  const settle = async (call: unknown) => {
    try {
      return String((await call) ?? 'nothing');
    } catch (cause) {
      return String(cause);
    }
  };
  const pending = [
    guest.exports.loadByName('stalled'),
    coreModule.memory?.read(0, 1),
    nn.instantiate('/stalled'),
    nn.run('/guests/loop.wasm'),
    nn.loadByName('stalled'),
    nn.models.preload('stalled'),
    nn.stats(),
  ].map(settle);
  frame.remove();
  const later = [guest.exports.loadByName('identity'), nn.instantiate('/guests/exit.wasm'), nn.models.list()];
  return { pending: await Promise.all(pending), later: await Promise.all(later.map(settle)) };
}
