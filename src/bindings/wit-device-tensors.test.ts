import { beforeEach, describe, expect, it } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import { echoName, FakeEngine } from './guest.fixture.js';
import { createWitBinding, type WitBinding, type WitGraph, type WitGraphExecutionContext, WitTensor } from './wit.js';

/** Components whose outputs stay on a device: when they are read, and that each is given back, once. */

const dispose: typeof Symbol.dispose = Symbol.dispose;

const bytes = (...values: number[]) => new WitTensor(Uint32Array.of(values.length), 'U8', Uint8Array.from(values));

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe.each([
  ['synchronous', false],
  ['asynchronous', true],
])('of a client whose answers are %s', (_what, asynchronous) => {
  let engine: FakeEngine;
  let binding: WitBinding;
  let graph: WitGraph;
  let context: WitGraphExecutionContext;

  beforeEach(async () => {
    engine = new FakeEngine({ asynchronous, keeps: true });
    binding = createWitBinding(engine);
    graph = await binding.graph.loadByName(echoName);
    context = graph.initExecutionContext();
  });

  const reads = () => engine.callsOf('readTensor').length;

  /** That nothing is left on the device, and nothing was given back twice. */
  async function expectGivenBack(count: number): Promise<void> {
    await settle();
    expect(engine.deviceTensors.size).toBe(0);
    const released = engine.callsOf('releaseTensor').map(([, deviceTensor]) => deviceTensor);
    expect(released).toHaveLength(count);
    expect(new Set(released).size).toBe(count);
  }

  async function computeOn(tensor: WitTensor): Promise<WitTensor> {
    const [output] = (await context.compute([['x', tensor]])) ?? [];
    if (!output) throw new Error('there is no output');
    return output[1];
  }

  describe('an output of compute with inputs', () => {
    it('has its shape and type, and its bytes are read once', async () => {
      const output = await computeOn(bytes(1, 2));
      expect([output.ty(), ...output.dimensions()]).toEqual(['U8', 2]);
      expect(reads()).toBe(0);
      const both = [output.data(), output.data()];
      expect(both.map((data) => data instanceof Promise)).toEqual([asynchronous, asynchronous]);
      expect(await Promise.all(both)).toEqual([Uint8Array.of(1, 2), Uint8Array.of(1, 2)]);
      expect(await output.data()).toEqual(Uint8Array.of(1, 2));
      expect(reads()).toBe(1);
      output[dispose]();
      await expectGivenBack(1);
    });

    it('is given back when it is dropped, once', async () => {
      const output = await computeOn(bytes(1));
      output[dispose]();
      output[dispose]();
      await expectGivenBack(1);
      expect(reads()).toBe(0);
    });

    it('is computed on as it is, and consumed by that', async () => {
      const last = await computeOn(await computeOn(await computeOn(bytes(1, 2))));
      expect(reads()).toBe(0);
      expect(engine.deviceTensors.size).toBe(1);
      expect(await last.data()).toEqual(Uint8Array.of(1, 2));
      last[dispose]();
      await expectGivenBack(3);
    });

    it('is computed on by its bytes where they are there already', async () => {
      const output = await computeOn(bytes(1));
      await output.data();
      const next = await computeOn(output);
      expect(await next.data()).toEqual(Uint8Array.of(1));
      await expectGivenBack(2);
    });

    it('is consumed by a computation that fails, too', async () => {
      const output = await computeOn(bytes(1));
      await expect((async () => context.compute([['no such input', output]]))()).rejects.toMatchObject({});
      await expectGivenBack(1);
      const another = await computeOn(bytes(1));
      engine.faults.set('compute', new WasiNNError('timeout', 'compute: too long'));
      await expect((async () => context.compute([['x', another]]))()).rejects.toSatisfy(
        (error) => error.code() === 'timeout',
      );
      await expectGivenBack(2);
    });

    it('outlives its context and graph', async () => {
      const output = await computeOn(bytes(1));
      context[dispose]();
      graph[dispose]();
      expect(await output.data()).toEqual(Uint8Array.of(1));
      output[dispose]();
      await expectGivenBack(1);
      expect(engine.graphs.size).toBe(0);
    });

    it('that is lost says so, which traps the guest', async () => {
      const output = await computeOn(bytes(1));
      engine.faults.set('readTensor', new WasiNNError('runtime-error', 'a tensor that had stayed on a device is lost'));
      await expect((async () => output.data())()).rejects.toThrow(WasiNNError);
      engine.faults.set('releaseTensor', new WasiNNError('runtime-error', 'the engine is gone'));
      expect(() => output[dispose]()).not.toThrow();
      await settle();
    });
  });

  describe('an output of compute without inputs', () => {
    const set = (...values: number[]) => context.setInput('x', bytes(...values));

    it('is read once for all tensors that are got of it, and there until context and tensors are gone', async () => {
      set(1, 2);
      await context.compute();
      const [first, second] = [context.getOutput('0'), context.getOutput('x-out')];
      expect(reads()).toBe(0);
      expect([await first.data(), await second.data()]).toEqual([Uint8Array.of(1, 2), Uint8Array.of(1, 2)]);
      expect(reads()).toBe(1);
      for (const tensor of [first, second]) tensor[dispose]();
      expect(await context.getOutput('0').data()).toEqual(Uint8Array.of(1, 2));
      await expectGivenBack(1);
    });

    it('stays for a tensor that was got, after the next computation and the end of the context', async () => {
      set(1);
      await context.compute();
      const tensor = context.getOutput('0');
      set(2);
      await context.compute();
      expect(engine.deviceTensors.size).toBe(2);
      context[dispose]();
      context[dispose]();
      await settle();
      expect(engine.deviceTensors.size).toBe(1);
      expect(await tensor.data()).toEqual(Uint8Array.of(1));
      tensor[dispose]();
      await expectGivenBack(2);
    });

    it('is given back with its context, by the next computation, and by one that fails', async () => {
      set(1);
      await context.compute();
      await context.compute();
      await settle();
      expect(engine.deviceTensors.size).toBe(1);
      engine.faults.set('compute', new WasiNNError('timeout', 'compute: too long'));
      await expect((async () => context.compute())()).rejects.toMatchObject({});
      await expectGivenBack(2);
      engine.faults.clear();
      await context.compute();
      context[dispose]();
      await expectGivenBack(3);
    });

    it('can be an input that stays set', async () => {
      set(1, 2);
      await context.compute();
      const another = graph.initExecutionContext();
      another.setInput('x', context.getOutput('0'));
      context[dispose]();
      for (let round = 0; round < 2; round++) {
        await another.compute();
        expect(await another.getOutput('0').data()).toEqual(Uint8Array.of(1, 2));
      }
      expect(reads()).toBe(2);
      another.setInput('x', bytes(3));
      await settle();
      expect(engine.deviceTensors.size).toBe(0);
      another[dispose]();
      await expectGivenBack(3);
    });

    it('is given back with the context that it was set for', async () => {
      set(1);
      await context.compute();
      const another = graph.initExecutionContext();
      another.setInput('x', context.getOutput('0'));
      context[dispose]();
      await settle();
      expect(engine.deviceTensors.size).toBe(1);
      another[dispose]();
      another[dispose]();
      await expectGivenBack(1);
    });

    it('stays for the context where a tensor that was got is dropped twice', async () => {
      set(1);
      await context.compute();
      const tensor = context.getOutput('0');
      tensor[dispose]();
      tensor[dispose]();
      await settle();
      expect(engine.deviceTensors.size).toBe(1);
      context[dispose]();
      await expectGivenBack(1);
    });

    it('is given back where it is refused as an input', async () => {
      set(1);
      await context.compute();
      const tensor = context.getOutput('0');
      context[dispose]();
      const another = graph.initExecutionContext();
      expect(() => another.setInput('no such input', tensor)).toThrow();
      await expectGivenBack(1);
    });
  });
});

describe('a context that is dropped while it computes', () => {
  it('keeps nothing of what comes then', async () => {
    const engine = new FakeEngine({ asynchronous: true, keeps: true });
    const graph = await createWitBinding(engine).graph.loadByName(echoName);
    const context = graph.initExecutionContext();
    context.setInput('x', bytes(1));
    const computing = [context.compute(), context.compute()];
    context[dispose]();
    await Promise.all(computing);
    await settle();
    expect(engine.callsOf('compute')).toHaveLength(2);
    expect(engine.deviceTensors.size).toBe(0);
    expect(() => context.getOutput('0')).toThrow();
    context[dispose]();
    await settle();
    expect(engine.callsOf('releaseTensor')).toHaveLength(2);
  });
});
