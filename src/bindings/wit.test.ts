import { beforeEach, describe, expect, it } from 'vitest';
import { dataOf, unused } from '../rpc/client.fixture.js';
import type { GraphInfo, InferenceClient } from '../rpc/inference-client.js';
import { maximumContexts } from '../rpc/limits.js';
import { type ErrorCode, errorCodes, WasiNNError } from '../standard/error.js';
import { type NamedTensor, tensorTypes } from '../standard/tensor.js';
import { createWitBinding, type WitBinding, WitGraph, WitGraphExecutionContext, WitTensor } from './wit.js';
import { WitError } from './wit-error.js';

/** An engine with one kind of graph, that answers its inputs as outputs. It takes the buffers, as a client with a port does. */
function createFakeClient(asynchronous: boolean) {
  const calls: unknown[][] = [];
  const faults = new Map<keyof InferenceClient, unknown>();
  let nextId = 0;

  function answer<Value>(operation: keyof InferenceClient, value: () => Value): Value | Promise<Value> {
    if (!asynchronous) {
      if (faults.has(operation)) throw faults.get(operation);
      return value();
    }
    if (faults.has(operation)) return Promise.reject(faults.get(operation));
    return Promise.resolve(value());
  }

  const info = (): GraphInfo => ({
    id: nextId++,
    backend: 'fake',
    device: { target: 'cpu', provider: 'wasm', description: 'fake' },
    inputs: [
      { name: 'a', type: 'U8', shape: ['n'] },
      { name: 'b', type: 'U8', shape: [1] },
    ],
    outputs: [],
  });

  const client: InferenceClient = {
    load: (...values) => {
      calls.push(['load', ...values]);
      return answer('load', info);
    },
    loadByName: (name) => {
      calls.push(['loadByName', name]);
      return answer('loadByName', info);
    },
    compute: (graph, inputs, { keepsInputs = false } = {}) => {
      calls.push(['compute', graph, inputs.map(([name, tensor]) => [name, ...dataOf(tensor)])]);
      const outputs: NamedTensor[] = inputs.map(([name, tensor]) => {
        const data = dataOf(tensor);
        const transfer = keepsInputs ? [] : [data.buffer];
        return [`${name}-out`, { ...tensor, data: structuredClone(data, { transfer }) }];
      });
      return answer('compute', () => outputs);
    },
    unload: (graph) => {
      calls.push(['unload', graph]);
      return answer('unload', () => undefined);
    },
    readTensor: unused.readTensor,
    releaseTensor: unused.releaseTensor,
    startText: unused.startText,
    readText: unused.readText,
    stopText: unused.stopText,
  };
  return {
    client,
    calls,
    faults,
    callsOf: (operation: keyof InferenceClient) => calls.filter(([name]) => name === operation),
  };
}

const bytes = (...values: number[]) => new WitTensor(Uint32Array.of(values.length), 'U8', Uint8Array.from(values));

/** What is thrown, now or later: an error of wasi-nn is no JavaScript `Error`. */
async function thrownBy(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (cause) {
    return cause;
  }
  throw new Error('nothing was thrown');
}

async function expectWitError(action: () => unknown, code: ErrorCode, data: string | RegExp): Promise<void> {
  const thrown = await thrownBy(action);
  if (!(thrown instanceof WitError)) throw new Error('what was thrown is no WitError', { cause: thrown });
  expect(thrown).not.toBeInstanceOf(Error);
  expect(thrown.code()).toBe(code);
  expect(thrown.data()).toMatch(data);
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the binding', () => {
  const { tensor, errors, graph, inference } = createWitBinding(createFakeClient(false).client);

  it('has one object for each interface, with its resources as classes', () => {
    expect(tensor.Tensor).toBe(WitTensor);
    expect(errors.Error).toBe(WitError);
    expect(graph.Graph).toBe(WitGraph);
    expect(inference.GraphExecutionContext).toBe(WitGraphExecutionContext);
    expect([typeof graph.load, typeof graph.loadByName]).toEqual(['function', 'function']);
  });

  it('makes objects that jco can hang its handle on', async () => {
    const loaded = await graph.loadByName('m');
    for (const resource of [bytes(1), new WitError('unknown', ''), loaded, loaded.initExecutionContext()]) {
      expect(Object.isExtensible(resource)).toBe(true);
    }
  });
});

it('reports the errors that it answers the guest with', async () => {
  const fake = createFakeClient(true);
  const reported: unknown[] = [];
  const binding = createWitBinding(fake.client, undefined, ({ code, message }, functionName) => {
    reported.push([functionName, code, message]);
    throw new Error('the log is full');
  });
  const context = (await binding.graph.loadByName('m')).initExecutionContext();
  fake.faults.set('load', new WasiNNError('not-found', 'no such model'));
  await expectWitError(() => binding.graph.load([], 'onnx', 'cpu'), 'not-found', /no such model/);
  await expectWitError(async () => context.getOutput('y'), 'runtime-error', /no outputs yet/);
  expect(reported).toEqual([
    ['load', 'not-found', 'no such model'],
    ['get-output', 'runtime-error', expect.stringContaining('no outputs yet')],
  ]);
});

describe('Tensor', () => {
  it.each(tensorTypes)('gives back what it was made of: %s', (type) => {
    const data = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const tensor = new WitTensor(Uint32Array.of(1, 2), type, data);
    expect(tensor.dimensions()).toEqual(Uint32Array.of(1, 2));
    expect(tensor.ty()).toBe(type);
    expect(tensor.data()).toEqual(data);
  });

  it.each([
    ['a scalar', [], new Uint8Array(4)],
    ['too few bytes', [1000], new Uint8Array(1)],
    ['too many bytes', [1], new Uint8Array(1000)],
    ['an absurd shape', [0xffffffff, 0xffffffff, 0xffffffff], new Uint8Array()],
    ['a list of numbers', [1, 2, 3], new Uint8Array(12)],
  ] satisfies [string, number[], Uint8Array<ArrayBuffer>][])('is made of anything: %s', (_what, dimensions, data) => {
    const tensor = new WitTensor(dimensions, 'FP32', data);
    expect([...tensor.dimensions()]).toEqual(dimensions);
    expect(tensor.data()).toBe(data);
  });

  it('does not change with the dimensions it was made of, nor with those it gave', () => {
    const dimensions = Uint32Array.of(2, 3);
    const tensor = new WitTensor(dimensions, 'U8', new Uint8Array(6));
    dimensions[0] = 9;
    tensor.dimensions().fill(7);
    expect([...tensor.dimensions()]).toEqual([2, 3]);
  });
});

describe('Error', () => {
  it.each(errorCodes)('has a code and words: %s', (code) => {
    const error = new WitError(code, 'in words');
    expect([error.code(), error.data()]).toEqual([code, 'in words']);
    expect(error).not.toBeInstanceOf(Error);
  });
});

describe.each([
  ['synchronous', false],
  ['asynchronous', true],
])('of a client whose answers are %s', (_what, asynchronous) => {
  let fake: ReturnType<typeof createFakeClient>;
  let binding: WitBinding;

  beforeEach(() => {
    fake = createFakeClient(asynchronous);
    binding = createWitBinding(fake.client);
  });

  const context = async () => (await binding.graph.loadByName('m')).initExecutionContext();

  it('answers in the manner of the client', async () => {
    const loading = binding.graph.loadByName('m');
    expect(loading instanceof Promise).toBe(asynchronous);
    const computing = (await loading).initExecutionContext().compute([['a', bytes(1)]]);
    expect(computing instanceof Promise).toBe(asynchronous);
    await computing;
  });

  describe('load and load-by-name', () => {
    it('pass on what the guest gives', async () => {
      const builders = [Uint8Array.of(1), Uint8Array.of(2)];
      expect(await binding.graph.load(builders, 'openvino', 'tpu')).toBeInstanceOf(WitGraph);
      expect(await binding.graph.loadByName('squeezenet')).toBeInstanceOf(WitGraph);
      expect(fake.calls).toEqual([
        ['load', builders, 'openvino', 'tpu'],
        ['loadByName', 'squeezenet'],
      ]);
    });

    it.each([
      [new WasiNNError('not-found', 'no such model'), 'not-found', /^no such model$/],
      [new RangeError('out of memory'), 'unknown', /^load(-by-name)?: out of memory$/],
      [13_372_040, 'unknown', /^load(-by-name)?: the runtime stopped with the bare code 13372040$/],
      ['abort', 'unknown', /^load(-by-name)?: abort$/],
      [undefined, 'unknown', /^load(-by-name)?: undefined$/],
      [Object.create(null), 'unknown', /^load(-by-name)?: ./],
    ] satisfies [unknown, ErrorCode, RegExp][])('fail with an error of wasi-nn (%#)', async (fault, code, data) => {
      fake.faults.set('load', fault).set('loadByName', fault);
      await expectWitError(() => binding.graph.load([Uint8Array.of(1)], 'onnx', 'cpu'), code, data);
      await expectWitError(() => binding.graph.loadByName('m'), code, data);
    });
  });

  describe('compute with inputs', () => {
    it('gives the outputs by name, in the order of the engine', async () => {
      const running = await context();
      const outputs = await running.compute([
        ['b', bytes(9)],
        ['a', new WitTensor([2, 1], 'I64', Uint8Array.of(1, 2))],
      ]);
      expect(fake.callsOf('compute')).toEqual([
        [
          'compute',
          0,
          [
            ['b', 9],
            ['a', 1, 2],
          ],
        ],
      ]);
      expect(outputs?.map(([name]) => name)).toEqual(['b-out', 'a-out']);
      const tensor = outputs?.[1]?.[1];
      expect(tensor).toBeInstanceOf(WitTensor);
      expect([tensor?.ty(), ...(tensor?.dimensions() ?? []), ...((await tensor?.data()) ?? [])]).toEqual([
        'I64',
        2,
        1,
        1,
        2,
      ]);
    });

    it('gives no outputs where there are none', async () => {
      expect(await (await context()).compute([])).toEqual([]);
    });

    it.each([
      [new WasiNNError('invalid-argument', 'compute: input "a" is missing'), 'invalid-argument', /^compute: input "a"/],
      [new TypeError('no tensor'), 'unknown', /^compute: no tensor$/],
      [7, 'unknown', /^compute: the runtime stopped with the bare code 7$/],
    ] satisfies [unknown, ErrorCode, RegExp][])('fails with an error of wasi-nn (%#)', async (fault, code, data) => {
      const running = await context();
      fake.faults.set('compute', fault);
      await expectWitError(() => running.compute([['a', bytes(1)]]), code, data);
      fake.faults.clear();
      expect(await running.compute([['a', bytes(1)]])).toHaveLength(1);
    });

    it('does not need set-input, nor does it see what that set', async () => {
      const running = await context();
      running.setInput('b', bytes(5));
      await running.compute([['a', bytes(1)]]);
      expect(fake.callsOf('compute')).toEqual([['compute', 0, [['a', 1]]]]);
    });
  });

  describe('set-input, compute and get-output', () => {
    it('work together, with names and positions', async () => {
      const running = await context();
      running.setInput('a', bytes(1, 2));
      running.setInput('1', bytes(3));
      expect(await running.compute()).toBeUndefined();
      expect([...(await running.getOutput('a-out').data())]).toEqual([1, 2]);
      expect([...(await running.getOutput('1').data())]).toEqual([3]);
      expect([...running.getOutput('a-out').dimensions()]).toEqual([2]);
    });

    it('keep the inputs for the next time, and take a new one in place of an old', async () => {
      const running = await context();
      running.setInput('a', bytes(1));
      running.setInput('b', bytes(2));
      await running.compute();
      running.setInput('0', bytes(8, 9));
      await running.compute();
      expect(fake.callsOf('compute').map(([, , inputs]) => inputs)).toEqual([
        [
          ['a', 1],
          ['b', 2],
        ],
        [
          ['a', 8, 9],
          ['b', 2],
        ],
      ]);
    });

    it('keep contexts of one graph apart', async () => {
      const graph = await binding.graph.loadByName('m');
      const [first, second] = [graph.initExecutionContext(), graph.initExecutionContext()];
      first.setInput('a', bytes(1));
      second.setInput('a', bytes(2));
      await first.compute();
      await second.compute();
      expect((await first.getOutput('0').data())[0]).toBe(1);
      expect((await second.getOutput('0').data())[0]).toBe(2);
    });

    it.each([
      ['c', bytes(1), /^set-input: the graph has no input "c"; it has "a" U8 \[n\], "b" U8 \[1\]$/],
      ['2', bytes(1), /^set-input: the graph has no input "2"/],
      ['b', bytes(1, 2), /^set-input: input "b" expects U8 \[1\], but the shape \[2\] came$/],
      [
        'a',
        new WitTensor([1], 'FP32', new Uint8Array(4)),
        /^set-input: input "a" expects U8 \[n\], but FP32 \[1\] came/,
      ],
      ['a', new WitTensor([3], 'U8', new Uint8Array(2)), /^set-input: input "a": U8 \[3\] has 3 bytes, but 2 came$/],
    ] satisfies [string, WitTensor, RegExp][])('refuse a wrong input at once: %s (%#)', async (name, tensor, data) => {
      const running = await context();
      await expectWitError(() => running.setInput(name, tensor), 'invalid-argument', data);
    });

    it('have no output before compute, nor after it failed', async () => {
      const running = await context();
      const missing = /^get-output: the context has no outputs yet: call compute first/;
      await expectWitError(() => running.getOutput('a-out'), 'runtime-error', missing);
      running.setInput('a', bytes(1));
      await running.compute();
      expect(running.getOutput('0').data()).toHaveLength(1);

      fake.faults.set('compute', new WasiNNError('timeout', 'compute: too slow'));
      await expectWitError(() => running.compute(), 'timeout', /^compute: too slow$/);
      await expectWitError(() => running.getOutput('a-out'), 'runtime-error', missing);
    });

    it.each(['a', '1', '-1', '', 'n'.repeat(1_000_000)])('refuse an output that is not there (%#)', async (name) => {
      const running = await context();
      running.setInput('a', bytes(1));
      await running.compute();
      const thrown = await thrownBy(() => running.getOutput(name));
      if (!(thrown instanceof WitError)) throw new Error('what was thrown is no WitError', { cause: thrown });
      expect(thrown.code()).toBe('invalid-argument');
      expect(thrown.data()).toMatch(/^get-output: the graph has no output ".*"; it has "a-out"$/);
      expect(thrown.data().length).toBeLessThan(400);
    });
  });

  describe('a graph is unloaded', () => {
    it('once, when it is dropped', async () => {
      const graph = await binding.graph.loadByName('m');
      expect(fake.callsOf('unload')).toEqual([]);
      graph[Symbol.dispose]();
      graph[Symbol.dispose]();
      expect(fake.callsOf('unload')).toEqual([['unload', 0]]);
    });

    it('when the last of its contexts is dropped after it', async () => {
      const graph = await binding.graph.loadByName('m');
      const [first, second] = [graph.initExecutionContext(), graph.initExecutionContext()];
      graph[Symbol.dispose]();
      first[Symbol.dispose]();
      first[Symbol.dispose]();
      graph[Symbol.dispose]();
      expect(fake.callsOf('unload')).toEqual([]);
      expect(await second.compute([['a', bytes(1)]])).toHaveLength(1);
      second[Symbol.dispose]();
      second[Symbol.dispose]();
      expect(fake.callsOf('unload')).toEqual([['unload', 0]]);
    });

    it('after as many contexts as a guest may have, of which any that is dropped makes room', async () => {
      const graph = await binding.graph.loadByName('m');
      const contexts = Array.from({ length: maximumContexts }, () => graph.initExecutionContext());
      const another = await binding.graph.loadByName('m');
      expect(() => another.initExecutionContext()).toThrow(WitError);
      contexts.pop()?.[Symbol.dispose]();
      another.initExecutionContext()[Symbol.dispose]();
      for (const context of contexts) context[Symbol.dispose]();
      graph[Symbol.dispose]();
      expect(fake.callsOf('unload')).toEqual([['unload', 0]]);
    });

    it('when it is dropped after all of its contexts', async () => {
      const graph = await binding.graph.loadByName('m');
      graph.initExecutionContext()[Symbol.dispose]();
      expect(fake.callsOf('unload')).toEqual([]);
      graph[Symbol.dispose]();
      expect(fake.callsOf('unload')).toEqual([['unload', 0]]);
    });

    it('alone, and not another', async () => {
      const [first, second] = [await binding.graph.loadByName('m'), await binding.graph.loadByName('m')];
      second[Symbol.dispose]();
      expect(fake.callsOf('unload')).toEqual([['unload', 1]]);
      first[Symbol.dispose]();
      expect(fake.callsOf('unload')).toEqual([
        ['unload', 1],
        ['unload', 0],
      ]);
    });

    it('without a sound where the engine is gone', async () => {
      fake.faults.set('unload', new WasiNNError('runtime-error', 'the engine worker failed'));
      const graph = await binding.graph.loadByName('m');
      expect(() => graph[Symbol.dispose]()).not.toThrow();
      await settle();
    });
  });
});
