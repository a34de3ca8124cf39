import { afterEach, describe, expect, it } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import type { NamedTensor } from '../standard/tensor.js';
import type { EngineConnection } from './connection.js';
import { unused } from './link.fixture.js';
import type { GraphInfo } from './link.js';
import type { FailedCall } from './loss.js';
import { isOpenMessage, type LossMessage } from './protocol.js';
import { serve } from './serve.js';
import { createSteadyMessageLink, type SteadyLink } from './steady-link.js';

/** Links whose engine is lost under them. Those of threads that block are met in the browser (`e2e/replacement`). */

const info = (id: number): GraphInfo => ({
  id,
  backend: 'fake',
  device: { target: 'cpu', provider: 'wasm', description: 'fake' },
  inputs: [],
  outputs: [],
});

const opened: MessagePort[] = [];

afterEach(() => {
  for (const port of opened.splice(0)) port.close();
});

/** An engine that writes down what it is asked, and answers when it is let. */
function createFakeEngine(firstId: number) {
  const calls: string[] = [];
  let gate: Promise<void> = Promise.resolve();
  let nextId = firstId;
  const connection: EngineConnection = {
    async load(parts, encoding, target) {
      calls.push(`load ${parts.map((part) => part.join('.'))} ${encoding} ${target}`);
      await gate;
      return info(nextId++);
    },
    async loadByName(name) {
      calls.push(`loadByName ${name}`);
      await gate;
      return info(nextId++);
    },
    async compute(graph, inputs) {
      calls.push(`compute ${graph}`);
      await gate;
      return inputs;
    },
    async unload(graph) {
      calls.push(`unload ${graph}`);
    },
    readTensor: unused.readTensor,
    releaseTensor: unused.releaseTensor,
    close: async () => undefined,
  };
  return {
    calls,
    connection,
    /** From now on nothing is answered. */
    stall: () => {
      gate = new Promise(() => undefined);
    },
  };
}

type FakeEngine = ReturnType<typeof createFakeEngine>;

/** A page that gives its guest one engine after another. */
function openLine(...engines: readonly FakeEngine[]): {
  link: SteadyLink;
  lose(failed?: readonly FailedCall[]): void;
} {
  const { port1: line, port2 } = new MessageChannel();
  opened.push(line, port2);
  let generation = 0;
  line.onmessage = ({ data }) => {
    if (!isOpenMessage(data) || !('port' in data)) return;
    opened.push(data.port);
    const engine = engines[generation++];
    if (engine) serve(data.port, engine.connection);
  };
  return {
    link: createSteadyMessageLink(port2),
    lose(failed = []) {
      const message: LossMessage = { failed };
      line.postMessage(message);
    },
  };
}

function tensor(byteLength: number): NamedTensor {
  return ['x', { type: 'U8', dimensions: [byteLength], data: new Uint8Array(byteLength).fill(7) }];
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

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
    const failing = expect(link.compute(id, [tensor(2 << 20)])).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining('call again'),
    });
    await until(() => first.calls.length === 2);
    lose();
    await failing;
    expect(await link.compute(id, [tensor(2 << 20)])).toHaveLength(1);
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
