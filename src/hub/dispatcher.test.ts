import { beforeEach, describe, expect, it, vi } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import { createDispatcher, type Dispatcher } from './dispatcher.js';
import type { EngineProcess } from './engine-process.js';

/** An engine of which only the end matters. */
function createFakeEngine(): EngineProcess {
  const ending = new AbortController();
  return {
    ended: ending.signal,
    prepare: () => undefined,
    request: async () => undefined,
    status: () => ({ heapBytes: 0, milliseconds: 0 }),
    terminate: (cause) => ending.abort(cause),
  };
}

const gone = new WasiNNError('runtime-error', 'the engine broke down');

let engines: EngineProcess[];
let ends: WasiNNError[];
let startEngine: () => EngineProcess;
let dispatcher: Dispatcher;
/** The jobs that have begun, and what ends each of them. */
let begun: string[];
let finish: Record<string, () => void>;

beforeEach(() => {
  [engines, ends, begun, finish] = [[], [], [], {}];
  startEngine = () => {
    const engine = createFakeEngine();
    engines.push(engine);
    return engine;
  };
  dispatcher = createDispatcher(
    () => startEngine(),
    (cause) => ends.push(cause),
  );
});

/** A job of a client, whose name is a letter for the client and a number. It ends when the test or its engine's end says so. */
function run(name: string, signal?: AbortSignal): Promise<string> {
  const job = (engine: EngineProcess) =>
    new Promise<string>((resolve, reject) => {
      begun.push(name);
      finish[name] = () => resolve(name);
      engine.ended.addEventListener('abort', () => reject(engine.ended.reason));
    });
  return dispatcher.run(name.charCodeAt(0), job, signal);
}

/** Ends the jobs that have begun, and those that begin then, until none is left. */
async function finishAll(): Promise<void> {
  while (dispatcher.isBusy()) {
    finish[begun.at(-1) ?? '']?.();
    await new Promise(setImmediate);
  }
}

describe('the dispatcher', () => {
  it('works on one job at a time, those of a client in the order that they came', async () => {
    const jobs = Promise.all(['a1', 'a2', 'a3'].map((name) => run(name)));
    expect([begun, dispatcher.isBusy()]).toEqual([['a1'], true]);
    await finishAll();
    expect(await jobs).toEqual(['a1', 'a2', 'a3']);
    expect([engines.length, dispatcher.isBusy()]).toEqual([1, false]);
  });

  it('takes a job of each client by turns, however many jobs one has', async () => {
    const names = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1', 'a5'];
    const jobs = Promise.all(names.map((name) => run(name)));
    await finishAll();
    await jobs;
    expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4', 'a5']);
  });

  it('goes on after a job that fails', async () => {
    const failing = dispatcher.run(0, () => Promise.reject(new TypeError('no')));
    const next = run('a1');
    await expect(failing).rejects.toThrow('no');
    await finishAll();
    expect(await next).toBe('a1');
  });

  it('takes a job out of the queue when its signal aborts, and lets one go on that has begun', async () => {
    const controllers = ['a1', 'a2', 'b1'].map(() => new AbortController());
    const [first, second, third] = ['a1', 'a2', 'b1'].map((name, index) => run(name, controllers[index]?.signal));
    for (const controller of controllers.slice(0, 2)) controller.abort(gone);
    await expect(second).rejects.toBe(gone);
    await finishAll();
    expect([await first, await third, begun]).toEqual(['a1', 'b1', ['a1', 'b1']]);
    await expect(run('a3', AbortSignal.abort(gone))).rejects.toBe(gone);
  });

  it('leaves no listener behind on a signal whose jobs have ended', async () => {
    const { signal } = new AbortController();
    const [added, removed] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
    const jobs = Promise.all([run('a1', signal), run('a2', signal)]);
    await finishAll();
    await jobs;
    expect(removed.mock.calls).toEqual(added.mock.calls.map(([type, listener]) => [type, listener]));
  });
});

describe('when its engine ends, the dispatcher', () => {
  it('fails the job at work alone, and starts another engine for the next', async () => {
    const [first, second, third] = [run('a1'), run('a2'), run('b1')];
    engines[0]?.terminate(gone);
    await expect(first).rejects.toBe(gone);
    await finishAll();
    expect([await second, await third]).toEqual(['a2', 'b1']);
    expect([engines.length, ends]).toEqual([2, [gone]]);
  });

  it('starts no other before there is a job', async () => {
    dispatcher.start();
    dispatcher.start();
    expect(engines).toHaveLength(1);
    engines[0]?.terminate(gone);
    expect([engines.length, dispatcher.engine()]).toEqual([1, undefined]);
    const job = run('a1');
    expect(dispatcher.engine()).toBe(engines[1]);
    await finishAll();
    await job;
  });
});

describe('where an engine cannot even be created', () => {
  const refused = new DOMException('the policy forbids workers', 'SecurityError');

  beforeEach(() => {
    startEngine = () => {
      throw refused;
    };
  });

  it('each job fails, and the next tries again', async () => {
    const jobs = await Promise.allSettled([run('a1'), run('b1')]);
    expect(jobs).toEqual(Array(2).fill({ status: 'rejected', reason: refused }));
    startEngine = createFakeEngine;
    const job = run('a2');
    await finishAll();
    expect(await job).toBe('a2');
  });

  it('starting one beforehand fails nobody', async () => {
    expect(() => dispatcher.start()).not.toThrow();
    await expect(run('a1')).rejects.toBe(refused);
  });
});
