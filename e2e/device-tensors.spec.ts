import type { Page } from '@playwright/test';
import { constant, model, node, tensor as tensorOf, value } from '../src/backends/onnx/model.fixture.js';
import type { Limits, Waiting } from '../src/index.js';
import { coreModuleGuest, openContext, placeTensor } from './core-module-page.js';
import { ask, openGuests, type PlainTensor } from './guest-page.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';
import { patchEngine } from './waiting-page.js';

/** Outputs that stay on the device that computed them, until their bytes are asked for. */

/** Of four numbers twice as much. */
const double = model({
  nodes: [node('Add', ['x', 'x'], ['y'])],
  inputs: [value('x', [4])],
  outputs: [value('y', [4])],
});

/** Of four numbers twice as much, where the greatest is, and an FP64, which onnxruntime keeps on no device. */
const mixed = model({
  nodes: [
    node('Add', ['x', 'x'], ['y']),
    node('ArgMax', ['x'], ['place']),
    constant('wide', tensorOf({ name: 'wide', dims: [1], type: 11, raw: new Uint8Array(Float64Array.of(0.5).buffer) })),
  ],
  inputs: [value('x', [4])],
  outputs: [value('y', [4]), value('place', [1], 7), value('wide', [1], 11)],
});

/** Of any number of numbers twice as much. */
const anyLength = model({
  nodes: [node('Add', ['x', 'x'], ['y'])],
  inputs: [value('x', ['n'])],
  outputs: [value('y', ['n'])],
});

interface Accelerator {
  readonly target: 'gpu' | 'tpu';
  readonly provider: string;
  /** Counts in the worker of the engine that has the device how often something is read from it, and answers a page that asks. */
  readonly countReads: string;
}

type Method = readonly [holder: string, method: string];

const counting = ([opener, open]: Method, [holder, method]: Method) => `{
  new BroadcastChannel('end').onmessage = () => close();
  const read = ${holder}.prototype.${method};
  const open = ${opener}.prototype.${open};
  const channel = new BroadcastChannel('device reads');
  let reads = 0;
  ${opener}.prototype.${open} = function (...values) {
    channel.onmessage = () => channel.postMessage(reads);
    return open.apply(this, values);
  };
  ${holder}.prototype.${method} = function (...values) {
    reads++;
    return read.apply(this, values);
  };
}`;

const accelerators: readonly Accelerator[] = [
  {
    target: 'gpu',
    provider: 'webgpu',
    countReads: counting(['GPUAdapter', 'requestDevice'], ['GPUBuffer', 'mapAsync']),
  },
  {
    target: 'tpu',
    provider: 'webnn',
    countReads: counting(['ML', 'createContext'], ['MLContext', 'readTensor']),
  },
];

const guests = { probe: 'probe.component.wasm', older: 'probe-08-19.component.wasm', core: 'witx-probe.wasm' };

interface OpenOptions {
  /** Which of the guests are started. Default: the probe. */
  readonly started?: readonly (keyof typeof guests)[];
  readonly waiting?: Waiting;
  readonly limits?: Partial<Limits>;
}

async function open(
  page: Page,
  site: Site,
  { target, countReads }: Accelerator,
  { started = ['probe'], waiting, limits }: OpenOptions = {},
) {
  patchEngine(site, countReads);
  site.answer('/double.onnx', (_, response) => response.end(double));
  site.answer('/any-length.onnx', (_, response) => response.end(anyLength));
  site.answer('/mixed.onnx', (_, response) => response.end(mixed));
  await page.goto(`${site.origin}/blank.html`);
  const models = {
    // The comparison with WebAssembly reads tensors, which is counted here.
    staying: { url: '/double.onnx', target, outputs: 'device', verify: false },
    fetched: { url: '/double.onnx', target },
    'on-cpu': { url: '/double.onnx' },
    'any-length': { url: '/any-length.onnx', target, outputs: 'device' },
    mixed: { url: '/mixed.onnx', target, outputs: 'device' },
  } as const;
  const files = Object.fromEntries(started.map((guest) => [guest, guests[guest]]));
  await openGuests(page, files, { models, allowSoftwareAdapter: true, ...(limits ? { limits } : {}) }, waiting);
}

/** How often something has been read from the device. */
function countReads(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const channel = new BroadcastChannel('device reads');
        channel.onmessage = ({ data }) => {
          channel.close();
          resolve(data);
        };
        channel.postMessage('how many?');
      }),
  );
}

const deviceBytes = (page: Page) => page.evaluate(async () => (await guestPage.nn.stats()).deviceBytes);

const one = tensor(1, 2, 3, 4);

function tensor(...numbers: number[]): PlainTensor {
  const data = new Uint8Array(Float32Array.from(numbers).buffer);
  return { name: 'x', dimensions: [numbers.length], ty: 'FP32', data };
}

function numbersOf(tensor: PlainTensor | undefined): number[] {
  return [...new Float32Array(Uint8Array.from(tensor?.data ?? []).buffer)];
}

async function load(page: Page, guest: string, name: string): Promise<number> {
  const outcome = await ask<number>(page, guest, 'loadByName', name);
  if (!('ok' in outcome)) throw new Error(`${name} could not be loaded: ${outcome.text}`);
  return outcome.ok;
}

async function chain(page: Page, graphs: readonly number[], read: readonly number[]): Promise<number[][]> {
  const outcome = await ask<PlainTensor[]>(page, 'probe', 'computeChain', graphs, [one], read);
  if (!('ok' in outcome)) throw new Error(`${outcome.code}: ${outcome.text}`);
  return outcome.ok.map(numbersOf);
}

async function expectNoReadsBetween(page: Page, { provider }: Accelerator): Promise<void> {
  const staying = await load(page, 'probe', 'staying');
  const fetched = await load(page, 'probe', 'fetched');
  expect(await chain(page, [fetched, fetched, fetched], [0])).toEqual([[8, 16, 24, 32]]);
  expect(await countReads(page)).toBe(3);
  expect(await chain(page, [staying, staying, staying], [0])).toEqual([[8, 16, 24, 32]]);
  expect(await countReads(page)).toBe(4);
  // The last graph's outputs come as bytes.
  expect(await chain(page, [staying, staying, fetched], [0])).toEqual([[8, 16, 24, 32]]);
  expect(await countReads(page)).toBe(5);
  // Nobody asks for the bytes at all.
  expect(await chain(page, [staying, staying], [])).toEqual([]);
  expect(await countReads(page)).toBe(5);
  await expect.poll(() => deviceBytes(page)).toBe(0);
  expect(await page.evaluate(() => guestPage.events)).toMatchObject([
    { device: { provider } },
    { device: { provider } },
  ]);
}

async function expectReadsForAnotherDevice(page: Page): Promise<void> {
  const before = await countReads(page);
  const staying = await load(page, 'probe', 'staying');
  const onCpu = await load(page, 'probe', 'on-cpu');
  expect(await chain(page, [staying, onCpu, staying], [0])).toEqual([[8, 16, 24, 32]]);
  expect(await countReads(page)).toBe(before + 2);
  await expect.poll(() => deviceBytes(page)).toBe(0);
}

async function expectReadsOfOlderGuests(page: Page): Promise<void> {
  const before = await countReads(page);
  const graph = await load(page, 'older', 'staying');
  const compute = async (input: PlainTensor, outputs: readonly string[]) => {
    const outcome = await ask<PlainTensor[]>(page, 'older', 'compute', graph, [input], outputs, true);
    return 'ok' in outcome ? outcome.ok.map(numbersOf) : outcome;
  };
  // What is got twice is read once.
  expect(await compute(one, ['y', '0'])).toEqual([
    [2, 4, 6, 8],
    [2, 4, 6, 8],
  ]);
  expect(await countReads(page)).toBe(before + 1);
  expect(await compute(tensor(5, 6, 7, 8), ['y'])).toEqual([[10, 12, 14, 16]]);

  const core = coreModuleGuest(page, 'core');
  const { context } = await openContext(core, 'staying');
  const input = await placeTensor(core, { dimensions: [4], type: 1, data: one.data });
  expect(await core.call('set_input', context, 0, input)).toBe(0);
  const readsBefore = await countReads(page);
  expect(await core.call('compute', context)).toBe(0);
  expect(await countReads(page)).toBe(readsBefore);
  const [place, size] = [await core.place(new Uint8Array(16)), await core.place(new Uint8Array(4))];
  expect(await core.call('get_output', context, 0, place, 8, size)).toBe(7);
  expect(await core.call('get_output', context, 0, place, 16, size)).toBe(0);
  expect([...new Float32Array((await core.read(place, 16)).buffer)]).toEqual([2, 4, 6, 8]);
  expect(await countReads(page)).toBe(readsBefore + 1);
}

async function expectPageGoesOn(page: Page): Promise<void> {
  const outcome = await page.evaluate(async () => {
    const { nn } = guestPage;
    const [staying, onCpu] = [await nn.loadByName('staying'), await nn.loadByName('on-cpu')];
    const x = { dimensions: [4], data: Float32Array.of(1, 2, 3, 4) };
    const bytesNow = async () => (await nn.stats()).deviceBytes;
    const { y: first } = await staying.compute({ x }, { outputs: 'device' });
    if (!first) throw new Error('there is no output y');
    const bytes = [await bytesNow()];
    const { y: second } = await staying.compute({ x: first });
    const { y: third } = await onCpu.compute({ x: first });
    bytes.push(await bytesNow());
    await staying.dispose();
    const read = await first.read();
    first.dispose();
    first.dispose();
    const { y: fourth } = await onCpu.compute({ x }, { outputs: 'device' });
    const { y: fifth } = await onCpu.compute(fourth ? { x: fourth } : {});
    bytes.push(await bytesNow());
    const shape = { dimensions: first.dimensions, type: first.type };
    return { numbers: [second, third, read, fifth].map((output) => [...(output?.data ?? [])]), shape, bytes };
  });
  expect(outcome).toEqual({
    numbers: [
      [4, 8, 12, 16],
      [4, 8, 12, 16],
      [2, 4, 6, 8],
      [4, 8, 12, 16],
    ],
    shape: { dimensions: [4], type: 'FP32' },
    bytes: [16, 16, 0],
  });
}

async function expectOutputsOutlive(page: Page, { provider }: Accelerator): Promise<void> {
  const outcome = await page.evaluate(async () => {
    const { nn } = guestPage;
    const graph = await nn.loadByName('any-length');
    const outputs = [];
    // More shapes than sessions are kept for.
    for (const length of [1, 2, 3, 4, 5, 6]) {
      const x = { dimensions: [length], data: new Float32Array(length).fill(length) };
      const { y } = await graph.compute({ x }, { outputs: 'device' });
      if (y) outputs.push(y);
    }
    const [first] = outputs;
    const again = await graph.compute(first ? { x: first } : {});
    await graph.dispose();
    const sums = await Promise.all(
      outputs.map(async (output) => Array.from((await output.read()).data, Number).reduce((sum, one) => sum + one)),
    );
    for (const output of outputs) output.dispose();
    return { sums, again: Array.from(again.y?.data ?? [], Number), device: graph.device.provider };
  });
  expect(outcome).toEqual({ sums: [2, 8, 18, 32, 50, 72], again: [4], device: provider });
  await expect.poll(() => deviceBytes(page)).toBe(0);
}

async function expectOthersStay(page: Page, { provider }: Accelerator, bytes: number): Promise<void> {
  const outcome = await page.evaluate(async () => {
    const { nn, events } = guestPage;
    events.length = 0;
    const mixed = await nn.loadByName('mixed');
    const x = { dimensions: [4], data: Float32Array.of(1, 2, 3, 4) };
    const outputs = await mixed.compute({ x }, { outputs: 'device' });
    const bytes = (await nn.stats()).deviceBytes;
    const numbers = await Promise.all(Object.values(outputs).map(async (output) => [...(await output.read()).data]));
    const { provider } = mixed.device;
    for (const output of Object.values(outputs)) output.dispose();
    return { names: Object.keys(outputs), bytes, numbers: numbers.map((list) => list.map(Number)), provider, events };
  });
  expect(outcome).toEqual({
    events: [expect.objectContaining({ type: 'load' })],
    names: ['y', 'place', 'wide'],
    bytes,
    numbers: [[2, 4, 6, 8], [3], [0.5]],
    provider,
  });
}

async function expectGoneGuestGivesBack(page: Page): Promise<void> {
  const graph = await load(page, 'older', 'staying');
  // The context is kept, and its output with it.
  await ask(page, 'older', 'compute', graph, [one], [], true);
  const core = coreModuleGuest(page, 'core');
  const { context } = await openContext(core, 'staying');
  await core.call('set_input', context, 0, await placeTensor(core, { dimensions: [4], type: 1, data: one.data }));
  await core.call('compute', context);
  expect(await deviceBytes(page)).toBe(32);
  await page.evaluate(() => {
    for (const guest of Object.values(guestPage.guests)) guest.dispose();
  });
  await expect.poll(() => deviceBytes(page)).toBe(0);
}

for (const accelerator of accelerators) {
  const { provider } = accelerator;

  test(`outputs stay on the device until their bytes are asked for (${provider})`, async ({ page, site }) => {
    await open(page, site, accelerator, { started: ['probe', 'older', 'core'], waiting: 'block' });
    await test.step('a guest that goes on with outputs as they are reads nothing in between', async () => {
      await expectNoReadsBetween(page, accelerator);
    });
    await test.step('a graph on another device gets the bytes', () => expectReadsForAnotherDevice(page));
    await test.step('guests of the older interfaces read what they get', () => expectReadsOfOlderGuests(page));
    await test.step('the page goes on with outputs as they are', () => expectPageGoesOn(page));
    await test.step('outputs outlive what computed them: a graph, and on WebNN one shape', async () => {
      await expectOutputsOutlive(page, accelerator);
    });
    await test.step('outputs of a type that the device cannot keep come as bytes, and the others stay', async () => {
      await expectOthersStay(page, accelerator, 24);
    });
    await test.step('a guest that goes gives back what it has there', () => expectGoneGuestGivesBack(page));
  });

  test(`outputs stay on the device for a guest that is suspended (${provider})`, async ({ page, site }) => {
    await open(page, site, accelerator, { started: ['probe', 'older', 'core'], waiting: 'suspend' });
    await expectNoReadsBetween(page, accelerator);
    await expectReadsForAnotherDevice(page);
    await expectReadsOfOlderGuests(page);
  });

  test(`what leaves no room on the device comes as bytes (${provider})`, async ({ page, site }) => {
    await open(page, site, accelerator, { limits: { deviceBytes: 15 } });
    const staying = await load(page, 'probe', 'staying');
    expect(await chain(page, [staying, staying], [0])).toEqual([[4, 8, 12, 16]]);
    expect(await countReads(page)).toBe(2);
    await expect.poll(() => deviceBytes(page)).toBe(0);
  });

  test(`what was on the device of an engine that is gone is lost, and its use fails with that reason (${provider})`, async ({
    page,
    site,
  }) => {
    await open(page, site, accelerator);
    const outcome = await page.evaluate(async () => {
      const { nn } = guestPage;
      const staying = await nn.loadByName('staying');
      const x = { dimensions: [4], data: Float32Array.of(1, 2, 3, 4) };
      const { y } = await staying.compute({ x }, { outputs: 'device' });
      const replaced = new Promise<void>((resolve) => {
        nn.addEventListener('replace', ({ detail }) => detail.engine === 'accelerator' && resolve());
      });
      new BroadcastChannel('end').postMessage('now');
      await replaced;
      const failures = [y?.read(), staying.compute(y ? { x: y } : {})].map((answer) => answer?.catch(String));
      const { y: again } = await staying.compute({ x });
      return { failures: await Promise.all(failures), again: [...(again?.data ?? [])] };
    });
    const lost = expect.stringContaining('a tensor that had stayed on a device is lost');
    expect(outcome).toEqual({ failures: [lost, lost], again: [2, 4, 6, 8] });
  });
}

test('a guest that was suspended before anything could stay on a device gets bytes', async ({ page, site }) => {
  const [, webnn] = accelerators;
  if (!webnn) throw new Error('there is no WebNN in this test');
  patchEngine(site, webnn.countReads);
  site.answer('/double.onnx', (_, response) => response.end(double));
  await page.goto(`${site.origin}/blank.html`);
  await openGuests(page, { probe: guests.probe }, { models: {} }, 'suspend');
  await page.evaluate(() => {
    guestPage.nn.models.add({ staying: { url: '/double.onnx', target: 'tpu', outputs: 'device' } });
  });
  const staying = await load(page, 'probe', 'staying');
  expect(await chain(page, [staying, staying], [0])).toEqual([[4, 8, 12, 16]]);
  expect(await countReads(page)).toBe(2);
  await expect.poll(() => deviceBytes(page)).toBe(0);
});

/** A context that has no int64, as those of some systems. */
const withoutLongs = `{
  const limitsOf = MLContext.prototype.opSupportLimits;
  MLContext.prototype.opSupportLimits = function () {
    const limits = limitsOf.call(this);
    const without = (types) => types.filter((type) => type !== 'int64');
    limits.input.dataTypes = without(limits.input.dataTypes);
    limits.output.dataTypes = without(limits.output.dataTypes);
    return limits;
  };
}`;

test('outputs of a type that a device of WebNN cannot keep come as bytes, and the others stay', async ({
  page,
  site,
}) => {
  const [, webnn] = accelerators;
  if (!webnn) throw new Error('there is no WebNN in this test');
  await open(page, site, { ...webnn, countReads: withoutLongs });
  await expectOthersStay(page, webnn, 16);
});
