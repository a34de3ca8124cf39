import { describe, expect, it } from 'vitest';
import type { NamedClientTensor } from '../rpc/inference-client.js';
import type { Limits } from '../rpc/limits.js';
import type { NamedTensor } from '../standard/tensor.js';
import type { Client } from './client.js';
import { connectTestClient, input, loadOnnx, modelsOf, onDevice, openTestHub, until } from './hub.fixture.js';

/** Outputs that stay on the device that computed them. */

const models = modelsOf({
  staying: { target: 'gpu', outputs: 'device' },
  fetched: { target: 'gpu' },
  'on-cpu': { target: 'cpu' },
});

function open(limits: Partial<Limits> = {}) {
  const opened = openTestHub({ limits, models, hasAccelerator: true });
  return { ...opened, client: opened.hub.connect() };
}

async function computeOne(client: Client, graph: number, given: NamedClientTensor = input(1, 2)) {
  const { outputs } = await client.compute(graph, [given]);
  const reference = onDevice(outputs);
  const again: NamedClientTensor = ['x', reference];
  return { id: reference.deviceTensor, again };
}

const inputs = (count: number): NamedTensor[] =>
  Array.from({ length: count }, (_, index) => [`x${index}`, input(index)[1]]);

const unknown = (tensor: number) => ({
  name: 'WasiNNError',
  code: 'invalid-argument',
  message: `there is no tensor ${tensor} on a device: it never was there, or is released`,
});

const lost = {
  name: 'WasiNNError',
  code: 'runtime-error',
  message: 'a tensor that had stayed on a device is lost, since its engine was replaced: compute it again',
};

describe('outputs of a graph that is registered with outputs: device', () => {
  it('stay on the device, are computed on, and read when they are asked for', async () => {
    const { client, hub, engines, fake } = open();
    const { id } = await client.loadByName('staying');
    const first = await computeOne(client, id);
    const second = await computeOne(client, id, first.again);
    expect(engines[0]?.calls).toEqual(['load 0', 'compute 0', 'compute 0']);
    expect(hub.stats().deviceBytes).toBe(4);
    for (let round = 0; round < 2; round++) expect(await client.readTensor(second.id)).toEqual(input(3, 4)[1]);
    for (const tensor of [first, second, first]) client.releaseTensor(tensor.id);
    expect(hub.stats().deviceBytes).toBe(0);
    await until(() => fake.tensors() === 0);
    await expect(client.readTensor(first.id)).rejects.toMatchObject(unknown(first.id));
    await expect(client.compute(id, [first.again])).rejects.toMatchObject(unknown(first.id));
  });

  it('outlive their graph', async () => {
    const { client, fake } = open();
    const graph = await client.loadByName('staying');
    const { id } = await computeOne(client, graph.id);
    await client.unload(graph.id);
    expect(fake.graphs()).toBe(0);
    expect(await client.readTensor(id)).toEqual(input(2, 3)[1]);
  });

  it('come as bytes from other graphs, which take them as inputs too', async () => {
    const { client, fake } = open();
    const staying = await computeOne(client, (await client.loadByName('staying')).id);
    const others = [await client.loadByName('fetched'), await loadOnnx(client, 'gpu')];
    for (const { id } of others) expect((await client.compute(id, [staying.again])).outputs).toEqual([input(3, 4)]);
    expect(fake.tensors()).toBe(1);
  });

  it('come by their value for a graph in the other engine, and stay', async () => {
    const { client, engines, fake } = open();
    const { id, again } = await computeOne(client, (await client.loadByName('staying')).id);
    const onCpu = await client.loadByName('on-cpu');
    expect((await client.compute(onCpu.id, [again])).outputs).toEqual([input(3, 4)]);
    expect(engines.map(({ calls }) => calls)).toEqual([
      ['load 0', 'compute 0', 'readTensor 0'],
      ['load 1', 'compute 1'],
    ]);
    expect([await client.readTensor(id), fake.tensors()]).toEqual([input(2, 3)[1], 1]);
  });

  it('are not those of another client, which cannot read, use or release them', async () => {
    const { client, hub, fake } = open();
    const other = hub.connect();
    const [own, others] = [await client.loadByName('staying'), await other.loadByName('staying')];
    const { id, again } = await computeOne(client, own.id);
    await expect(other.readTensor(id)).rejects.toMatchObject(unknown(id));
    await expect(other.compute(others.id, [again])).rejects.toMatchObject(unknown(id));
    other.releaseTensor(id);
    other.close();
    expect([await client.readTensor(id), fake.tensors()]).toEqual([input(2, 3)[1], 1]);
  });

  it.each([-1, 0.5, 7, Number.NaN])('are not there under a number that was never given out: %d', async (tensor) => {
    const { client, engines } = open();
    const { id } = await client.loadByName('staying');
    const stray: NamedClientTensor = ['x', { type: 'U8', dimensions: [1], deviceTensor: tensor }];
    await expect(client.readTensor(tensor)).rejects.toMatchObject(unknown(tensor));
    await expect(client.compute(id, [stray])).rejects.toMatchObject(unknown(tensor));
    client.releaseTensor(tensor);
    expect(engines[0]?.calls).toEqual(['load 0']);
  });

  it('have the shape and the type that the hub knows, whatever a client says', async () => {
    const { client } = open({ tensorBytes: 3 });
    const { id } = await client.loadByName('staying');
    const tensor = await computeOne(client, id);
    const claimed = (name: string): NamedClientTensor => [
      name,
      { type: 'U8', dimensions: [0], deviceTensor: tensor.id },
    ];
    await expect(client.compute(id, [claimed('a'), claimed('b')])).rejects.toMatchObject({
      code: 'too-large',
      message: 'compute: 4 bytes of inputs are more than the 3 that the page allows',
    });
  });

  it('pass through a port like values', async () => {
    const { hub } = open();
    const remote = connectTestClient(hub);
    const { id } = await remote.loadByName('staying');
    const reference = onDevice(await remote.compute(id, [input(1)]));
    expect(reference).toEqual({ type: 'U8', dimensions: [1], deviceTensor: expect.any(Number) });
    expect(await remote.readTensor(reference.deviceTensor)).toEqual(input(2)[1]);
    await remote.releaseTensor(reference.deviceTensor);
    await expect(remote.readTensor(reference.deviceTensor)).rejects.toMatchObject(unknown(reference.deviceTensor));
  });
});

describe('limits', () => {
  it('of what a client has on devices: what does not fit comes as bytes', async () => {
    const { client, hub, fake } = open({ deviceBytes: 2 });
    const { id } = await client.loadByName('staying');
    const { outputs } = await client.compute(id, inputs(3));
    expect(outputs.map(([, tensor]) => 'deviceTensor' in tensor)).toEqual([true, true, false]);
    expect(outputs[2]).toEqual(['x2', input(3)[1]]);
    expect([fake.tensors(), hub.stats().deviceBytes]).toEqual([2, 2]);
    client.releaseTensor(onDevice(outputs).deviceTensor);
    onDevice((await client.compute(id, [input(1)])).outputs);
    const other = hub.connect();
    onDevice((await other.compute((await other.loadByName('staying')).id, [input(1)])).outputs);
  });

  it('of how many tensors stay, also of those without bytes', async () => {
    const { client, fake } = open();
    const { id } = await client.loadByName('staying');
    fake.outputsPerInput = 10_001;
    const { outputs } = await client.compute(id, [input()]);
    expect(outputs.filter(([, tensor]) => 'deviceTensor' in tensor)).toHaveLength(10_000);
    expect(fake.tensors()).toBe(10_000);
  });

  it('of outputs: of those that are too large none stays', async () => {
    const { client, hub, fake } = open({ tensorBytes: 3 });
    fake.outputsPerInput = 2;
    fake.faults.release = new Error('it cannot be released');
    const { id } = await client.loadByName('staying');
    await expect(client.compute(id, [input(1, 2)])).rejects.toMatchObject({
      message: 'compute: 4 bytes of outputs are more than the 3 that the page allows',
    });
    expect([fake.tensors(), hub.stats().deviceBytes]).toEqual([0, 0]);
  });
});

describe('an output that cannot be read', () => {
  it('takes the others of its computation along', async () => {
    const { client, hub, fake } = open({ deviceBytes: 1 });
    fake.faults.read = new Error('mapAsync failed');
    const { id } = await client.loadByName('staying');
    await expect(client.compute(id, inputs(4))).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining('mapAsync failed'),
    });
    expect([fake.tensors(), hub.stats().deviceBytes]).toEqual([0, 0]);
    onDevice((await client.compute(id, [input(1)])).outputs);
  });

  it('says why, and stays', async () => {
    const { client, fake } = open();
    const { id } = await computeOne(client, (await client.loadByName('staying')).id);
    fake.faults.read = 13_372_040;
    await expect(client.readTensor(id)).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining('the runtime stopped with the bare code 13372040'),
    });
    fake.faults.read = undefined;
    expect(await client.readTensor(id)).toEqual(input(2, 3)[1]);
  });

  it('is of no concern to the client where it cannot be released', async () => {
    const { client, hub, fake } = open();
    const { id } = await computeOne(client, (await client.loadByName('staying')).id);
    fake.faults.release = new Error('it cannot be released');
    client.releaseTensor(id);
    await until(() => fake.tensors() === 0);
    expect(hub.stats().deviceBytes).toBe(0);
  });
});

it('a tensor that is released while it is read is read before', async () => {
  const { client, fake } = open();
  const { id } = await computeOne(client, (await client.loadByName('staying')).id);
  const reading = client.readTensor(id);
  client.releaseTensor(id);
  expect(await reading).toEqual(input(2, 3)[1]);
  await until(() => fake.tensors() === 0);
});

describe('a client that is closed', () => {
  it('gives back what it has on devices', async () => {
    const { client, hub, fake } = open();
    const { id } = await computeOne(client, (await client.loadByName('staying')).id);
    client.close();
    await until(() => fake.tensors() === 0);
    expect(hub.stats().deviceBytes).toBe(0);
    await expect(client.readTensor(id)).rejects.toMatchObject({ message: expect.stringContaining('disposed of') });
    client.releaseTensor(id);
  });

  it('leaves neither the inputs nor the outputs of a computation that is under way', async () => {
    const { client, engines, fake } = open();
    const graph = await client.loadByName('staying');
    const { again } = await computeOne(client, graph.id);
    const release = fake.hold();
    const computing = Promise.allSettled([client.compute(graph.id, [again])]);
    await until(() => engines[0]?.calls.length === 3);
    client.close();
    expect(fake.tensors()).toBe(1);
    release();
    await computing;
    await until(() => fake.tensors() === 0 && fake.graphs() === 0);
  });
});

describe('when its engine ends, a tensor', () => {
  it('is lost, and reading it or computing with it fails with that reason', async () => {
    const { client, hub, engines } = open();
    const graph = await client.loadByName('staying');
    const { id, again } = await computeOne(client, graph.id);
    engines[0]?.crash('it crashed');
    await expect(client.compute(graph.id, [again])).rejects.toMatchObject(lost);
    await expect(client.readTensor(id)).rejects.toMatchObject(lost);
    expect(engines).toHaveLength(1);
    // The graph is there again, and so is what it computes now.
    const next = await computeOne(client, graph.id);
    expect(next.id).not.toBe(id);
    expect(await client.readTensor(next.id)).toEqual(input(2, 3)[1]);
    expect(hub.stats().deviceBytes).toBe(2);
    await expect(client.readTensor(id)).rejects.toMatchObject(lost);
  });

  it('is lost to the calls that wait for it', async () => {
    const { client, engines, fake } = open();
    const graph = await client.loadByName('staying');
    const { id, again } = await computeOne(client, graph.id);
    const release = fake.hold();
    const computing = client.compute(graph.id, [input(1)]);
    await until(() => engines[0]?.calls.length === 3);
    const calls = [computing, client.readTensor(id), client.compute(graph.id, [again])];
    engines[0]?.crash('it crashed');
    release();
    expect(await Promise.allSettled(calls)).toMatchObject([
      { reason: { message: 'it crashed' } },
      { reason: lost },
      { reason: lost },
    ]);
  });

  it('takes up no room any more, and can be released without a sound', async () => {
    const { client, hub, engines } = open({ deviceBytes: 2 });
    const graph = await client.loadByName('staying');
    const { id } = await computeOne(client, graph.id);
    engines[0]?.crash('it crashed');
    expect(hub.stats().deviceBytes).toBe(0);
    await computeOne(client, graph.id);
    client.releaseTensor(id);
    expect(engines[1]?.calls).toEqual(['load 0', 'compute 0']);
  });

  it('stays where the other engine ends', async () => {
    const { client, engines } = open();
    const { id } = await computeOne(client, (await client.loadByName('staying')).id);
    await client.loadByName('on-cpu');
    engines[1]?.crash('it crashed');
    expect(await client.readTensor(id)).toEqual(input(2, 3)[1]);
  });
});
