import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import type { ExecutionTarget } from '../standard/graph.js';
import { closePorts, createFakeEngine, info, openLine, openLines, tensor, until } from './steady-link.fixture.js';

/** Links whose engine is lost under them. Those of threads that block are met in the browser (`e2e/replacement`). */

beforeEach(() => {
  vi.stubGlobal('navigator', {});
});

afterEach(() => {
  vi.unstubAllGlobals();
  closePorts();
});

describe('when its engine is lost, a link', () => {
  it('loads its graphs anew when they are computed, by name and from bytes, and keeps their numbers', async () => {
    const [first, second] = [createFakeEngine(0), createFakeEngine(40)];
    const { link, lose } = openLine(first, second);
    const named = await link.loadByName('m');
    const own = await link.load([Uint8Array.of(1, 2), Uint8Array.of(3)], 'onnx', 'gpu');
    await link.loadByName('never computed');
    await link.compute(named.id, [tensor(4)]);
    lose();
    expect(await link.compute(own.id, [tensor(4)])).toEqual([tensor(4)]);
    expect(await link.compute(named.id, [tensor(4)])).toEqual([tensor(4)]);
    expect(await link.compute(named.id, [tensor(4)])).toEqual([tensor(4)]);
    expect(second.calls).toEqual(['load 1.2,3 onnx gpu', 'compute 40', 'loadByName m', 'compute 41', 'compute 41']);
    expect((await link.loadByName('n')).id).not.toBe(named.id);
  });

  it('makes the calls again that only waited', async () => {
    const [first, second] = [createFakeEngine(0), createFakeEngine(0)];
    const { link, lose } = openLine(first, second);
    const { id } = await link.loadByName('m');
    first.stall();
    const calls = [
      link.compute(id, [tensor(4)]),
      link.compute(id, [tensor(5)]),
      link.loadByName('n'),
      link.load([Uint8Array.of(9)], 'onnx', 'cpu'),
    ];
    await until(() => first.calls.length === 5);
    lose();
    expect(await Promise.all(calls)).toEqual([
      [tensor(4)],
      [tensor(5)],
      { ...info(0), id: expect.any(Number) },
      { ...info(0), id: expect.any(Number) },
    ]);
    // Two computations at once load the graph once.
    expect(second.calls.filter((call) => call === 'loadByName m')).toHaveLength(1);
  });

  it('fails the call that the engine worked on, with the reason, and no other', async () => {
    const [first, second] = [createFakeEngine(0), createFakeEngine(0)];
    const { link, lose } = openLine(first, second);
    const { id } = await link.loadByName('m');
    first.stall();
    const calls = [link.compute(id, [tensor(4)]), link.compute(id, [tensor(5)])];
    await until(() => first.calls.length === 3);
    lose([{ call: 1, error: { code: 'timeout', message: 'compute: too long' } }]);
    expect(await Promise.allSettled(calls)).toMatchObject([
      { status: 'rejected', reason: { name: 'WasiNNError', code: 'timeout', message: 'compute: too long' } },
      { status: 'fulfilled', value: [tensor(5)] },
    ]);
  });

  it('asks for a call anew where its inputs were too many to be kept', async () => {
    const [first, second] = [createFakeEngine(0), createFakeEngine(0)];
    const { link, lose } = openLine(first, second);
    const { id } = await link.loadByName('m');
    first.stall();
    const failing = expect(link.compute(id, [tensor((16 << 20) + 1)])).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining('call again'),
    });
    await until(() => first.calls.length === 2);
    lose();
    await failing;
    expect(await link.compute(id, [tensor((16 << 20) + 1)])).toHaveLength(1);
  });

  it('gives up a call that takes down engine after engine', async () => {
    const engines = Array.from({ length: 9 }, () => createFakeEngine(0));
    for (const engine of engines) engine.stall();
    const { link, lose } = openLine(...engines);
    const failing = expect(link.loadByName('m')).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining('the engine was replaced'),
    });
    for (const engine of engines.slice(0, 5)) {
      await until(() => engine.calls.length === 1);
      lose();
    }
    await failing;
    expect(engines[5]?.calls).toEqual([]);
  });

  it('forgets what was unloaded, whether its engine is there or not', async () => {
    const [first, second] = [createFakeEngine(0), createFakeEngine(0)];
    const { link, lose } = openLine(first, second);
    const [one, two] = [await link.loadByName('m'), await link.loadByName('n')];
    await link.unload(one.id);
    expect(first.calls).toContain('unload 0');
    lose();
    await link.unload(two.id);
    await link.unload(two.id);
    for (const { id } of [one, two]) {
      await expect(link.compute(id, [])).rejects.toMatchObject({ code: 'invalid-argument' });
    }
    expect(second.calls).toEqual([]);
  });

  it('tries again to load a graph where that failed', async () => {
    const [first, second] = [createFakeEngine(0), createFakeEngine(0)];
    const { link, lose } = openLine(first, second);
    const { id } = await link.loadByName('m');
    const { loadByName } = second.connection;
    second.connection.loadByName = async () => {
      second.connection.loadByName = loadByName;
      throw new WasiNNError('runtime-error', 'load-by-name: out of memory');
    };
    lose();
    await expect(link.compute(id, [])).rejects.toMatchObject({ message: 'load-by-name: out of memory' });
    expect(await link.compute(id, [])).toEqual([]);
  });
});

it('a link that is ended rejects what is under way and what follows', async () => {
  const engine = createFakeEngine(0);
  engine.stall();
  const { link } = openLine(engine);
  const gone = { code: 'runtime-error', message: 'gone' };
  const failing = expect(link.loadByName('m')).rejects.toMatchObject(gone);
  await until(() => engine.calls.length === 1);
  link.fail(new WasiNNError('runtime-error', 'gone'));
  await failing;
  await expect(link.loadByName('m')).rejects.toMatchObject(gone);
});

describe('where there are two lanes, a link', () => {
  beforeEach(() => {
    vi.stubGlobal('navigator', { gpu: {} });
  });

  it('loads each graph in that of its target, and computes it there', async () => {
    const [cpu, accelerated] = [createFakeEngine(0), createFakeEngine(40)];
    const { link } = openLines({ cpu: [cpu], accelerated: [accelerated] }, { c: 'cpu', g: 'gpu', t: 'tpu' });
    const graphs = [
      await link.load([Uint8Array.of(1)], 'onnx', 'gpu'),
      await link.load([Uint8Array.of(2)], 'onnx', 'cpu'),
      await link.load([Uint8Array.of(3)], 'onnx', 'tpu'),
    ];
    for (const name of ['g', 'c', 't']) graphs.push(await link.loadByName(name));
    for (const { id } of graphs) await link.compute(id, [tensor(4)]);
    for (const { id } of graphs) await link.unload(id);
    expect(new Set(graphs.map(({ id }) => id)).size).toBe(6);
    const computed = (...ids: number[]) => [...ids.map((id) => `compute ${id}`), ...ids.map((id) => `unload ${id}`)];
    expect(cpu.calls).toEqual(['load 2 onnx cpu', 'loadByName c', ...computed(0, 1)]);
    expect(accelerated.calls).toEqual([
      'load 1 onnx gpu',
      'load 3 onnx tpu',
      'loadByName g',
      'loadByName t',
      ...computed(40, 41, 42, 43),
    ]);
  });

  it('goes on in one while the other stands still', async () => {
    const [cpu, accelerated] = [createFakeEngine(0), createFakeEngine(0)];
    const { link } = openLines({ cpu: [cpu], accelerated: [accelerated] }, { t: 'tpu' });
    cpu.stall();
    const standing = link.load([Uint8Array.of(1)], 'onnx', 'cpu');
    const { id } = await link.loadByName('t');
    expect(await link.compute(id, [tensor(4)])).toEqual([tensor(4)]);
    link.fail(new WasiNNError('runtime-error', 'gone'));
    await expect(standing).rejects.toThrow('gone');
  });

  it('that loses the engine of one keeps its graphs in the other', async () => {
    const cpu = [createFakeEngine(0), createFakeEngine(0)] as const;
    const accelerated = [createFakeEngine(0), createFakeEngine(0)] as const;
    const { link, lose } = openLines({ cpu, accelerated }, { c: 'cpu', t: 'tpu' });
    const graphs = [await link.loadByName('c'), await link.loadByName('t')];
    const computeAll = () => Promise.all(graphs.map(({ id }) => link.compute(id, [tensor(4)])));
    accelerated[0].stall();
    const waiting = computeAll();
    await until(() => accelerated[0].calls.includes('compute 0'));
    lose('accelerated');
    expect(await waiting).toEqual([[tensor(4)], [tensor(4)]]);
    await computeAll();
    expect(cpu[0].calls).toEqual(['loadByName c', 'compute 0', 'compute 0']);
    expect(accelerated[1].calls).toEqual(['loadByName t', 'compute 0', 'compute 0']);

    lose('cpu');
    await computeAll();
    expect(cpu[1].calls).toEqual(['loadByName c', 'compute 0']);
    expect(accelerated[1].calls).toHaveLength(4);
  });

  it('follows a model whose target has changed when it is loaded again, and leaves the graphs of before', async () => {
    const cpu = [createFakeEngine(0)];
    const accelerated = [createFakeEngine(0), createFakeEngine(0)] as const;
    const targets: Record<string, ExecutionTarget> = { m: 'gpu' };
    const { link, lose } = openLines({ cpu, accelerated }, targets);
    const before = await link.loadByName('m');
    targets.m = 'cpu';
    const after = await link.loadByName('m');
    lose('accelerated');
    for (const { id } of [before, after]) await link.compute(id, [tensor(4)]);
    expect(cpu[0]?.calls).toEqual(['loadByName m', 'compute 0']);
    expect(accelerated[1].calls).toEqual(['loadByName m', 'compute 0']);
  });

  it('that is ended rejects what it has asked the page, and asks no more', async () => {
    const { link, asked } = openLines({ cpu: [], accelerated: [] });
    const gone = { code: 'runtime-error', message: 'gone' };
    const failing = expect(link.loadByName('unanswered')).rejects.toMatchObject(gone);
    await until(() => asked.length === 1);
    link.fail(new WasiNNError('runtime-error', 'gone'));
    await failing;
    for (const target of ['cpu', 'gpu'] as const) {
      await expect(link.load([Uint8Array.of(1)], 'onnx', target)).rejects.toMatchObject(gone);
    }
    await expect(link.loadByName('m')).rejects.toMatchObject(gone);
    expect(asked).toEqual(['unanswered']);
  });
});

it('a link that sees neither WebGPU nor WebNN has one lane, and asks nobody for it', async () => {
  const engine = createFakeEngine(0);
  const { link, asked } = openLines({ cpu: [engine], accelerated: [] }, { t: 'tpu' });
  await link.loadByName('t');
  await link.load([Uint8Array.of(1)], 'onnx', 'gpu');
  expect(engine.calls).toEqual(['loadByName t', 'load 1 onnx gpu']);
  expect(asked).toEqual([]);
});

describe('the device of a graph', () => {
  it('is the one of the engine that took over, once the graph is computed there', async () => {
    const [first, second] = [createFakeEngine(0), createFakeEngine(40)];
    second.moveTo('another device');
    const { link, lose } = openLine(first, second);
    const graph = await link.loadByName('m');
    lose();
    expect(graph.device.description).toBe('fake');
    await link.compute(graph.id, [tensor(4)]);
    expect(graph.device.description).toBe('another device');
  });

  it('is the one that it moved to in its engine, before and after the engine is lost', async () => {
    const [first, second] = [createFakeEngine(0), createFakeEngine(40)];
    const { link, lose } = openLine(first, second);
    const [graph, other] = [await link.loadByName('m'), await link.loadByName('n')];
    first.moveTo('moved');
    await link.compute(graph.id, [tensor(4)]);
    expect([graph.device.description, other.device.description]).toEqual(['moved', 'fake']);
    lose();
    await link.compute(graph.id, [tensor(4)]);
    second.moveTo('moved again');
    await link.compute(graph.id, [tensor(4)]);
    expect(graph.device.description).toBe('moved again');
  });
});

describe('a call without an answer', () => {
  it('is reported each second, for its lane', async () => {
    const engine = createFakeEngine(0);
    const { link, unanswered } = openLine(engine);
    const { id } = await link.loadByName('m');
    engine.stall();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    void link.compute(id, [tensor(4)]);
    vi.advanceTimersByTime(2000);
    vi.useRealTimers();
    await until(() => unanswered.length === 2);
    expect(unanswered).toEqual(['cpu', 'cpu']);
  });
});
