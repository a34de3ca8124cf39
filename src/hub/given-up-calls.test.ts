import { expect, it, vi } from 'vitest';
import { connectTestClient, input, modelBlob, openTestHub } from './hub.fixture.js';

/** Calls of the page that a signal gives up. */

it('a load that is given up while the engine works on it leaves no graph', async () => {
  const { hub, fake } = openTestHub();
  const client = connectTestClient(hub);
  const release = fake.hold();
  const controller = new AbortController();
  const loading = Promise.resolve(client.load([modelBlob()], 'onnx', 'cpu', { signal: controller.signal }));
  await vi.waitFor(() => expect(fake.loads).toHaveLength(1));
  controller.abort('enough');
  await expect(loading).rejects.toBe('enough');
  release();
  await client.load([modelBlob()], 'onnx', 'cpu');
  await vi.waitFor(() => expect(fake.graphs()).toBe(1));
  await expect(client.load([modelBlob()], 'onnx', 'cpu', { signal: controller.signal })).rejects.toBe('enough');
});

it('a load by name that is given up is left to those who still wait', async () => {
  const { hub, fake } = openTestHub();
  const client = connectTestClient(hub);
  const release = fake.hold();
  const controller = new AbortController();
  const given = Promise.resolve(client.loadByName('m', { signal: controller.signal }));
  const kept = Promise.resolve(client.loadByName('m'));
  await vi.waitFor(() => expect(fake.loads).toHaveLength(1));
  controller.abort('enough');
  await expect(given).rejects.toBe('enough');
  release();
  await kept;
  expect([fake.loads.length, fake.graphs()]).toEqual([1, 1]);
});

it('a computation that is given up before its turn is never begun, and one that has begun runs to its end', async () => {
  const { hub, fake, engines } = openTestHub();
  const client = connectTestClient(hub);
  const { id } = await client.load([modelBlob()], 'onnx', 'cpu');
  const computations = () => engines[0]?.calls.filter((call) => call.startsWith('compute')).length;
  const release = fake.hold();
  const controller = new AbortController();
  const { signal } = controller;
  const begun = Promise.resolve(client.compute(id, [input(1)], { signal }));
  await vi.waitFor(() => expect(computations()).toBe(1));
  const waiting = Promise.resolve(client.compute(id, [input(2)], { signal }));
  controller.abort('enough');
  await expect(begun).rejects.toBe('enough');
  await expect(waiting).rejects.toBe('enough');
  release();
  expect(await client.compute(id, [input(3)])).toEqual([input(4)]);
  expect(computations()).toBe(2);
});
