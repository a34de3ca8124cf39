import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { FakeBackend } from './backend.fixture.js';
import type { Client } from './client.js';
import { input, loadOnnx, modelsOf, openTestHub, type TestEngine, type TestHub, until } from './hub.fixture.js';

/** Engines that end while clients need them. */

const computed = (...data: number[]) => ({ outputs: [input(...data)] });

const crashed = { name: 'WasiNNError', code: 'runtime-error', message: 'it crashed' };

const timedOut = (operation: string) => ({
  name: 'WasiNNError',
  code: 'timeout',
  message: `${operation}: it took more than the 80 ms that the page allows`,
});

/** Ends the running engine while it works on a call, and lets later calls pass. */
async function crashAt(fake: FakeBackend, engines: readonly TestEngine[], call: string): Promise<void> {
  const release = fake.hold();
  await until(() => engines.at(-1)?.calls.at(-1) === call);
  engines.at(-1)?.crash('it crashed');
  release();
}

describe('when an engine ends', () => {
  it('the call at work fails, and all queued calls go on in the next engine', async () => {
    const { hub, fake, engines, events } = openTestHub();
    const [first, second] = [hub.connect(), hub.connect()];
    const [one, two] = [await first.loadByName('m'), await loadOnnx(second)];
    const calls = Promise.allSettled([
      first.compute(one.id, [input(1)]),
      first.compute(one.id, [input(2)]),
      second.compute(two.id, [input(3)]),
      first.loadByName('n'),
      second.compute(two.id, [input(4)]),
    ]);
    await crashAt(fake, engines, 'compute 0');
    expect(await calls).toMatchObject([
      { status: 'rejected', reason: crashed },
      { value: computed(3) },
      { value: computed(4) },
      { value: { backend: 'fake' } },
      { value: computed(5) },
    ]);
    expect(engines[0]?.calls).toEqual(['load 0', 'load 1', 'compute 0']);
    // A graph is loaded once for two computations.
    const sorted = ['compute 0', 'compute 1', 'compute 1', 'load 0', 'load 1', 'load 2'];
    expect(engines[1]?.calls.toSorted()).toEqual(sorted);
    expect(events.filter(({ type }) => type === 'replace')).toEqual([
      { type: 'replace', engine: 'cpu', reason: 'it crashed' },
    ]);
  });

  it('each of 50 times, one call of four clients fails, and their graphs stay', async () => {
    const { hub, fake, engines } = openTestHub();
    const clients = [hub.connect(), hub.connect(), hub.connect(), hub.connect()];
    const graphs = await Promise.all(
      clients.map((client, index) => (index % 2 ? loadOnnx(client) : client.loadByName('m'))),
    );
    const computeAll = () =>
      Promise.allSettled(clients.map((client, index) => client.compute(graphs[index]?.id ?? -1, [input(index)])));
    for (let round = 0; round < 50; round++) {
      const release = fake.hold();
      const calls = computeAll();
      await until(() => engines.at(-1)?.calls.at(-1)?.startsWith('compute') === true);
      engines.at(-1)?.crash('it crashed');
      release();
      const failed = (await calls).filter(({ status }) => status === 'rejected');
      expect(failed).toMatchObject([{ reason: crashed }]);
      expect((await computeAll()).every(({ status }) => status === 'fulfilled')).toBe(true);
    }
    expect(engines).toHaveLength(51);
  });

  it('graphs are loaded again when they are computed; unloaded graphs are not', async () => {
    const { hub, fake, engines } = openTestHub();
    const client = hub.connect();
    const graphs = [await loadOnnx(client), await client.loadByName('m'), await client.loadByName('n')];
    engines[0]?.crash('it crashed');
    await client.unload(graphs[1]?.id ?? -1);
    expect(engines).toHaveLength(1);
    expect(await client.compute(0, [input(1)])).toEqual(computed(2));
    expect(engines[1]?.calls).toEqual(['load 0', 'compute 0']);
    const [original, again] = [fake.loads[0], fake.loads[3]];
    const callbacks = { onMove: expect.any(Function), onAbort: expect.any(Function) };
    expect(again).toEqual({ parts: original?.parts, options: { ...original?.options, ...callbacks } });
  });

  it('a graph that cannot be loaded again fails its call, and is tried again by the next', async () => {
    const { hub, fake, engines } = openTestHub();
    const client = hub.connect();
    const { id } = await client.loadByName('m');
    engines[0]?.crash('it crashed');
    fake.faults.load = new Error('out of memory');
    await expect(client.compute(id, [input(1)])).rejects.toMatchObject({
      message: 'load-by-name: model "m": load: out of memory',
    });
    fake.faults.load = undefined;
    expect(await client.compute(id, [input(1)])).toEqual(computed(2));
  });

  it('the other engine works on', async () => {
    const { hub, fake, engines } = openTestHub({ hasAccelerator: true });
    const client = hub.connect();
    const [onCpu, onGpu] = [await loadOnnx(client), await loadOnnx(client, 'gpu')];
    expect(engines.map(({ kind }) => kind)).toEqual(['cpu', 'accelerator']);
    const release = fake.hold();
    const calls = Promise.allSettled([onCpu, onGpu].map(({ id }) => client.compute(id, [input(1)])));
    await until(() => engines.every(({ calls }) => calls.length === 2));
    engines[0]?.crash('it crashed');
    release();
    expect(await calls).toMatchObject([{ reason: crashed }, { value: computed(2) }]);
    expect(engines).toHaveLength(2);
  });
});

describe('a call that takes longer than the page allows', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
  });

  const limits = { computeMilliseconds: 80, loadMilliseconds: 80 };

  /** Has a call exceed its limit. */
  async function exceed(call: Promise<unknown>, { engines }: TestHub, begun: string) {
    const settled = vi.fn();
    call.then(settled, settled);
    await until(() => engines.at(-1)?.calls.at(-1) === begun);
    await vi.advanceTimersByTimeAsync(79);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
  }

  it.each([
    ['load', 'load 1', (client: Client) => loadOnnx(client)],
    ['load', 'load 1', (client: Client) => client.loadByName('m')],
    ['compute', 'compute 0', (client: Client) => client.compute(0, [input(1)])],
  ] as const)('ends with its engine, and others go on: %s (%s)', async (operation, begun, call) => {
    const opened = openTestHub({ limits });
    const client = opened.hub.connect();
    await loadOnnx(client);
    const release = opened.fake.hold();
    const failing = expect(call(client)).rejects.toMatchObject(
      operation === 'load'
        ? { code: 'timeout', message: expect.stringContaining(timedOut('load').message) }
        : timedOut(operation),
    );
    await until(() => opened.engines[0]?.calls.at(-1) === begun);
    const queued = client.compute(0, [input(7)]);
    await exceed(failing, opened, begun);
    release();
    await failing;
    expect(await queued).toEqual(computed(8));
    expect(opened.engines.map((engine) => engine.hasEnded())).toEqual([true, false]);
  });

  it('costs all clients that wait for one load one limit', async () => {
    const opened = openTestHub({ limits });
    const release = opened.fake.hold();
    const calls = Promise.allSettled([1, 2, 3].map(() => opened.hub.connect().loadByName('m')));
    await exceed(calls, opened, 'load 0');
    release();
    expect(await calls).toMatchObject(Array(3).fill({ reason: { code: 'timeout' } }));
    expect(opened.engines).toHaveLength(1);
  });

  it('is not one that waits for an engine to start', async () => {
    const start = { goOn: () => {} };
    const started = new Promise<void>((resolve) => {
      start.goOn = resolve;
    });
    const { hub, engines } = openTestHub({ limits, starting: () => started });
    const loading = loadOnnx(hub.connect());
    await until(() => engines.length === 1);
    await vi.advanceTimersByTimeAsync(5000);
    start.goOn();
    expect(await loading).toMatchObject({ backend: 'fake' });
  });
});

describe('an engine that cannot start', () => {
  it('fails the call at work alone; the next starts another engine', async () => {
    const { hub, engines } = openTestHub({
      starting: (engine) => (engine < 2 ? new Promise(() => undefined) : Promise.resolve()),
    });
    const calls = [hub.connect(), hub.connect(), hub.connect()].map((client) => loadOnnx(client));
    const outcomes = Promise.allSettled(calls);
    for (const count of [1, 2]) {
      await until(() => engines.length === count);
      engines.at(-1)?.crash('it crashed');
    }
    expect(await outcomes).toMatchObject([{ reason: crashed }, { reason: crashed }, { value: { backend: 'fake' } }]);
  });

  it('can be started beforehand for nobody', async () => {
    const { hub, engines, events } = openTestHub();
    hub.start();
    engines[0]?.crash('it crashed');
    expect(events).toMatchObject([{ type: 'replace' }]);
    await loadOnnx(hub.connect());
    expect(engines).toHaveLength(2);
  });
});

describe('an engine that reports a fault', () => {
  const broken = { code: 'runtime-error', message: 'the engine broke down while it worked on this call: device lost' };

  it('answers the call that met the fault, and ends', async () => {
    const { hub, engines } = openTestHub();
    const client = hub.connect();
    const { id } = await loadOnnx(client);
    if (engines[0]) engines[0].fault = 'device lost';
    const calls = Promise.all([client.compute(id, [input(1)]), client.compute(id, [input(2)])]);
    expect(await calls).toEqual([computed(2), computed(3)]);
    expect(engines.map(({ calls }) => calls)).toEqual([
      ['load 0', 'compute 0'],
      ['load 0', 'compute 0'],
    ]);
  });

  it('ends while nothing or a call is at work, which fails with it', async () => {
    const { hub, engines, fake } = openTestHub();
    const client = hub.connect();
    const { id } = await loadOnnx(client);
    engines[0]?.reportFault('device lost');
    await until(() => engines[0]?.hasEnded() === true);
    const release = fake.hold();
    const failing = expect(client.compute(id, [input(1)])).rejects.toMatchObject(broken);
    await until(() => engines[1]?.calls.length === 1);
    engines[1]?.reportFault('device lost');
    await failing;
    release();
    expect(await client.compute(id, [input(1)])).toEqual(computed(2));
  });

  it.each(['the device was lost', 'Aborted(OOM)', 'table index is out of bounds'])(
    'is none for which a model alone has the text: %s',
    async (text) => {
      const { hub, engines, fake } = openTestHub();
      const client = hub.connect();
      const { id } = await loadOnnx(client);
      fake.faults.compute = new Error(text);
      await expect(client.compute(id, [input(1)])).rejects.toThrow(text);
      fake.faults.compute = undefined;
      expect(await client.compute(id, [input(1)])).toEqual(computed(2));
      expect(engines).toHaveLength(1);
    },
  );
});

it('clients take turns, however many calls one of them has', async () => {
  const { hub, fake, engines } = openTestHub();
  const [busy, other] = [hub.connect(), hub.connect()];
  const [one, two] = [await loadOnnx(busy), await loadOnnx(other)];
  const release = fake.hold();
  const calls = Array.from({ length: 5 }, () => busy.compute(one.id, [input(1)]));
  await until(() => engines[0]?.calls.length === 3);
  calls.push(other.compute(two.id, [input(1)]));
  release();
  await Promise.all(calls);
  expect(engines[0]?.calls.slice(2)).toEqual([
    'compute 0',
    'compute 0',
    'compute 1',
    'compute 0',
    'compute 0',
    'compute 0',
  ]);
});

it('a client that goes takes its calls out of the queue, and the dispatched one ends for itself', async () => {
  const { hub, fake, engines } = openTestHub({ models: modelsOf({ m: {} }) });
  const [gone, other] = [hub.connect(), hub.connect()];
  const [one, two] = [await loadOnnx(gone), await loadOnnx(other)];
  const release = fake.hold();
  const calls = Promise.allSettled([1, 2, 3].map((byte) => gone.compute(one.id, [input(byte)])));
  await until(() => engines[0]?.calls.length === 3);
  const waiting = other.compute(two.id, [input(1)]);
  gone.close();
  release();
  const disposed = { reason: { message: expect.stringContaining('disposed of') } };
  expect(await calls).toMatchObject([{ value: computed(2) }, disposed, disposed]);
  expect(await waiting).toEqual(computed(2));
  await until(() => fake.graphs() === 1);
  expect(engines[0]?.calls.filter((call) => call === 'compute 0')).toHaveLength(1);
});
