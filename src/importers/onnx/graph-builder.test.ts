import { describe, expect, it } from 'vitest';
import { limitsFor } from '../limits.js';
import { cast } from './casts.js';
import { constantOf, decode, int64s, numbersTensor } from './constants.js';
import type { ElementType } from './element-types.js';
import { GraphBuilder } from './graph-builder.js';
import { float, floats, subgraph } from './model.js';
import { channelsFirst, channelsLast, concat, lengthOf, reshape, shapeOf, slice, split } from './operations.js';
import { relativeError, runOnnx } from './run.fixture.js';
import { writeModel } from './write-model.js';

const limits = limitsFor(0);

function write(graph: GraphBuilder): Uint8Array<ArrayBuffer> {
  return writeModel({ graph: graph.build(), opset: graph.opset });
}

function text(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}

describe('a model that is built and written', () => {
  it('runs, with constants, attributes of every kind of number, and several outputs', async () => {
    const graph = new GraphBuilder('test', limits);
    const x = graph.input('x', 'float32', [2, 'n']);
    const [top, bottom] = split(graph, x, 0, [1, 1]);
    if (!top || !bottom) throw new Error('Split has two outputs');
    const leaky = graph.add('LeakyRelu', [top], top, { attributes: { alpha: float(0.5) } });
    const scaled = graph.add('Mul', [bottom, constantOf(graph, 'float32', [2], [])]);
    graph.output('joined', concat(graph, [leaky, scaled], 0), 'float32', [2, 'n']);
    graph.output('length', lengthOf(graph, x, -1), 'int64', [1]);

    const outputs = await runOnnx(write(graph), { x: numbersTensor('float32', [-1, 2, 3, 4], [2, 2]) });

    expect(relativeError(outputs.get('joined'), numbersTensor('float32', [-0.5, 2, 6, 8], [2, 2]))).toBe(0);
    expect(relativeError(outputs.get('length'), numbersTensor('int64', [2], [1]))).toBe(0);
  });

  it('runs subgraphs, which see the values around them', async () => {
    const graph = new GraphBuilder('test', limits);
    const x = graph.input('x', 'float32', [2]);
    const condition = graph.input('condition', 'bool', []);
    const branch = (name: string, factor: number) => {
      const body = graph.subgraph(name);
      body.output(body.freshName('y'), body.add('Mul', [x, constantOf(body, 'float32', [factor])]), 'float32', [2]);
      return subgraph(body.build());
    };
    const attributes = { then_branch: branch('then', 2), else_branch: branch('else', 3) };
    graph.output('y', graph.add('If', [condition], {}, { attributes }), 'float32', [2]);
    const model = write(graph);
    const run = async (condition: number) =>
      runOnnx(model, {
        x: numbersTensor('float32', [1, 2], [2]),
        condition: numbersTensor('bool', [condition], []),
      });

    expect(relativeError((await run(1)).get('y'), numbersTensor('float32', [2, 4], [2]))).toBe(0);
    expect(relativeError((await run(0)).get('y'), numbersTensor('float32', [3, 6], [2]))).toBe(0);
  });

  it('reads constants of 4 bits and half precision as they were written', async () => {
    for (const type of ['int4', 'uint4', 'float16', 'bfloat16', 'int8'] as const) {
      const numbers = type === 'uint4' ? [0, 1, 15] : [-8, 1, 7];
      const graph = new GraphBuilder('test', limits);
      graph.requireOpset(21);
      const x = graph.input('x', 'float32', [1]);
      const weights = graph.add('Cast', [constantOf(graph, type, numbers)], {}, { attributes: { to: 1 } });
      graph.output('y', graph.add('Add', [x, weights]), 'float32', [3]);

      const outputs = await runOnnx(write(graph), { x: numbersTensor('float32', [0], [1]) });

      expect(relativeError(outputs.get('y'), numbersTensor('float32', numbers, [3])), type).toBe(0);
    }
  });

  it('moves channels to the front and back', async () => {
    const graph = new GraphBuilder('test', limits);
    const x = graph.input('x', 'float32', [1, 2, 2, 3]);
    const first = channelsFirst(graph, x, 4);
    expect(first.shape).toEqual([1, 3, 2, 2]);
    graph.output('y', channelsLast(graph, graph.add('Abs', [first], first), 4), 'float32', [1, 2, 2, 3]);
    const numbers = Array.from({ length: 12 }, (_, index) => index);

    const outputs = await runOnnx(write(graph), { x: numbersTensor('float32', numbers, [1, 2, 2, 3]) });

    expect(relativeError(outputs.get('y'), numbersTensor('float32', numbers, [1, 2, 2, 3]))).toBe(0);
  });
});

describe('GraphBuilder', () => {
  it('writes equal small constants and equal views once', () => {
    const graph = new GraphBuilder('test', limits);
    const weights = new Uint8Array(4096);
    const view = (start: number) =>
      graph.constant({ type: 'uint8', dims: [2048], data: weights.subarray(start, start + 2048) });
    graph.add('Test', [int64s(graph, [1, 2]), int64s(graph, [1, 2]), view(0), view(0), view(1)]);

    expect(graph.build().initializers).toHaveLength(3);
  });

  it('gives a name once, whatever names a file has', () => {
    const graph = new GraphBuilder('test', limits);
    graph.layer = 'a';
    const taken = graph.input('a/0', 'float32', [1]);
    const again = graph.input('a/0', 'float32', [1]);
    const value = graph.add('Abs', [taken]);

    expect(new Set(['a/0', taken.name, again.name, value.name]).size).toBe(3);
  });

  it('leaves out constants that no node uses', () => {
    const graph = new GraphBuilder('test', limits);
    const shape = int64s(graph, [6]);
    graph.add('Test', [reshape(graph, shape, [1, 1])]);

    expect(graph.build().initializers.map(({ tensor }) => tensor.dims)).toEqual([[1, 1]]);
  });

  it('copies weights only into the result', () => {
    const graph = new GraphBuilder('test', limits);
    const data = new TextEncoder().encode('weights in the middle of the model');
    graph.add('Test', [graph.constant({ type: 'uint8', dims: [data.byteLength], data })]);
    data.set(new TextEncoder().encode('WEIGHTS'));

    expect(text(write(graph))).toContain('WEIGHTS in the middle of the model');
  });

  it('bounds nodes, constants, axes and subgraphs', () => {
    const small = { nodes: 2, constantBytes: 8, depth: 1, rank: 2 };
    const graph = () => new GraphBuilder('test', small);
    const tooLarge = expect.objectContaining({ code: 'too-large' });

    expect(() => constantOf(graph(), 'uint8', new Array(9).fill(0))).toThrow(tooLarge);
    expect(() => constantOf(graph(), 'uint8', [1], [1, 1, 1])).toThrow(tooLarge);
    expect(() => graph().subgraph('a').subgraph('b')).toThrow(tooLarge);
    const many = graph();
    const x = many.input('x', 'float32', []);
    expect(() => [1, 2, 3].map(() => many.add('Abs', [x]))).toThrow(tooLarge);
  });

  it('refuses shapes whose elements cannot be counted', () => {
    const graph = new GraphBuilder('test', limits);
    const constant = (dims: number[]) => () => graph.constant({ type: 'uint8', dims, data: new Uint8Array() });

    expect(constant([-1])).toThrow(expect.objectContaining({ code: 'invalid-encoding' }));
    expect(constant([2 ** 40, 2 ** 40])).toThrow(expect.objectContaining({ code: 'too-large' }));
  });
});

describe('operations', () => {
  it('compute shapes of constants while the model is converted', () => {
    const graph = new GraphBuilder('test', limits);
    const x = graph.input('x', 'float32', [2, 3, 4]);
    const shape = concat(graph, [lengthOf(graph, x, 0), cast(graph, constantOf(graph, 'int32', [-1]), 'int64')], 0);

    expect(shape.constant && decode(shape.constant)).toEqual([2, -1]);
    expect(shapeOf(graph, x).constant).toBeDefined();
    expect(reshape(graph, x, [6, -1]).shape).toEqual([6, 4]);
    expect(slice(graph, x, -1, 1, -1).shape).toEqual([2, 3, 2]);
    expect(graph.build().nodes.map(({ operator }) => operator)).toEqual(['Reshape', 'Slice']);
  });
});

describe('numbersTensor and decode', () => {
  it.each<[ElementType, number[]]>([
    ['float16', [0, -0, 1, -2.5, 65504, 2 ** -24, 2 ** -14, 0.333251953125, Infinity, Number.NaN]],
    ['bfloat16', [0, 1, -2.5, 3.3895313892515355e38, Infinity, Number.NaN]],
    ['float64', [0.1, -1e300]],
    ['int4', [-8, 7, -1]],
    ['uint4', [15, 0, 8]],
    ['int64', [-(2 ** 40), 7]],
    ['uint32', [2 ** 32 - 1]],
    ['bool', [0, 1]],
  ])('keep numbers of %s', (type, numbers) => {
    expect(decode(numbersTensor(type, numbers, [numbers.length]))).toEqual(numbers);
  });

  it('round to the nearest half, to even between two', () => {
    const halves = numbersTensor('float16', [1 + 2 ** -11, 1 + 3 * 2 ** -11, 2047.9999, 65519, 65520], [5]);
    expect(decode(halves)).toEqual([1, 1 + 2 ** -9, 2048, 65504, Infinity]);
  });
});

describe('attributes', () => {
  it('tell a float from an integer of the same value', () => {
    const graph = new GraphBuilder('test', limits);
    const attributes = { a: float(1), b: 1, c: floats([1]), d: [1], e: 'text', f: ['x'], g: undefined };
    graph.add('Test', [], {}, { attributes });

    // The last field of an attribute is its type, field 20.
    const parts = text(write(graph)).split(String.fromCharCode(0xa0, 1)).slice(1);
    const types = parts.map((part) => part.charCodeAt(0));
    expect(types).toEqual([1, 2, 6, 7, 3, 8]);
  });
});
