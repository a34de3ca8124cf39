import { describe, expect, it } from 'vitest';
import type { NamedModels, OpenModel } from '../models/models.js';
import { WasiNNError } from '../standard/error.js';
import type { Client } from './client.js';
import { input, loadOnnx, openModel, openTestHub, until } from './hub.fixture.js';

/** How long graphs live, who holds them, and what their ids mean. */

const disposed = { name: 'WasiNNError', code: 'runtime-error', message: expect.stringContaining('disposed of') };

/** The graph adds one to each byte. */
async function expectWorks(client: Client, graph: number): Promise<void> {
  expect(await client.compute(graph, [input(1, 2)])).toEqual({ outputs: [input(2, 3)] });
}

/** A hub whose downloads end when the test says so, or when they are abandoned. */
function openDownloading() {
  const downloads: { readonly signal: AbortSignal | undefined; finish(): void }[] = [];
  const open: NamedModels['open'] = (_name, signal) =>
    new Promise<OpenModel>((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
      downloads.push({ signal, finish: () => resolve(openModel()) });
    });
  return { ...openTestHub({ models: { open, forget: async () => undefined } }), downloads };
}

describe('a graph that is loaded by name', () => {
  it('is one for two clients, and the last to release it unloads it', async () => {
    const { hub, fake } = openTestHub();
    const [first, second] = [hub.connect(), hub.connect()];
    const [one, two] = [await first.loadByName('m'), await second.loadByName('m')];
    expect(fake.loads).toHaveLength(1);
    await first.unload(one.id);
    await expectWorks(second, two.id);
    await second.unload(two.id);
    expect(fake.graphs()).toBe(0);
  });

  it('has an id for each load, also of one client', async () => {
    const { hub, fake } = openTestHub();
    const client = hub.connect();
    const [one, two] = [await client.loadByName('m'), await client.loadByName('m')];
    expect(one.id).not.toBe(two.id);
    await client.unload(one.id);
    await client.unload(one.id);
    expect(fake.graphs()).toBe(1);
    await expectWorks(client, two.id);
  });

  it('is loaded once where several clients ask at the same time', async () => {
    const { hub, fake, events } = openTestHub();
    const clients = [hub.connect(), hub.connect(), hub.connect()];
    await Promise.all(clients.map((client) => client.loadByName('m')));
    expect([fake.loads.length, events.length]).toEqual([1, 1]);
    for (const client of clients) client.close();
    await until(() => fake.graphs() === 0);
  });

  it('is loaded again after the last client has released it, or while that is under way', async () => {
    const { hub, fake } = openTestHub();
    const client = hub.connect();
    await client.unload((await client.loadByName('m')).id);
    const { id } = await client.loadByName('m');
    const [, again] = await Promise.all([client.unload(id), client.loadByName('m')]);
    await expectWorks(client, again.id);
    expect([fake.loads.length, fake.graphs()]).toEqual([3, 1]);
  });

  it('stays for a client that joined before the first one released it', async () => {
    const { hub, fake } = openTestHub();
    const [first, second] = [hub.connect(), hub.connect()];
    const { id } = await first.loadByName('m');
    const joining = second.loadByName('m');
    await first.unload(id);
    await expectWorks(second, (await joining).id);
    expect(fake.loads).toHaveLength(1);
  });

  it('can be loaded again after a load has failed for all clients that waited', async () => {
    const { hub, fake } = openTestHub();
    fake.faults.load = new WasiNNError('runtime-error', 'load: out of memory');
    const clients = [hub.connect(), hub.connect()];
    const failed = {
      status: 'rejected',
      reason: { code: 'runtime-error', message: 'load-by-name: model "m": load: out of memory' },
    };
    const load = () => Promise.allSettled(clients.map((client) => client.loadByName('m')));
    expect(await load()).toMatchObject([failed, failed]);
    expect(fake.loads).toHaveLength(1);
    fake.faults.load = undefined;
    expect(await load()).toMatchObject([{ value: { backend: 'fake' } }, { value: { backend: 'fake' } }]);
    expect([fake.loads.length, fake.graphs()]).toEqual([2, 1]);
  });

  it('is another graph than one under another name, or from bytes', async () => {
    const { hub, fake } = openTestHub();
    const client = hub.connect();
    await Promise.all([client.loadByName('m'), client.loadByName('n'), loadOnnx(client)]);
    expect(fake.loads).toHaveLength(3);
  });
});

describe('the id of a graph', () => {
  it('means nothing to another client', async () => {
    const { hub } = openTestHub();
    const [first, second] = [hub.connect(), hub.connect()];
    const { id } = await loadOnnx(first);
    await expect(second.compute(id, [input(1)])).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'invalid-argument',
      message: `compute: there is no graph ${id}: it was never loaded or is unloaded`,
    });
    await second.unload(id);
    await expectWorks(first, id);
  });

  it('is never used again', async () => {
    const { hub, fake } = openTestHub();
    const client = hub.connect();
    const ids = new Set<number>();
    for (let round = 0; round < 5; round++) {
      const { id } = await loadOnnx(client);
      ids.add(id);
      await client.unload(id);
      await expect(client.compute(id, [input(1)])).rejects.toMatchObject({ code: 'invalid-argument' });
    }
    expect([ids.size, fake.graphs()]).toEqual([5, 0]);
  });

  it.each([-1, 0.5, 7, Number.NaN])('may be unknown: unloading %d is harmless', async (id) => {
    await expect(openTestHub().hub.connect().unload(id)).resolves.toBeUndefined();
  });
});

it('a graph that is unloaded finishes the computation that is under way', async () => {
  const { hub, fake } = openTestHub();
  const client = hub.connect();
  const { id } = await loadOnnx(client);
  const [computed] = await Promise.all([client.compute(id, [input(1)]), client.unload(id)]);
  expect(computed.outputs).toEqual([input(2)]);
  await until(() => fake.graphs() === 0);
});

describe('a client that is closed', () => {
  it('gives back all of its graphs, and no other', async () => {
    const { hub, fake } = openTestHub();
    const [first, second] = [hub.connect(), hub.connect()];
    await loadOnnx(first);
    await first.loadByName('m');
    const kept = await loadOnnx(second);
    first.close();
    first.close();
    await until(() => fake.graphs() === 1);
    await expectWorks(second, kept.id);
  });

  it('fails the calls that follow', async () => {
    const { hub, fake } = openTestHub();
    const client = hub.connect();
    const { id } = await loadOnnx(client);
    client.close();
    const calls = [loadOnnx(client), client.loadByName('m'), client.compute(id, [input(1)]), client.readTensor(0)];
    for (const call of calls) await expect(call).rejects.toMatchObject(disposed);
    await expect(client.unload(id)).resolves.toBeUndefined();
    expect(fake.loads).toHaveLength(1);
  });

  it.each([
    ['load', loadOnnx],
    ['loadByName', (client: Client) => client.loadByName('m')],
  ])('gives back a graph that an engine is loading (%s)', async (_operation, load) => {
    const { hub, fake } = openTestHub();
    const release = fake.hold();
    const client = hub.connect();
    const failure = expect(load(client)).rejects.toMatchObject(disposed);
    await until(() => fake.loads.length === 1);
    client.close();
    release();
    await failure;
    await expectWorks(...(await reload(hub.connect())));
    await until(() => fake.graphs() === 1);

    async function reload(other: Client) {
      return [other, (await loadOnnx(other)).id] as const;
    }
  });

  it('leaves a shared graph that an engine is loading to those who still wait', async () => {
    const { hub, fake } = openTestHub();
    const release = fake.hold();
    const [first, second] = [hub.connect(), hub.connect()];
    const gone = expect(first.loadByName('m')).rejects.toMatchObject(disposed);
    const loading = second.loadByName('m');
    await until(() => fake.loads.length === 1);
    first.close();
    release();
    await gone;
    await expectWorks(second, (await loading).id);
    expect([fake.loads.length, fake.graphs()]).toEqual([1, 1]);
  });
});

describe('a download', () => {
  it('ends when the last client that waits for it has gone, and not before', async () => {
    const { hub, downloads, fake } = openDownloading();
    const [first, second] = [hub.connect(), hub.connect()];
    const failures = Promise.allSettled([first, second].map((client) => client.loadByName('m')));
    first.close();
    await new Promise(setImmediate);
    expect(downloads[0]?.signal?.aborted).toBe(false);
    second.close();
    expect(await failures).toMatchObject(Array(2).fill({ status: 'rejected', reason: disposed }));
    expect(downloads.map(({ signal }) => signal?.aborted)).toEqual([true]);
    expect(fake.loads).toHaveLength(0);
  });

  it('starts over for a client that comes when it has been abandoned', async () => {
    const { hub, downloads } = openDownloading();
    const gone = hub.connect();
    const failure = expect(gone.loadByName('m')).rejects.toMatchObject(disposed);
    gone.close();
    await failure;
    const client = hub.connect();
    const loading = client.loadByName('m');
    downloads[1]?.finish();
    await expectWorks(client, (await loading).id);
    expect(downloads.map(({ signal }) => signal?.aborted)).toEqual([true, false]);
  });

  it('goes on for a client that joined, though the one that began it has gone', async () => {
    const { hub, downloads } = openDownloading();
    const [first, second] = [hub.connect(), hub.connect()];
    const failure = expect(first.loadByName('m')).rejects.toMatchObject(disposed);
    const loading = second.loadByName('m');
    first.close();
    await failure;
    downloads[0]?.finish();
    await expectWorks(second, (await loading).id);
    expect(downloads.map(({ signal }) => signal?.aborted)).toEqual([false]);
  });

  it('is another one for another name', async () => {
    const { hub, downloads } = openDownloading();
    const [first, second] = [hub.connect(), hub.connect()];
    const failure = expect(first.loadByName('m')).rejects.toMatchObject(disposed);
    const loading = second.loadByName('n');
    first.close();
    await failure;
    downloads[1]?.finish();
    await loading;
    expect(downloads.map(({ signal }) => signal?.aborted)).toEqual([true, false]);
  });
});

it('a load that nobody waits for any more leaves a later one of the same name alone', async () => {
  const { hub, fake } = openTestHub();
  const release = fake.hold();
  const [first, second, third] = [hub.connect(), hub.connect(), hub.connect()];
  const failure = expect(first.loadByName('m')).rejects.toMatchObject(disposed);
  await until(() => fake.loads.length === 1);
  first.close();
  await failure;
  const loading = second.loadByName('m');
  release();
  const { id } = await loading;
  await until(() => fake.graphs() === 1);
  await third.loadByName('m');
  await expectWorks(second, id);
  expect(fake.loads).toHaveLength(2);
});
