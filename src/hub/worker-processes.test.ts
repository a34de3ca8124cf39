import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { toRegistryOptions } from '../models/registry.js';
import { WasiNNError } from '../standard/error.js';
import { engineWorkerStarter, startEngineProcess } from './engine-process.js';
import { createModelsProcess } from './models-process.js';

/** How the hub starts its workers, and detects that one of them has ended. */

/** A worker that never runs: the test answers for it. */
class FakeWorker {
  static readonly all: FakeWorker[] = [];
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;
  isTerminated = false;
  readonly requests: { readonly request?: number; readonly method: string; readonly parameters: unknown }[] = [];

  constructor() {
    FakeWorker.all.push(this);
  }

  postMessage(message: FakeWorker['requests'][number]): void {
    this.requests.push(message);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  /** Answers the request that came last. */
  answer(result: unknown): void {
    this.onmessage?.({ data: { response: this.requests.at(-1)?.request, result } });
  }

  fail(message: string): void {
    this.onerror?.({ message, preventDefault: () => undefined });
  }
}

beforeEach(() => {
  FakeWorker.all.length = 0;
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('location', new URL('https://page.example/'));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
});

/** The worker that was started last. */
function worker(): FakeWorker {
  const last = FakeWorker.all.at(-1);
  if (!last) throw new Error('no worker was started');
  return last;
}

const settle = () => new Promise(setImmediate);

describe('an engine worker', () => {
  function start() {
    const configuration = {
      allowSoftwareAdapter: false,
      threads: undefined,
      powerPreference: 'high-performance' as const,
      verify: 'first' as const,
      backends: new Map(),
    };
    return startEngineProcess(engineWorkerStarter({ configuration, startMilliseconds: 800 }), {});
  }

  it('is called once it has said that it has started', async () => {
    const engine = start();
    const request = engine.request('unload', 3, { limit: 100 });
    await settle();
    expect(worker().requests).toMatchObject([{ method: 'configure', parameters: { allowSoftwareAdapter: false } }]);
    worker().answer(undefined);
    await settle();
    expect(worker().requests[1]).toMatchObject({ method: 'call', parameters: ['unload', 3] });
    worker().answer({ result: 'done', heapBytes: 5, milliseconds: 1 });
    expect([await request, engine.status().heapBytes]).toEqual(['done', 5]);
    vi.runAllTimers();
    expect([engine.ended.aborted, worker().isTerminated]).toEqual([false, false]);
  });

  it.each([
    ['does not start in time', () => vi.runAllTimers(), 'it did not start in 800 ms'],
    ['has no script', () => worker().fail(''), 'its script could not be loaded'],
    ['crashes', () => worker().fail('out of memory'), 'the engine worker failed: out of memory'],
  ])('that %s ends, and fails its request', async (_what, end, message) => {
    const engine = start();
    const failing = expect(engine.request('unload', 3, { limit: 100 })).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining(message),
    });
    end();
    await failing;
    expect([engine.ended.aborted, worker().isTerminated]).toEqual([true, true]);
  });

  it('that gives an answer of the wrong kind fails its request', async () => {
    const engine = start();
    worker().answer(undefined);
    const request = engine.request('unload', 3, { limit: 100 });
    await settle();
    worker().answer('done');
    await expect(request).rejects.toThrow('wrong kind');
  });
});

describe('the models worker', () => {
  const registryOf = (name: string) =>
    toRegistryOptions({ [name]: 'https://page.example/m' }, [], 'https://page.example/');

  function open() {
    const onEvent = vi.fn();
    const configuration = { registry: registryOf('m'), budget: 0 };
    return { onEvent, models: createModelsProcess({ configuration, startMilliseconds: 800, onEvent }) };
  }

  const list = { operation: 'list' } as const;

  it('starts with the first request, and serves those that follow', async () => {
    const { models } = open();
    expect(FakeWorker.all).toEqual([]);
    const first = models.request(list);
    await settle();
    expect(worker().requests.map(({ method }) => method)).toEqual(['configure', 'models']);
    worker().answer('first');
    const second = models.request(list);
    await settle();
    worker().answer('second');
    expect([await first, await second, FakeWorker.all.length]).toEqual(['first', 'second', 1]);
  });

  it('fails what it is asked when it ends, and starts again with all entries', async () => {
    const { models } = open();
    void models.request({ operation: 'add', entries: registryOf('n').entries }).catch(() => undefined);
    const failing = expect(models.request(list)).rejects.toMatchObject({
      code: 'runtime-error',
      message: 'the models worker failed: out of memory',
    });
    await settle();
    worker().fail('out of memory');
    await failing;
    const again = models.request(list);
    await settle();
    const [lost, current] = FakeWorker.all;
    expect([lost?.isTerminated, current?.isTerminated]).toEqual([true, false]);
    const { parameters } = current?.requests[0] ?? {};
    expect(parameters).toMatchObject({
      configuration: { registry: { entries: new Map([...registryOf('m').entries, ...registryOf('n').entries]) } },
    });
    // What the browser still reports of the lost worker does not concern this one.
    lost?.fail('a late error');
    current?.answer('list');
    expect(await again).toBe('list');
    expect(current?.isTerminated).toBe(false);
  });

  it('that does not start in time ends', async () => {
    const { models } = open();
    const failing = expect(models.request(list)).rejects.toBeInstanceOf(WasiNNError);
    await settle();
    vi.runAllTimers();
    await failing;
    expect(worker().isTerminated).toBe(true);
  });

  it('reports its events, and nothing else', async () => {
    const { models, onEvent } = open();
    void models.request(list).catch(() => undefined);
    await settle();
    for (const parameters of [{ type: 'progress', name: 'm' }, { type: 'load' }, 5]) {
      worker().onmessage?.({ data: { method: 'event', parameters } });
    }
    expect(onEvent.mock.calls).toEqual([[{ type: 'progress', name: 'm' }]]);
  });
});
