import type { Page } from '@playwright/test';
import { floats, model, node, tensor, value } from '../src/backends/onnx/model.fixture.js';
import type { ExecutionTarget, Graph, ModelOptions, WasiNN, WasiNNOptions } from '../src/index.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';
import { patchEngine } from './waiting-page.js';

// Where WebNN refuses to build a graph, Chromium has been seen to crash in a process that had used WebNN before. So no other
// test has the process. The tests themselves refuse in a patch, before WebNN is asked.
test.use({ ownProcess: true });

/** Each provider where it serves, where it is not there, refuses, or fails at any step. */

/** y = w x + w: few shaders, since SwiftShader takes seconds to compile those of a convolution. */
const affine = model({
  nodes: [node('Mul', ['x', 'w'], ['product']), node('Add', ['product', 'w'], ['y'])],
  initializers: [tensor({ name: 'w', dims: [4], raw: floats(2, 3, 5, 7) })],
  inputs: [value('x', [4])],
  outputs: [value('y', [4])],
});

interface Case {
  readonly what: string;
  readonly target: ExecutionTarget;
  /** Done in the engine's worker before anything else. */
  readonly patch: string;
  /** The providers that were tried in vain, each with words of the reason. */
  readonly tried: readonly (readonly [provider: string, reason: RegExp])[];
  readonly provider: string;
}

const noWebNN = 'delete WorkerNavigator.prototype.ml';
const noWebGPU = 'delete WorkerNavigator.prototype.gpu';
const rejecting = (
  holder: string,
  method: string,
  error = "new DOMException('refused by the test', 'NotSupportedError')",
) => `${holder}.prototype.${method} = () => Promise.reject(${error})`;
const throwing = (holder: string, method: string) =>
  `${holder}.prototype.${method} = () => { throw new Error('refused by the test') }`;

const refused = /refused by the test/;

const cases: readonly Case[] = [
  { what: 'WebNN', target: 'tpu', patch: '', tried: [], provider: 'webnn' },
  { what: 'WebGPU', target: 'gpu', patch: '', tried: [], provider: 'webgpu' },
  { what: 'WebAssembly', target: 'cpu', patch: '', tried: [], provider: 'wasm' },
  { what: 'no WebNN', target: 'tpu', patch: noWebNN, tried: [['webnn', /no WebNN/]], provider: 'webgpu' },
  {
    what: 'createContext rejects',
    target: 'tpu',
    patch: rejecting('ML', 'createContext'),
    tried: [['webnn', refused]],
    provider: 'webgpu',
  },
  {
    what: 'WebNN builds no graph',
    target: 'tpu',
    patch: rejecting('MLGraphBuilder', 'build'),
    // onnxruntime's module does not survive that: another engine's serves WebGPU.
    tried: [['webnn', /^onnxruntime aborted while loading this model on WebNN/]],
    provider: 'webgpu',
  },
  {
    what: "WebNN's first run fails",
    target: 'tpu',
    patch: throwing('MLContext', 'dispatch'),
    tried: [['webnn', /^onnxruntime aborted while computing this model on WebNN$/]],
    provider: 'webgpu',
  },
  { what: 'no WebGPU', target: 'gpu', patch: noWebGPU, tried: [['webgpu', /no WebGPU/]], provider: 'wasm' },
  {
    what: 'requestAdapter finds none',
    target: 'gpu',
    patch: 'GPU.prototype.requestAdapter = async () => null',
    tried: [['webgpu', /no adapter/]],
    provider: 'wasm',
  },
  {
    what: 'requestAdapter rejects',
    target: 'gpu',
    patch: rejecting('GPU', 'requestAdapter'),
    tried: [['webgpu', refused]],
    provider: 'wasm',
  },
  {
    what: 'requestDevice rejects',
    target: 'gpu',
    patch: rejecting('GPUAdapter', 'requestDevice'),
    tried: [['webgpu', refused]],
    provider: 'wasm',
  },
  {
    what: 'WebGPU takes no weights',
    target: 'gpu',
    patch: throwing('GPUDevice', 'createBuffer'),
    tried: [['webgpu', /./]],
    provider: 'wasm',
  },
  {
    what: "WebGPU's first run fails",
    target: 'gpu',
    patch: `${throwing('GPUDevice', 'createComputePipeline')}; ${rejecting('GPUDevice', 'createComputePipelineAsync')}`,
    tried: [['webgpu', /./]],
    provider: 'wasm',
  },
  {
    what: 'neither WebNN nor WebGPU',
    target: 'tpu',
    patch: `${noWebNN}; ${noWebGPU}`,
    tried: [
      ['webnn', /no WebNN/],
      ['webgpu', /no WebGPU/],
    ],
    provider: 'wasm',
  },
  {
    what: 'the build for accelerators cannot be started',
    target: 'gpu',
    patch: `{
      const fail = () => Promise.reject(new Error('refused by the test'));
      const { instantiate, instantiateStreaming } = WebAssembly;
      WebAssembly.instantiateStreaming = async (source, imports) => {
        const response = await source;
        if (!response.url.includes('jspi')) return instantiateStreaming(response, imports);
        // The second time from bytes that are there whole.
        WebAssembly.instantiate = () => {
          Object.assign(WebAssembly, { instantiate, instantiateStreaming });
          return fail();
        };
        return fail();
      };
    }`,
    tried: [['webgpu', /./]],
    provider: 'wasm',
  },
];

for (const target of ['gpu', 'tpu'] as const) {
  test(`a graph for ${target} runs on the provider that is there`, async ({ page, site }) => {
    await openPage(page, site);
    for (const one of cases.filter((candidate) => candidate.target === target)) {
      await test.step(`${one.what}: it runs on ${one.provider}`, () => expectProvider(page, site, one));
    }
  });
}

async function expectProvider(page: Page, site: Site, { target, patch, tried, provider }: Case): Promise<void> {
  patchEngine(site, patch);
  await start(page, target);
  const { events, outputs, expected } = await compute(page);
  expect(outputs).toEqual(expected);
  const steps = events.flatMap((event) => event.steps ?? []);
  for (const [index, step] of steps.entries()) {
    // Both kinds of WebNN devices stand for one provider here.
    const [wanted, reason] = tried.find(([name]) => name === step.provider) ?? [];
    expect([index, step.provider]).toEqual([index, wanted]);
    expect(step.reason).toMatch(reason ?? /^$/);
  }
  expect([...new Set(steps.map((step) => step.provider))]).toEqual(tried.map(([name]) => name));
  expect(events.at(-1)?.device.provider).toBe(provider);
}

test('a graph for cpu runs on WebAssembly', async ({ page, site }) => {
  await openPage(page, site);
  for (const one of cases.filter(({ target }) => target === 'cpu')) {
    await test.step(one.what, () => expectProvider(page, site, one));
  }
  await test.step('where WebAssembly cannot be loaded the guest gets an error, and later a graph', async () => {
    const build = '**/assets/ort-wasm-simd-threaded.wasm';
    await page.route(build, (route) => route.abort());
    await start(page, 'cpu');
    const failure = await compute(page).catch(String);
    expect(failure).toContain('WasiNNError: load-by-name: model "affine": load: onnxruntime cannot load the model');
    await page.unroute(build);
    const { outputs, expected, events } = await compute(page);
    expect(outputs).toEqual(expected);
    expect(events).toMatchObject([{ device: { provider: 'wasm' } }]);
  });
});

const wrongNumbers = `{
  const { readTensor } = MLContext.prototype;
  MLContext.prototype.readTensor = async function (tensor, into) {
    const answer = await readTensor.call(this, ...(into ? [tensor, into] : [tensor]));
    const buffer = into ?? answer;
    new Float32Array(ArrayBuffer.isView(buffer) ? buffer.buffer : buffer, buffer.byteOffset ?? 0, 1)[0] += 100;
    return answer;
  };
}`;

test('a device that computes wrong is left, and one that computes right is kept', async ({ page, site }) => {
  await openPage(page, site);
  // The first input is 1, the first that is made up is 0.
  for (const [when, entry, right] of [
    ['computes first', {}, 4],
    ['is loaded', { verify: 'load' }, 2],
  ] as const) {
    await test.step(`wrong numbers when a graph ${when}`, async () => {
      patchEngine(site, wrongNumbers);
      await start(page, 'tpu', { entry });
      const { outputs, expected, events } = await compute(page);
      expect(outputs).toEqual(expected);
      expect(events.at(-1)?.device.provider).toBe('webgpu');
      const reasons = events.flatMap(({ steps = [] }) => steps.map(({ reason }) => reason));
      expect(reasons[0]).toBe(
        `it computes other numbers than WebAssembly: output "y" has ${right + 100} at position 0, where WebAssembly has ${right}`,
      );
    });
  }
  for (const [target, provider] of [
    ['tpu', 'webnn'],
    ['gpu', 'webgpu'],
  ] as const) {
    await test.step(`right numbers (${target})`, async () => {
      patchEngine(site, '');
      await start(page, target, { entry: { verify: true, warmup: true } });
      const { outputs, expected, events } = await compute(page);
      expect(outputs).toEqual(expected);
      expect(events).toMatchObject([{ device: { provider } }]);
    });
  }
  await test.step('operators that only WebAssembly has', () => expectOperatorsElsewhere(page));
});

async function expectOperatorsElsewhere(page: Page): Promise<void> {
  const domain = 'ai.onnx.ml';
  const binarizer = model({ nodes: [node('Binarizer', ['x'], ['y'], { domain })] }, [], domain);
  const outcome = await page.evaluate(
    async (bytes) => {
      const nn = providersPage.start({ allowSoftwareAdapter: true });
      const seen: unknown[] = [];
      for (const target of ['gpu', 'tpu'] as const) {
        const graph = await nn.load([Uint8Array.from(bytes)], { target });
        const { y } = await graph.compute({ x: { dimensions: [2], data: Float32Array.of(-1, 2) } });
        seen.push([graph.device.provider, ...(y?.data ?? [])]);
      }
      return seen;
    },
    [...binarizer],
  );
  expect(outcome).toEqual([
    ['wasm', 0, 1],
    ['wasm', 0, 1],
  ]);
}

/** Keeps what `method` of `holder` opens, and destroys it when a channel says so. */
const losable = (holder: string, method: string) => `{
  const open = ${holder}.prototype.${method};
  ${holder}.prototype.${method} = async function (...values) {
    const opened = await open.apply(this, values);
    new BroadcastChannel('lose').onmessage = () => opened.destroy();
    return opened;
  };
}`;

const failThirdRun = `{
  const { dispatch } = MLContext.prototype;
  let runs = 0;
  MLContext.prototype.dispatch = function (...values) {
    if (++runs === 3) throw new Error('refused by the test');
    return dispatch.apply(this, values);
  };
}`;

test('a device that is lost is followed by another', async ({ page, site }) => {
  await openPage(page, site);
  for (const [what, target, provider, patch] of [
    ['WebGPU device', 'gpu', 'webgpu', losable('GPUAdapter', 'requestDevice')],
    ['WebNN context', 'tpu', 'webnn', losable('ML', 'createContext')],
  ] as const) {
    await test.step(`a ${what} that is lost between two computations`, async () => {
      patchEngine(site, patch);
      await start(page, target);
      const before = await compute(page);
      const reason = await page.evaluate(
        () =>
          new Promise((resolve) => {
            providersPage.nn.addEventListener('replace', ({ detail }) => resolve(detail.reason));
            new BroadcastChannel('lose').postMessage('now');
          }),
      );
      expect(reason).toContain(`the ${what} was lost`);
      const after = await compute(page);
      expect(after.outputs).toEqual(before.expected);
      expect(after.events).toMatchObject([{ device: { provider } }]);
    });
  }
  await test.step('a computation that breaks the module fails with the cause, and the next succeeds', async () => {
    patchEngine(site, failThirdRun, { times: 2 });
    await start(page, 'tpu');
    await compute(page);
    const failure = await compute(page).catch(String);
    expect(failure).toContain('WasiNNError: compute: onnxruntime failed');
    const { outputs, expected, events } = await compute(page);
    expect(outputs).toEqual(expected);
    expect(events.at(-1)?.device.provider).toBe('webnn');
  });
});

test('without fallback a guest gets the error of what is not there', async ({ page, site }) => {
  await openPage(page, site);
  for (const [code, patch] of [
    ['unsupported-operation', noWebGPU],
    ['unsupported-operation', 'GPU.prototype.requestAdapter = async () => null'],
    ['security', rejecting('GPU', 'requestAdapter', "new DOMException('refused by the test', 'NotAllowedError')")],
  ] as const) {
    await test.step(`${code} (${patch.slice(0, 40)})`, async () => {
      patchEngine(site, patch);
      await start(page, 'gpu', { fallback: false });
      const outcome = await page.evaluate(async () => {
        const { nn } = providersPage;
        const failure = await nn.loadByName('affine').catch((cause) => cause.code);
        return { failure, device: (await nn.loadByName('plain')).device };
      });
      expect(outcome).toMatchObject({ failure: code, device: { provider: 'wasm' } });
    });
  }
});

interface PlainEvent {
  readonly steps?: readonly { readonly provider: string; readonly reason: string }[];
  readonly device: { readonly provider: string };
}

interface ProvidersPage {
  /** What was started last. */
  readonly nn: WasiNN;
  start(options: WasiNNOptions): WasiNN;
}

declare global {
  var providersPage: ProvidersPage;
}

async function openPage(page: Page, site: Site): Promise<void> {
  site.answer('/affine.onnx', (_, response) => response.end(affine));
  await page.goto(`${site.origin}/blank.html`);
  await page.evaluate(async () => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const living: WasiNN[] = [];
    globalThis.providersPage = {
      get nn() {
        const [last] = living.slice(-1);
        if (!last) throw new Error('nothing was started');
        return last;
      },
      start(options) {
        const nn = createWasiNN(options);
        living.push(nn);
        // The one before lives on meanwhile: V8 keeps what it has compiled while somebody has it.
        if (living.length > 2) living.shift()?.dispose();
        return nn;
      },
    };
  });
}

interface StartOptions {
  readonly fallback?: boolean;
  /** What the registry says of the model beside its address and target. */
  readonly entry?: Pick<ModelOptions, 'warmup' | 'verify'>;
}

/** Starts wasi-nn, with engines of its own, which knows the model as `affine` for a target and as `plain` for the CPU. */
async function start(
  page: Page,
  target: ExecutionTarget,
  { fallback = true, entry = {} }: StartOptions = {},
): Promise<void> {
  await page.evaluate(
    ({ target, fallback, entry }) => {
      const url = '/affine.onnx';
      const models = { affine: { url, target, ...entry }, plain: url };
      providersPage.start({ models, allowSoftwareAdapter: true, fallback });
    },
    { target, fallback, entry },
  );
}

/** Computes on the model twice, and once on the CPU. */
function compute(page: Page) {
  return page.evaluate(async () => {
    const { nn } = providersPage;
    const events: PlainEvent[] = [];
    for (const type of ['load', 'fallback'] as const)
      nn.addEventListener(type, ({ detail }) => detail.name === 'affine' && events.push(detail));
    const x = { dimensions: [4], data: Float32Array.of(1, -2, 3, 0.5) };
    const run = async (graph: Graph) => {
      const [y] = Object.values(await graph.compute({ x }));
      return Array.from(y?.data ?? [], Number);
    };
    const affine = await nn.loadByName('affine');
    const outputs = [await run(affine), await run(affine)];
    const expected = await run(await nn.loadByName('plain'));
    return { events, outputs, expected: [expected, expected] };
  });
}
