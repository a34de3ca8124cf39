import { beforeEach, describe, expect, it } from 'vitest';
import type { AvoidedProviders, ProviderAbort } from '../standard/device.js';
import { WasiNNError } from '../standard/error.js';
import type { NamedTensor, TensorInfo, TensorValue } from '../standard/tensor.js';
import type { Device, LoadOptions } from './backend.js';
import { createFallbackGraph, type FallbackGraphOptions, OnlyWasmLeftError } from './fallback-graph.js';
import { DeviceLostError } from './runtime-module.js';
import type { Session, SessionCandidate } from './session.js';

/** Graphs on devices that compute wrong numbers or fail, which no real device does when a test needs it. */

const floats = (...values: readonly number[]): TensorValue => {
  return { type: 'FP32', dimensions: [values.length], data: new Uint8Array(Float32Array.from(values).buffer) };
};
const numbers = ([output]: readonly NamedTensor[]) => [...new Float32Array(output?.[1].data.buffer ?? [])];

let log: string[];
let moves: string[];

beforeEach(() => {
  log = [];
  moves = [];
});

/** Doubles its input, if `compute` does not do something else. */
function candidate(
  provider: 'wasm' | 'webgpu' | 'webnn',
  compute: (x: number) => number = (x) => 2 * x,
  shape: TensorInfo['shape'] = [1],
  name: string = provider,
): SessionCandidate {
  const targets = { wasm: 'cpu', webgpu: 'gpu', webnn: 'tpu' } as const;
  const device: Device = { provider, target: targets[provider], description: 'made up' };
  const session: Session = {
    device,
    inputs: [{ name: 'x', type: 'FP32', shape }],
    outputs: [{ name: 'y', type: 'FP32', shape }],
    async run(inputs) {
      log.push(`run on ${name}`);
      const x = inputs.get('x');
      if (!x || !('data' in x)) throw new Error('there is no input');
      return [['y', floats(...Array.from(new Float32Array(x.data.slice().buffer), compute))]];
    },
    release: async () => {
      log.push(`release on ${name}`);
    },
  };
  return { provider, target: device.target, open: async () => session };
}

const fail = () => {
  throw new Error('refused');
};

function load(candidates: readonly SessionCandidate[], { reference, ...more }: Partial<FallbackGraphOptions> = {}) {
  return createFallbackGraph({
    candidates,
    reference: reference ?? candidate('wasm', undefined, undefined, 'the reference'),
    runtime: 'a runtime',
    modelBytes: 1000,
    loadOptions: {
      target: 'tpu',
      onMove: (steps, device) => moves.push(...steps.map(({ reason }) => reason), device.provider),
    },
    verify: undefined,
    toLoadError: (cause) => new WasiNNError('runtime-error', String(cause)),
    ...more,
  });
}

const wrong = (x: number) => 2 * x + 1;
const given = (...values: readonly number[]) => new Map([['x', floats(...values)]]);

describe('the first computation', () => {
  it('is compared with WebAssembly once, where the device is right', async () => {
    const graph = await load([candidate('webgpu'), candidate('wasm')]);
    expect(numbers(await graph.compute(given(1)))).toEqual([2]);
    expect(numbers(await graph.compute(given(2)))).toEqual([4]);
    expect(log).toEqual(['run on webgpu', 'run on the reference', 'release on the reference', 'run on webgpu']);
    expect(moves).toEqual([]);
  });

  it('answers with the right numbers where the device is wrong, and the graph moves', async () => {
    const graph = await load([candidate('webnn', wrong), candidate('webgpu', wrong), candidate('wasm')]);
    expect(numbers(await graph.compute(given(1)))).toEqual([2]);
    const text = 'it computes other numbers than WebAssembly: output "y" has 3 at position 0, where WebAssembly has 2';
    expect(moves).toEqual([text, text, 'wasm']);
    expect(graph.device.provider).toBe('wasm');
    expect(log.filter((line) => line.startsWith('run'))).toEqual([
      'run on webnn',
      'run on the reference',
      'run on webgpu',
    ]);
    expect(numbers(await graph.compute(given(3)))).toEqual([6]);
  });

  it('moves the graph to the next device that is right', async () => {
    const graph = await load([candidate('webnn', wrong), candidate('webgpu'), candidate('wasm')]);
    expect(numbers(await graph.compute(given(1)))).toEqual([2]);
    expect(graph.device.provider).toBe('webgpu');
    expect(log.filter((line) => line === 'run on the reference')).toHaveLength(1);
  });

  it('counts where WebAssembly cannot compute it', async () => {
    const graph = await load([candidate('webgpu', wrong), candidate('wasm')], { reference: candidate('wasm', fail) });
    expect(numbers(await graph.compute(given(1)))).toEqual([3]);
    expect(graph.device.provider).toBe('webgpu');
  });

  it('fails with both numbers where the page allows no other provider', async () => {
    const graph = await load([candidate('webgpu', wrong)]);
    await expect(graph.compute(given(1))).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringMatching(/no provider but webgpu .* has 3 at position 0, where WebAssembly has 2/),
    });
  });

  it('fails as the device does where inputs fail everywhere, and the next is compared', async () => {
    const refuse = (x: number) => (x < 0 ? fail() : wrong(x));
    const graph = await load([candidate('webgpu', refuse), candidate('wasm', (x) => (x < 0 ? fail() : 2 * x))]);
    await expect(graph.compute(given(-1))).rejects.toThrow('refused');
    expect(graph.device.provider).toBe('webgpu');
    expect(numbers(await graph.compute(given(1)))).toEqual([2]);
    expect(graph.device.provider).toBe('wasm');
  });
});

describe('nothing is compared', () => {
  it.each([
    ['with verify false', { verify: false }],
    ['of a model of more than 64 MiB', { modelBytes: 64 * 2 ** 20 + 1 }],
    ['without a reference', { reference: undefined }],
  ] as const)('%s', async (_what, options) => {
    const candidates = [candidate('webgpu', wrong), candidate('wasm')];
    const reference = candidate('wasm', undefined, undefined, 'the reference');
    const graph = await createFallbackGraph({
      candidates,
      reference,
      runtime: 'a runtime',
      modelBytes: 1000,
      loadOptions: { target: 'gpu' },
      verify: undefined,
      toLoadError: (cause) => new WasiNNError('runtime-error', String(cause)),
      ...options,
    });
    expect(numbers(await graph.compute(given(1)))).toEqual([3]);
    expect(log).toEqual(['run on webgpu']);
  });

  it('when a device has computed for two seconds of WebAssembly', async () => {
    const clock = performance.now;
    let now = 0;
    performance.now = () => now;
    try {
      const slow = candidate('wasm', (x) => 2 * x, ['n'], 'the reference');
      const reference: SessionCandidate = {
        ...slow,
        async open() {
          now += 1500;
          return slow.open(false);
        },
      };
      const onDevice = candidate('webgpu', undefined, ['n']);
      const graph = await load([onDevice, candidate('wasm', undefined, ['n'])], { reference });
      for (const values of [[1], [1, 2], [1, 2, 3]]) await graph.compute(given(...values));
      // The second check ends before WebAssembly runs, and there is no third.
      expect(log.filter((line) => line === 'run on the reference')).toHaveLength(1);
      expect(log.filter((line) => line === 'run on webgpu')).toHaveLength(3);
    } finally {
      performance.now = clock;
    }
  });
});

it('inputs of each new shape are compared, and the graph moves for a later one too', async () => {
  const wrongForTwo: SessionCandidate = candidate('webgpu', (x) => (x > 10 ? wrong(x) : 2 * x), ['n']);
  const graph = await load([wrongForTwo, candidate('wasm', undefined, ['n'])]);
  expect(numbers(await graph.compute(given(1)))).toEqual([2]);
  expect(numbers(await graph.compute(given(2)))).toEqual([4]);
  expect(log.filter((line) => line === 'run on the reference')).toHaveLength(1);
  expect(numbers(await graph.compute(given(1, 20)))).toEqual([2, 40]);
  expect(graph.device.provider).toBe('wasm');
});

it('a computation that fails later fails as before, and the graph stays on its device', async () => {
  const failing = candidate('webgpu', (x) => (x > 10 ? fail() : 2 * x), ['n']);
  const graph = await load([failing, candidate('wasm', undefined, ['n'])]);
  await graph.compute(given(1));
  await expect(graph.compute(given(1, 20))).rejects.toThrow('refused');
  expect(graph.device.provider).toBe('webgpu');
});

describe('on loading', () => {
  it('a device is left that computes wrong numbers', async () => {
    const candidates = [candidate('webgpu', wrong), candidate('wasm')];
    for (const verify of ['load', true] as const) {
      const graph = await load(candidates, { verify });
      expect(graph.device.provider).toBe('wasm');
      expect(graph.fallback[0]?.reason).toContain('it computes other numbers than WebAssembly');
    }
  });

  it('a device is left that fails where WebAssembly does not', async () => {
    const graph = await load([candidate('webgpu', fail), candidate('wasm')], { verify: 'load' });
    expect(graph.device.provider).toBe('wasm');
  });

  it('what is right is not compared again', async () => {
    const graph = await load([candidate('webgpu'), candidate('wasm')], { verify: 'load' });
    await graph.compute(given(1));
    expect(log.filter((line) => line === 'run on the reference')).toHaveLength(1);
  });

  it.each([{ verify: 'load' }, { warmup: true }, { verify: 'load', warmup: true }] as const)(
    'a model that takes no made-up inputs stays, and is compared on the first real ones: %o',
    async ({ verify, warmup = false }: { verify?: 'load'; warmup?: boolean }) => {
      // What is made up lies between -1 and 1.
      const picky = (right: number) => (x: number) => (Math.abs(x) <= 1 ? fail() : right * x);
      const loadOptions = { target: 'gpu', warmup } as const;
      const reference = candidate('wasm', picky(2), undefined, 'the reference');
      const graph = await load([candidate('webgpu', picky(3)), candidate('wasm', picky(2))], {
        reference,
        loadOptions,
        verify,
      });
      expect(graph.device.provider).toBe('webgpu');
      expect(numbers(await graph.compute(given(5)))).toEqual([10]);
      expect(graph.device.provider).toBe('wasm');
      const onCpu = await load([candidate('wasm', picky(2))], { reference, loadOptions, verify });
      expect(numbers(await onCpu.compute(given(5)))).toEqual([10]);
    },
  );
});

describe('where a model makes its runtime abort', () => {
  const abort = () => {
    throw new WebAssembly.RuntimeError('unreachable');
  };

  /** Has another thread take calls over, which avoids some providers. */
  function loadIn(thread: { avoid?: AvoidedProviders; aborts: ProviderAbort[] }, ...candidates: SessionCandidate[]) {
    const { avoid = {}, aborts } = thread;
    const loadOptions: LoadOptions = { target: 'tpu', avoid, onAbort: (abort) => aborts.push(abort) };
    return load([...candidates, candidate('wasm')], { loadOptions });
  }

  const failing = (provider: 'webnn' | 'webgpu', cause: unknown): SessionCandidate => ({
    ...candidate(provider),
    open: () => Promise.reject(cause),
  });

  it('while it is loaded, nothing more is tried in this thread', async () => {
    const aborts: ProviderAbort[] = [];
    const loading = loadIn(
      { aborts },
      failing('webnn', new WebAssembly.RuntimeError('unreachable')),
      candidate('webgpu'),
    );
    await expect(loading).rejects.toThrow('unreachable');
    expect(aborts).toEqual([{ provider: 'webnn', reason: 'a runtime aborted while loading this model on WebNN' }]);
  });

  it('by losing its device, the reason says so', async () => {
    const aborts: ProviderAbort[] = [];
    const loading = loadIn({ aborts }, failing('webgpu', new DeviceLostError('the WebGPU device was lost: gone')));
    await expect(loading).rejects.toThrow('was lost: gone');
    expect(aborts).toMatchObject([{ reason: 'a runtime lost its device while loading this model on WebGPU' }]);
  });

  it('in its first computation, nothing more is tried in this thread', async () => {
    const aborts: ProviderAbort[] = [];
    const graph = await loadIn({ aborts }, candidate('webnn', abort), candidate('webgpu'));
    await expect(graph.compute(given(1))).rejects.toThrow('unreachable');
    expect(aborts).toMatchObject([{ reason: 'a runtime aborted while computing this model on WebNN' }]);
    expect(log).toEqual(['run on webnn']);
  });

  it('in a later computation, that fails, and the model is not blamed', async () => {
    const aborts: ProviderAbort[] = [];
    const graph = await loadIn(
      { aborts },
      candidate('webnn', (x) => (x > 1 ? abort() : 2 * x)),
    );
    await graph.compute(given(1));
    await expect(graph.compute(given(2))).rejects.toThrow('unreachable');
    expect(aborts).toEqual([]);
  });

  it('while it is compared with WebAssembly, the numbers of the device count', async () => {
    const aborts: ProviderAbort[] = [];
    const loadOptions: LoadOptions = { target: 'tpu', onAbort: (abort) => aborts.push(abort) };
    const graph = await load([candidate('webnn')], { loadOptions, reference: candidate('wasm', abort) });
    expect(numbers(await graph.compute(given(1)))).toEqual([2]);
    expect(aborts).toMatchObject([{ provider: 'wasm' }]);
  });

  it('a provider to avoid is not tried, and its reason is the step', async () => {
    const thread = { avoid: { webnn: 'it aborted' }, aborts: [] };
    const graph = await loadIn(thread, failing('webnn', new Error('must not be opened')), candidate('webgpu'));
    expect(graph.fallback).toEqual([{ provider: 'webnn', target: 'tpu', reason: 'it aborted' }]);
    expect(graph.device.provider).toBe('webgpu');
  });

  it('and no other thread can take it over, the graph goes on to what serves in this one', async () => {
    const graph = await load([failing('webnn', new WebAssembly.RuntimeError('unreachable')), candidate('wasm')]);
    expect(graph.device.provider).toBe('wasm');
  });
});

describe('where another thread is to run what only WebAssembly is left for', () => {
  const refused = (provider: 'webnn' | 'webgpu'): SessionCandidate => ({
    ...candidate(provider),
    open: () => Promise.reject(new Error('refused')),
  });
  const steps = [{ provider: 'webnn', target: 'tpu', reason: 'refused' }] as const;

  it('the load ends with what was tried', async () => {
    const loading = load([refused('webnn'), candidate('wasm')], { loadOptions: { target: 'tpu', leavesWasm: true } });
    await expect(loading).rejects.toBeInstanceOf(OnlyWasmLeftError);
    await expect(loading).rejects.toMatchObject({ steps });
  });

  it('a graph that was asked for on WebAssembly is made', async () => {
    const graph = await load([candidate('wasm')], { loadOptions: { target: 'cpu', leavesWasm: true } });
    expect(graph.device.provider).toBe('wasm');
  });

  it('that thread tries nothing else', async () => {
    const graph = await load([candidate('webnn'), candidate('wasm')], { loadOptions: { target: 'tpu', tried: steps } });
    expect(graph.device.provider).toBe('wasm');
    expect(graph.fallback).toEqual(steps);
  });
});
