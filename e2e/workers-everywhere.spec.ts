import type { Waiting } from '../src/index.js';
import { runIn } from './browsers/browser.js';
import { preparePage } from './browsers/case-page.js';
import { expect, test } from './browsers/test.js';
import { moduleOf, serveGuest } from './browsers/text-guest.js';
import { patchWorkers } from './browsers/worker-script.js';
import { identityModel } from './onnx-model.js';
import type { Site } from './site.js';

// The page notices workers that end by themselves, and an engine that takes no messages, while nothing runs on it.

const javascript = { 'Content-Type': 'text/javascript' };

/** Has a worker end itself when the page says so. */
const closesOnCommand = "new BroadcastChannel('close').onmessage = () => self.close()";

/** Has a guest's worker end itself at the first call. The worker loses `close` before guest code runs. */
const closesWhenAsked = `const closeWorker = self.close.bind(self);
addEventListener('message', (event) => {
  if (event.data.method !== 'perform') return;
  event.stopImmediatePropagation();
  closeWorker();
})`;

test('calls of a guest whose worker has ended itself reject, those under way and those that come', async ({
  tab,
  site,
  waiting,
}) => {
  patchWorkers(site, 'guest-worker', closesWhenAsked);
  serveGuest(site, '/empty.wasm', await moduleOf('(func (export "f"))'));
  await tab.open(`${site.origin}/blank.html`);
  const ended = 'WasiNNError: the guest worker failed: it ended by itself';
  expect(await runIn(tab, callClosing, waiting)).toEqual([ended, ended, ended]);
});

async function callClosing(waiting: Waiting): Promise<unknown> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN();
  const { exports, memory } = await nn.instantiate<{ f(): Promise<void> }>('/empty.wasm', { waiting });
  const pending = await Promise.allSettled([exports.f(), memory?.read(0, 1)]);
  const later = await Promise.allSettled([exports.f()]);
  return [...pending, ...later].map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : 'answered'));
}

test('a models worker that has ended itself is replaced', async ({ tab, site, waiting }) => {
  patchWorkers(site, 'models-worker', closesOnCommand);
  site.answer('/stalled', () => undefined);
  site.answer('/identity.onnx', (_, response) => response.end(identityModel('U8')));
  await tab.open(`${site.origin}/blank.html`);
  await runIn(tab, preparePage, { waiting });
  const ended = 'WasiNNError: the models worker failed: it ended by itself';
  expect(await runIn(tab, closeModels, undefined)).toEqual({
    pending: [ended, expect.stringContaining('the models worker failed: it ended by itself')],
    listed: ['no', 'no'],
    loaded: 'number',
  });
});

async function closeModels(): Promise<unknown> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN({ models: { stalled: '/stalled', identity: '/identity.onnx' } });
  const { exports } = await nn.instantiate<{ loadByName(name: string): Promise<number> }>(
    '/guests/probe.component.wasm',
  );
  await nn.models.list();
  const pending = [nn.models.preload('stalled'), exports.loadByName('stalled')];
  const settled = Promise.allSettled(pending);
  // The guest's call has come to the models when the engine has one under way.
  while ((await nn.stats()).calls === 0);
  new BroadcastChannel('close').postMessage('now');
  const reasons = (await settled).map((outcome) =>
    outcome.status === 'rejected' ? String(outcome.reason.payload?.text ?? outcome.reason) : 'answered',
  );
  const listed = (await nn.models.list()).map(({ cached }) => cached);
  return { pending: reasons, listed, loaded: typeof (await exports.loadByName('identity')) };
}

test('a transpiler worker that has ended itself is replaced', async ({ tab, site, waiting }) => {
  patchWorkers(site, 'transpiler-worker', closesOnCommand);
  site.answer('/stalled', () => undefined);
  await tab.open(`${site.origin}/blank.html`);
  expect(await runIn(tab, closeTranspiler, waiting)).toEqual({
    pending: 'WasiNNError: the transpiler worker failed: it ended by itself',
    exitCode: 0,
  });
});

async function closeTranspiler(waiting: Waiting): Promise<unknown> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN();
  const run = () => nn.run('/guests/cat.wasm', { waiting });
  await run();
  const pending = nn.instantiate('/stalled', { waiting }).then(String, String);
  new BroadcastChannel('close').postMessage('now');
  return { pending: await pending, exitCode: (await run()).exitCode };
}

/** A backend that loops without end when the page says so, while nothing is asked of it. Its loop takes no processor time. */
const looping = `
  const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const device = { target: 'cpu', provider: 'javascript', description: 'adds nothing' };
  new BroadcastChannel('loop').onmessage = () => {
    for (;;) Atomics.wait(new Int32Array(buffer), 0, 0);
  };
  const compute = (inputs) => [...inputs];
  const load = () => ({ inputs: 'any', outputs: 'any', device, fallback: [], compute, dispose() {} });
  export default { name: 'looping', encodings: ['ggml'], load };
`;

test('an engine that loops while nothing runs on it costs the next call its time limit, and its guests go on', async ({
  tab,
  site,
  waiting,
}) => {
  site.answer('/looping.js', (_, response) => response.writeHead(200, javascript).end(looping));
  await tab.open(`${site.origin}/blank.html`);
  await runIn(tab, preparePage, { waiting });
  expect(await runIn(tab, loopEngine, waiting)).toEqual({
    answers: ['1,2,3', 'timeout'],
    replacements: [expect.stringContaining('it took more than the 5000 ms that the page allows')],
    after: '1,2,3',
  });
});

async function loopEngine(waiting: Waiting): Promise<unknown> {
  interface Tensor {
    readonly name: string;
    readonly dimensions: Uint32Array;
    readonly ty: string;
    readonly data: Uint8Array;
  }
  interface Probe {
    load(builders: readonly Uint8Array[], encoding: string, target: string): Promise<number>;
    compute(graph: number, inputs: readonly Tensor[], keepContext: boolean): Promise<Tensor[]>;
  }
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN({ limits: { computeMilliseconds: 5000 }, backends: { ggml: '/looping.js' } });
  const replacements: string[] = [];
  nn.addEventListener('replace', ({ detail }) => replacements.push(detail.reason));
  const { exports } = await nn.instantiate<Probe>('/guests/probe.component.wasm', { waiting });
  const graph = await exports.load([new TextEncoder().encode('GGUF\u0003\0\0\0')], 'ggml', 'cpu');
  const compute = async () => {
    const [output] = await exports.compute(graph, [casePage.tensor('x', 'U8', [3], Uint8Array.of(1, 2, 3))], false);
    return output?.data.join();
  };
  const codeOf = (cause: unknown): string => Reflect.get(Object(Reflect.get(Object(cause), 'payload')), 'code');
  const answers = new Set([await compute()]);
  new BroadcastChannel('loop').postMessage('now');
  // The engine answers until the message has come.
  while (replacements.length === 0) answers.add(await compute().catch(codeOf));
  return { answers: [...answers], replacements, after: await compute() };
}

test('wasi-nn runs in a worker of the page', async ({ tab, site, waiting }) => {
  serveWorker(site, waiting);
  await tab.open(`${site.origin}/blank.html`);
  expect(await runIn(tab, askWorker, undefined)).toEqual({
    answer: '1,2,3',
    text: 'meow',
    refused: 'invalid-argument',
  });
});

function serveWorker(site: Site, waiting: Waiting): void {
  const script = `
    import { createWasiNN } from '/lib/wasi-nn-web.js';
    const nn = createWasiNN({ models: { echo: { backend: 'echo' } } });
    const { exports } = await nn.instantiate('guests/probe.component.wasm', { waiting: '${waiting}' });
    const graph = await exports.loadByName('echo');
    const input = { name: 'x', dimensions: Uint32Array.of(3), ty: 'U8', data: Uint8Array.of(1, 2, 3) };
    const [output] = await exports.compute(graph, [input], false);
    const { stdout } = await nn.run('guests/cat.wasm', { stdin: 'meow', waiting: '${waiting}' });
    let refused = 'nothing';
    try { createWasiNN({ models: { m: 5 } }); } catch (cause) { refused = cause.code; }
    postMessage({ answer: output.data.join(), text: /meow/.exec(stdout)?.[0], refused });
  `;
  site.answer('/page-worker.js', (_, response) => response.writeHead(200, javascript).end(script));
}

async function askWorker(): Promise<unknown> {
  const worker = new Worker('/page-worker.js', { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message || 'the worker did not start'));
  });
}
