import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { GraphInfo, InferenceClient } from '../rpc/inference-client.js';
import type { NamedTensor, TensorType } from '../standard/tensor.js';
import { type TensorElements, toGraph } from './graph.js';

const info: GraphInfo = {
  id: 7,
  backend: 'fake',
  device: { target: 'cpu', provider: 'wasm', description: 'fake' },
  inputs: [{ name: 'x', type: 'FP32', shape: [2] }],
  outputs: 'any',
};

/** A graph that answers with its inputs, and what it is asked. */
function open() {
  const asked: unknown[] = [];
  const refuse = () => Promise.reject(new Error('not expected'));
  const client: InferenceClient = {
    load: refuse,
    loadByName: refuse,
    compute: async (graph, inputs) => {
      asked.push([graph, inputs]);
      return inputs;
    },
    unload: async (graph) => {
      asked.push(graph);
    },
    readTensor: refuse,
    releaseTensor: refuse,
    startText: refuse,
    readText: refuse,
    stopText: refuse,
  };
  return { graph: toGraph(client, info, new AbortController().signal), asked };
}

describe('a graph of a page', () => {
  it('says what it is', () => {
    const { id: _id, ...known } = info;
    expect(open().graph).toMatchObject(known);
  });

  it.each([
    ['FP32', Float32Array.of(1.5, -2)],
    ['FP64', Float64Array.of(1.5, -2)],
    ['U8', Uint8Array.of(1, 255)],
    ['I32', Int32Array.of(1, -2)],
    ['I64', BigInt64Array.of(1n, -2n)],
  ] satisfies [TensorType, TensorElements][])('takes and gives elements of %s', async (type, data) => {
    const { graph, asked } = open();
    const outputs = await graph.compute({ x: { dimensions: [2], data } });
    expect(outputs).toEqual({ x: { dimensions: [2], type, data } });
    expect(outputs.x?.data.buffer).not.toBe(data.buffer);
    const [[id, [[name, tensor]]]] = asked as [[number, NamedTensor[] & [NamedTensor]]];
    expect([id, name, tensor.type, tensor.data.byteLength]).toEqual([7, 'x', type, data.byteLength]);
  });

  it('takes half-precision numbers as bits, and needs their type', async () => {
    const { graph } = open();
    const data = Uint16Array.of(0x3c00, 0x7e01);
    const x = { dimensions: [2], data };
    expect(await graph.compute({ x: { ...x, type: 'FP16' } })).toEqual({ x: { ...x, type: 'FP16' } });
    await expect(graph.compute({ x })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'compute: input "x" needs a type (FP16 or BF16): its elements do not tell',
    });
  });

  it.each(['Float32Array', 'Float64Array', 'Uint8Array', 'Int32Array', 'BigInt64Array'])(
    'takes a %s of another realm, as an iframe is one',
    async (name) => {
      const { graph } = open();
      const elements = name === 'BigInt64Array' ? '[1n, 2n]' : '[1, 2]';
      const data = runInNewContext(`${name}.of(...${elements})`);
      const { x } = await graph.compute({ x: { dimensions: [2], data } });
      expect([x?.data.constructor.name, String(x?.data)]).toEqual([name, '1,2']);
    },
  );

  it.each(['__proto__', 'constructor', 'toString'])('takes and gives a tensor of the name %s', async (name) => {
    const { graph } = open();
    const x = { dimensions: [1], data: Float32Array.of(1) };
    const inputs = Object.fromEntries([[name, x]]);
    const outputs = [await graph.compute(inputs), await graph.compute(inputs, { outputs: 'device' })];
    for (const output of outputs) {
      expect(Object.keys(output)).toEqual([name]);
      expect(output[name]).toMatchObject({ dimensions: [1], type: 'FP32' });
    }
  });

  it('gives nothing of names that no output has', async () => {
    const { graph } = open();
    const outputs = await graph.compute({ x: { dimensions: [1], data: Float32Array.of(1) } });
    expect([outputs.constructor, outputs.toString, Reflect.get(outputs, '__proto__')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('takes a part of a buffer', async () => {
    const data = Float32Array.of(0, 1, 2, 3).subarray(1, 3);
    const { graph } = open();
    expect((await graph.compute({ x: { dimensions: [2], data } })).x?.data).toEqual(Float32Array.of(1, 2));
  });

  it.each([
    [
      '{ "dimensions": [2], "data": [1, 2] }',
      'has data that is a plain array: expected a Float32Array (FP32): pass Float32Array.from(data)',
    ],
    [
      '{ "dimensions": [2], "type": "I64", "data": [1] }',
      'has data that is a plain array: expected a BigInt64Array (I64): pass BigInt64Array.from(data)',
    ],
    ['{ "dimensions": [2], "data": "1, 2" }', 'has data that is string: expected a Float32Array (FP32)'],
    ['{ "dimensions": [2], "data": null }', 'has data that is null: expected a Float32Array (FP32)'],
    ['{ "data": [1, 2] }', 'has no dimensions: expected an array of numbers, such as [1, 28, 28]'],
    [
      '{ "dimensions": 2, "data": [1, 2] }',
      'has invalid dimensions: expected an array of numbers, such as [1, 28, 28]',
    ],
    ['{ "dimensions": [2] }', 'has no data, and is no output of a graph that has not been disposed of'],
    ['null', 'has no data, and is no output of a graph that has not been disposed of'],
  ])('says what is wrong with the input %s', async (json, reason) => {
    const { graph, asked } = open();
    await expect(graph.compute({ x: JSON.parse(json) })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: `compute: input "x" ${reason}`,
    });
    expect(asked).toEqual([]);
  });

  it('names a typed array where the graph does not say which', async () => {
    const { graph } = open();
    const data = JSON.parse('[1]');
    await expect(graph.compute({ other: { dimensions: [1], data } })).rejects.toThrow(
      'input "other" has data that is a plain array: expected a typed array',
    );
  });

  it('refuses another place for its outputs', async () => {
    const { graph } = open();
    await expect(graph.compute({}, JSON.parse('{ "outputs": "gpu" }'))).rejects.toThrow(
      'compute: outputs: expected bytes or device',
    );
  });

  it('is given back by await using', async () => {
    const { graph, asked } = open();
    {
      await using used = graph;
      expect(used.backend).toBe('fake');
    }
    expect(asked).toEqual([7]);
  });

  it('is given back', async () => {
    const { graph, asked } = open();
    await graph.dispose();
    expect(asked).toEqual([7]);
  });
});
