import { beforeEach, describe, expect, it } from 'vitest';
import { echoName, FakeEngine } from '../bindings/guest.fixture.js';
import { WasiNNError } from '../standard/error.js';
import type { TensorValue } from '../standard/tensor.js';
import { isOnDevice } from './inference-client.js';
import { forClient, releaseAll, TensorReference, toReferences, withoutDeviceTensors } from './tensor-reference.js';

const value = (...bytes: number[]): TensorValue => ({
  type: 'U8',
  dimensions: [bytes.length],
  data: Uint8Array.from(bytes),
});

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

it('a tensor that has come by its value is does not depend on a client', async () => {
  const engine = new FakeEngine();
  const tensor = value(1);
  const held = new TensorReference(tensor);
  expect(held.value()).toBe(tensor);
  expect(held.forClient(engine)).toBe(tensor);
  held.release();
  expect(engine.calls).toEqual([]);
});

describe.each([
  ['synchronous', false],
  ['asynchronous', true],
])('a tensor on a device, of a client whose answers are %s,', (_what, asynchronous) => {
  let engine: FakeEngine;
  let held: TensorReference;
  let deviceTensor: number;

  beforeEach(async () => {
    engine = new FakeEngine({ asynchronous, keeps: true });
    const { id } = await engine.loadByName(echoName);
    const [output] = toReferences(await engine.compute(id, [['x', value(1, 2)]]), engine);
    if (!output || !isOnDevice(output[1].tensor)) throw new Error('the output has not stayed');
    held = output[1];
    deviceTensor = output[1].tensor.deviceTensor;
    engine.calls.length = 0;
  });

  const reads = () => engine.callsOf('readTensor');
  const releases = () => engine.callsOf('releaseTensor');

  it('answers in the manner of the client, and at once when it is known', async () => {
    const reading = held.value();
    expect(reading instanceof Promise).toBe(asynchronous);
    expect(await reading).toEqual(value(1, 2));
    expect(held.value()).toBe(await reading);
  });

  it('is read once, and given back then, however often and by how many it is asked for', async () => {
    const values = await Promise.all([held.value(), held.value()]);
    values.push(await held.value());
    expect(new Set(values).size).toBe(1);
    held.hold().release();
    held.release();
    expect(engine.calls).toEqual([
      ['readTensor', deviceTensor],
      ['releaseTensor', deviceTensor],
    ]);
    expect(engine.deviceTensors.size).toBe(0);
  });

  it('is given back by the last of its holders, once, and never read where nobody asks', async () => {
    held.hold();
    held.release();
    expect(releases()).toEqual([]);
    held.release();
    held.release();
    await settle();
    expect(engine.calls).toEqual([['releaseTensor', deviceTensor]]);
    expect(engine.deviceTensors.size).toBe(0);
  });

  it('is given back once where it is released while it is read', async () => {
    const reading = held.value();
    held.release();
    expect(await reading).toEqual(value(1, 2));
    await settle();
    expect(releases()).toEqual([['releaseTensor', deviceTensor]]);
  });

  it('is given back where it is released while it is read, and that fails', async () => {
    engine.faults.set('readTensor', new WasiNNError('runtime-error', 'lost'));
    const reading = (async () => held.value())();
    held.release();
    await expect(reading).rejects.toThrow('lost');
    await settle();
    expect(releases()).toEqual([['releaseTensor', deviceTensor]]);
  });

  it('stays where reading it fails, for all who asked, and is read when it is next asked for', async () => {
    engine.faults.set('readTensor', new WasiNNError('too-large', 'read: too many calls'));
    const asked = [async () => held.value(), async () => held.value()].map((ask) => ask());
    const failed = { status: 'rejected', reason: { code: 'too-large' } };
    expect(await Promise.allSettled(asked)).toMatchObject([failed, failed]);
    expect(releases()).toEqual([]);
    engine.faults.clear();
    expect(await held.value()).toEqual(value(1, 2));
    expect(releases()).toEqual([['releaseTensor', deviceTensor]]);
  });

  it('is of no concern where it cannot be given back', async () => {
    engine.faults.set('releaseTensor', new WasiNNError('runtime-error', 'lost'));
    held.release();
    await settle();
    expect(releases()).toHaveLength(1);
  });

  it('is an input as it is for its own client, and by its value for another', async () => {
    expect(await held.forClient(engine)).toEqual({ type: 'U8', dimensions: [2], deviceTensor });
    expect(reads()).toEqual([]);
    expect(await held.forClient(new FakeEngine())).toEqual(value(1, 2));
    expect(await held.forClient(engine)).toEqual(value(1, 2));
    expect(reads()).toHaveLength(1);
  });

  it('is an input by its value where that is on its way', async () => {
    const reading = held.value();
    expect(await held.forClient(engine)).toBe(await reading);
  });

  it('is an input among others, in their order', async () => {
    const own = new TensorReference(value(9));
    const other = new FakeEngine();
    const ready = await forClient(
      [
        ['a', held],
        ['b', own],
      ],
      other,
    );
    expect(ready).toEqual([
      ['a', value(1, 2)],
      ['b', value(9)],
    ]);
    releaseAll([['a', held]]);
    releaseAll(undefined);
    expect(releases()).toHaveLength(1);
  });
});

describe.each([
  ['synchronous', false],
  ['asynchronous', true],
])('of a client without residents, whose answers are %s,', (_what, asynchronous) => {
  const inputs = () => [['a', value(1, 2)] as const, ['b', value(3)] as const];

  async function open() {
    const engine = new FakeEngine({ asynchronous, keeps: true, inputs: 'any' });
    const client = withoutDeviceTensors(engine);
    const { id } = await client.loadByName(echoName);
    return { engine, client, id };
  }

  it('outputs come by their values, each read and given back once', async () => {
    const { engine, client, id } = await open();
    const computing = client.compute(id, inputs());
    expect(computing instanceof Promise).toBe(asynchronous);
    expect(await computing).toEqual(inputs());
    await settle();
    expect([engine.callsOf('readTensor').length, engine.callsOf('releaseTensor').length]).toEqual([2, 2]);
    expect(engine.deviceTensors.size).toBe(0);
  });

  it('all outputs are given back where one cannot be read', async () => {
    const { engine, client, id } = await open();
    engine.faults.set('readTensor', new WasiNNError('runtime-error', 'read: lost'));
    await expect((async () => client.compute(id, inputs()))()).rejects.toThrow('read: lost');
    await settle();
    expect(engine.callsOf('releaseTensor')).toHaveLength(2);
    expect(engine.deviceTensors.size).toBe(0);
  });
});
