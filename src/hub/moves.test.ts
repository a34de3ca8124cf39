import { expect, it, vi } from 'vitest';
import type { Backend } from '../backends/backend.js';
import { OnlyWasmLeftError } from '../backends/fallback-graph.js';
import { createFakeBackend } from './backend.fixture.js';
import { input, loadOnnx, onDevice, openModel, openTestHub, until } from './hub.fixture.js';

/** Graphs for accelerators for which only WebAssembly is left: the engine of the CPU runs them. */

const steps = [{ provider: 'webgpu', target: 'gpu', reason: 'no shader' }] as const;

it('a graph that moves in a computation is run by the engine of the CPU from the next on', async () => {
  const { hub, fake, engines } = openTestHub({ hasAccelerator: true });
  const client = hub.connect();
  const { id } = await loadOnnx(client, 'gpu');
  fake.move = [...steps];
  await client.compute(id, [input(1)]);
  expect(await client.compute(id, [input(2)])).toEqual({ outputs: [input(3)] });
  expect(engines.map(({ kind, calls }) => [kind, calls])).toEqual([
    ['accelerator', ['load 0', 'compute 0', 'unload 0']],
    ['cpu', ['load 0', 'compute 0']],
  ]);
  expect(fake.loads[1]?.options.tried).toEqual(steps);
  await client.unload(id);
  expect(fake.graphs()).toBe(0);
});

it('a graph that was loaded on WebAssembly by the engine of accelerators moves after its first computation', async () => {
  const { hub, fake, engines, events } = openTestHub({ hasAccelerator: true });
  const client = hub.connect();
  fake.fallback.push(...steps);
  const { id } = await loadOnnx(client, 'tpu');
  for (const byte of [1, 2, 3]) expect((await client.compute(id, [input(byte)])).outputs).toEqual([input(byte + 1)]);
  expect(engines.map(({ kind, calls }) => [kind, calls])).toEqual([
    ['accelerator', ['load 0', 'compute 0', 'unload 0']],
    ['cpu', ['load 0', 'compute 0', 'compute 0']],
  ]);
  expect(events.filter(({ type }) => type === 'fallback')).toHaveLength(1);
});

it('a graph that has moved does not wait for an accelerator', async () => {
  const { hub, fake, engines } = openTestHub({ hasAccelerator: true });
  const client = hub.connect();
  const [moved, other] = [await loadOnnx(client, 'gpu'), await loadOnnx(client, 'gpu')];
  fake.move = [...steps];
  await client.compute(moved.id, [input(1)]);
  await client.compute(moved.id, [input(1)]);
  const release = fake.hold();
  const computing = client.compute(other.id, [input(1)]);
  await until(() => engines[0]?.calls.at(-1) === 'compute 1');
  const beside = client.compute(moved.id, [input(1)]);
  await until(() => engines[1]?.calls.length === 3);
  release();
  expect(await Promise.all([computing, beside])).toEqual([{ outputs: [input(2)] }, { outputs: [input(2)] }]);
});

it('two computations of which the first moves the graph both succeed, with inputs on the device', async () => {
  const models = { open: async () => openModel({ target: 'gpu', outputs: 'device' }), forget: async () => undefined };
  const { hub, fake, engines } = openTestHub({ hasAccelerator: true, models });
  const client = hub.connect();
  const { id } = await client.loadByName('m');
  const { outputs } = await client.compute(id, [input(1)]);
  const x = ['x', onDevice(outputs)] as const;
  const moving = await loadOnnx(client, 'gpu');
  fake.move = [...steps];
  const answers = await Promise.all([client.compute(moving.id, [x]), client.compute(moving.id, [x])]);
  expect(answers.map((answer) => answer.outputs)).toEqual([[input(3)], [input(3)]]);
  expect(engines[1]?.calls).toEqual(['load 1', 'compute 1']);
});

it('a load for which only WebAssembly is left goes to the engine of the CPU, with its files', async () => {
  const { backend, loads } = createFakeBackend();
  const leaving: Backend = {
    ...backend,
    async load(parts, options) {
      if (options.leavesWasm) throw new OnlyWasmLeftError(steps);
      return backend.load(parts, options);
    },
  };
  const openNamed = vi.fn(async () => openModel({ target: 'gpu' }));
  const models = { open: openNamed, forget: async () => undefined };
  const { hub, engines, events } = openTestHub({ hasAccelerator: true, models, backends: [leaving] });
  const client = hub.connect();
  const { id, device } = await client.loadByName('m');
  expect(device.provider).toBe('wasm');
  expect(await client.compute(id, [input(1)])).toEqual({ outputs: [input(2)] });
  expect(openNamed).toHaveBeenCalledTimes(1);
  expect(loads).toMatchObject([{ parts: openModel().parts, options: { target: 'gpu', tried: steps } }]);
  expect(events).toMatchObject([{ type: 'fallback', steps, device }, { type: 'load' }]);
  engines[1]?.crash('it crashed');
  expect(await client.compute(id, [input(1)])).toEqual({ outputs: [input(2)] });
  expect(engines.map(({ kind, calls }) => [kind, calls.length])).toEqual([
    ['accelerator', 1],
    ['cpu', 2],
    ['cpu', 2],
  ]);
});
