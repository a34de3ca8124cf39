import { describe, expect, it } from 'vitest';
import { echoName, FakeEngine } from '../bindings/guest.fixture.js';
import type { InferenceClient } from '../rpc/inference-client.js';
import { WasiNNError } from '../standard/error.js';
import { type Graph, type PageTensor, toGraph } from './graph.js';

/** Outputs that a page leaves where they were computed. */

const x = { dimensions: [2], data: Uint8Array.of(1, 2) };

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A graph of an engine that keeps its outputs on a device, or does not. */
async function open({ keeps = true, engine = new FakeEngine({ asynchronous: true, keeps, inputs: 'any' }) } = {}) {
  const graph = toGraph(engine, await engine.loadByName(echoName), new AbortController().signal);
  const releases = () => engine.callsOf('releaseTensor').length;
  const reads = () => engine.callsOf('readTensor').length;
  return { engine, graph, reads, releases };
}

async function computeOne(graph: Graph): Promise<PageTensor> {
  const { x: tensor } = await graph.compute({ x }, { outputs: 'device' });
  if (!tensor) throw new Error('there is no output x');
  return tensor;
}

describe('an output that is left where it is', () => {
  it('has its shape and type, and gives a copy of its elements each time', async () => {
    const { graph, reads } = await open();
    const tensor = await computeOne(graph);
    expect(tensor).toMatchObject({ dimensions: [2], type: 'U8' });
    expect(reads()).toBe(0);
    const [first, second] = await Promise.all([tensor.read(), tensor.read()]);
    first.data.reverse();
    expect([second, await tensor.read()]).toEqual([
      { ...x, type: 'U8' },
      { ...x, type: 'U8' },
    ]);
    expect(reads()).toBe(1);
  });

  it('is an input as it is, as often as the page wants', async () => {
    const { engine, graph, reads } = await open();
    const tensor = await computeOne(graph);
    const { x: next } = await graph.compute({ x: tensor }, { outputs: 'device' });
    expect(reads()).toBe(0);
    expect(await graph.compute(next ? { x: next } : {})).toEqual({ x: { ...x, type: 'U8' } });
    await tensor.read();
    expect(await graph.compute({ x: tensor, y: tensor })).toEqual({ x: { ...x, type: 'U8' }, y: { ...x, type: 'U8' } });
    expect(await tensor.read()).toEqual({ ...x, type: 'U8' });
    next?.dispose();
    tensor.dispose();
    await settle();
    expect(engine.deviceTensors.size).toBe(0);
  });

  it('is given back by using', async () => {
    const { engine, graph } = await open();
    {
      using tensor = await computeOne(graph);
      expect(tensor.type).toBe('U8');
    }
    await settle();
    expect(engine.deviceTensors.size).toBe(0);
  });

  it('is given back once, however often it is disposed of, and is of no use then', async () => {
    const { engine, graph, releases } = await open();
    const tensor = await computeOne(graph);
    tensor.dispose();
    tensor.dispose();
    await settle();
    expect([engine.deviceTensors.size, releases()]).toEqual([0, 1]);
    await expect(tensor.read()).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'read: the tensor has been disposed of',
    });
    await expect(graph.compute({ x: tensor })).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'invalid-argument',
      message: 'compute: input "x" has no data, and is no output of a graph that has not been disposed of',
    });
    expect(engine.callsOf('compute')).toHaveLength(1);
  });

  it('can be disposed of while it is computed on and read', async () => {
    const { engine, graph, releases } = await open();
    const tensor = await computeOne(graph);
    const computing = graph.compute({ x: tensor });
    tensor.dispose();
    tensor.dispose();
    expect(await computing).toEqual({ x: { ...x, type: 'U8' } });
    const another = await computeOne(graph);
    const reading = another.read();
    another.dispose();
    expect(await reading).toEqual({ ...x, type: 'U8' });
    await settle();
    expect([engine.deviceTensors.size, releases()]).toEqual([0, 3]);
  });

  it('comes by its value for a graph of another client', async () => {
    const { graph, reads, engine } = await open();
    const other = await open({ keeps: false });
    const tensor = await computeOne(graph);
    expect(await other.graph.compute({ x: tensor })).toEqual({ x: { ...x, type: 'U8' } });
    expect(await other.graph.compute({ x: tensor })).toEqual({ x: { ...x, type: 'U8' } });
    expect(reads()).toBe(1);
    expect(engine.deviceTensors.size).toBe(0);
  });

  it('may have come to the page already, and can be used alike', async () => {
    const { graph, engine } = await open({ keeps: false });
    const tensor = await computeOne(graph);
    const { x: next } = await graph.compute({ x: tensor }, { outputs: 'device' });
    expect([await tensor.read(), await next?.read()]).toEqual([
      { ...x, type: 'U8' },
      { ...x, type: 'U8' },
    ]);
    tensor.dispose();
    await expect(tensor.read()).rejects.toMatchObject({ code: 'invalid-argument' });
    expect([...engine.callsOf('readTensor'), ...engine.callsOf('releaseTensor')]).toEqual([]);
  });

  it('that is lost says so', async () => {
    const { graph, engine } = await open();
    const tensor = await computeOne(graph);
    engine.faults.set('readTensor', new WasiNNError('runtime-error', 'a tensor that had stayed on a device is lost'));
    await expect(tensor.read()).rejects.toMatchObject({ code: 'runtime-error' });
    engine.faults.set('releaseTensor', new WasiNNError('runtime-error', 'gone'));
    tensor.dispose();
    await settle();
  });
});

describe('compute', () => {
  it('reads the outputs one after another, however many there are, and gives them back', async () => {
    const { engine } = await open();
    let underWay = 0;
    let most = 0;
    const client: InferenceClient = {
      ...engine,
      async readTensor(deviceTensor) {
        underWay++;
        most = Math.max(most, underWay);
        await settle();
        underWay--;
        return engine.readTensor(deviceTensor);
      },
    };
    const graph = toGraph(client, await engine.loadByName(echoName), new AbortController().signal);
    const inputs = Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`x${index}`, x]));
    expect(Object.keys(await graph.compute(inputs))).toEqual(Object.keys(inputs));
    await settle();
    expect([most, engine.deviceTensors.size]).toEqual([1, 0]);
  });

  it('gives all outputs back where one cannot be read', async () => {
    const { engine, graph, releases } = await open();
    engine.faults.set('readTensor', new WasiNNError('runtime-error', 'read: lost'));
    await expect(graph.compute({ x, y: x })).rejects.toMatchObject({ message: 'read: lost' });
    await settle();
    expect([engine.deviceTensors.size, releases()]).toEqual([0, 2]);
  });

  it.each([{}, { dimensions: [2] }, { read: async () => x, dispose: () => undefined, dimensions: [2], type: 'U8' }])(
    'refuses what is no tensor: %j',
    async (stranger) => {
      const { graph, engine } = await open();
      await expect(graph.compute({ x: stranger as unknown as PageTensor })).rejects.toMatchObject({
        name: 'WasiNNError',
        code: 'invalid-argument',
        message: expect.stringContaining('input "x" has no data'),
      });
      expect(engine.callsOf('compute')).toEqual([]);
    },
  );
});
