import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../standard/error.js';
import type { ExecutionTarget } from '../../standard/graph.js';
import type { TensorValue } from '../../standard/tensor.js';
import type { BackendGraph, FallbackPolicy } from '../backend.js';
import { INT64, listAttribute, model, node, value } from './model.fixture.js';
import { createOnnxBackend } from './onnx.js';

const project = path.resolve(import.meta.dirname, '../../..');
const fixtures = process.env.WASI_NN_FIXTURES ?? path.resolve(project, '../shared/fixtures');
const hasFixtures = existsSync(path.join(fixtures, 'golden.json'));

function readBytes(...segments: string[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(path.join(...segments)));
}

const digits = () => readBytes(project, 'public/models/digits.onnx');
const fixture = (name: string) => readBytes(fixtures, name);

function floats(values: ArrayLike<number>, dimensions: readonly number[]): TensorValue {
  return { type: 'FP32', dimensions, data: new Uint8Array(Float32Array.from(values).buffer) };
}

function toFloats({ data }: TensorValue): Float32Array {
  return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
}

/** The digit 1, as far as a vertical stroke is one, normalised as the model wants it. */
function stroke(): TensorValue {
  const pixels = new Float32Array(28 * 28);
  for (let row = 5; row < 23; row++) pixels.fill(1, row * 28 + 13, row * 28 + 15);
  return floats(
    pixels.map((pixel) => (pixel - 0.1307) / 0.3081),
    [1, 1, 28, 28],
  );
}

const backend = createOnnxBackend({ allowSoftwareAdapter: false });

async function withGraph(
  model: Uint8Array<ArrayBuffer>,
  target: ExecutionTarget,
  use: (graph: BackendGraph) => Promise<void>,
): Promise<void> {
  const graph = await backend.load([model], { target });
  try {
    await use(graph);
  } finally {
    await graph.dispose();
  }
}

async function compute(graph: BackendGraph, inputs: Record<string, TensorValue>): Promise<Map<string, TensorValue>> {
  return new Map(await graph.compute(new Map(Object.entries(inputs))));
}

it('names the type of an input that onnxruntime-web has no tensors of', async () => {
  const bfloat16 = 16;
  const [inputs, outputs] = [[value('x', [2], bfloat16)], [value('y', [2], bfloat16)]];
  const bytes = model({ nodes: [node('Identity', ['x'], ['y'])], inputs, outputs });
  await expect(backend.load([bytes], { target: 'cpu' })).rejects.toMatchObject({
    code: 'unsupported-operation',
    message: expect.stringContaining('of the type BF16, which onnxruntime-web has no tensors of'),
  });
});

describe('createOnnxBackend', () => {
  it('serves ONNX and nothing else', () => {
    expect(backend.encodings).toEqual(['onnx']);
    expect(backend.name).toBe('onnxruntime-web');
  });

  it('loads a model on the CPU, describes it and computes it', async () => {
    await withGraph(digits(), 'cpu', async (graph) => {
      expect(graph.inputs).toEqual([{ name: 'image', type: 'FP32', shape: [1, 1, 28, 28] }]);
      expect(graph.outputs).toEqual([{ name: 'scores', type: 'FP32', shape: [1, 10] }]);
      expect(graph.device).toEqual({ target: 'cpu', provider: 'wasm', description: 'WebAssembly SIMD, 1 thread' });
      expect(graph.fallback).toEqual([]);

      const scores = (await compute(graph, { image: stroke() })).get('scores');
      if (!scores) throw new Error('no scores came');
      expect(scores).toMatchObject({ type: 'FP32', dimensions: [1, 10] });
      const values = toFloats(scores);
      expect(values.every(Number.isFinite)).toBe(true);
      expect(values.indexOf(Math.max(...values))).toBe(1);
    });
  });

  it('gives the same bits for the same input, and leaves the input as it is', async () => {
    await withGraph(digits(), 'cpu', async (graph) => {
      const image = stroke();
      const [first, second] = await Promise.all([compute(graph, { image }), compute(graph, { image })]);
      expect(first).toEqual(second);
      expect(first.get('scores')?.data.buffer).not.toBe(second.get('scores')?.data.buffer);
      expect(image).toEqual(stroke());
    });
  });

  it('has graphs side by side, and one goes on when the other is disposed of', async () => {
    const first = await backend.load([digits()], { target: 'cpu' });
    const second = await backend.load([digits()], { target: 'cpu' });
    const [one, two] = [await compute(first, { image: stroke() }), await compute(second, { image: stroke() })];
    await first.dispose();
    expect(one).toEqual(two);
    expect(await compute(second, { image: stroke() })).toEqual(two);
    await second.dispose();
  });
});

it('truth values are exchanged as U8', async () => {
  const bool = 9;
  const bytes = model({
    nodes: [node('Not', ['x'], ['y'])],
    inputs: [value('x', [3], bool)],
    outputs: [value('y', [3], bool)],
  });
  await withGraph(bytes, 'cpu', async (graph) => {
    expect([graph.inputs, graph.outputs]).toMatchObject([[{ type: 'U8' }], [{ type: 'U8' }]]);
    const outputs = await compute(graph, { x: { type: 'U8', dimensions: [3], data: Uint8Array.of(0, 1, 2) } });
    expect(outputs.get('y')).toEqual({ type: 'U8', dimensions: [3], data: Uint8Array.of(1, 0, 0) });
  });
});

describe('where there is no accelerator', () => {
  it.each([
    ['gpu', ['webgpu']],
    ['tpu', ['webnn', 'webnn', 'webgpu']],
  ] satisfies [ExecutionTarget, string[]][])('%s falls back to the CPU and says why', async (target, tried) => {
    await withGraph(digits(), target, async (graph) => {
      expect(graph.device).toMatchObject({ target: 'cpu', provider: 'wasm' });
      expect(graph.fallback.map(({ provider }) => provider)).toEqual(tried);
      for (const { reason } of graph.fallback) expect(reason).not.toBe('');
      expect((await compute(graph, { image: stroke() })).get('scores')?.dimensions).toEqual([1, 10]);
    });
  });
});

describe('where a graph may not fall back to anything', () => {
  it.each([
    ['gpu', false, ['webgpu']],
    ['tpu', false, ['webnn']],
    ['tpu', ['webgpu'], ['webnn', 'webnn', 'webgpu']],
    ['gpu', [], ['webgpu']],
  ] satisfies [ExecutionTarget, FallbackPolicy, string[]][])(
    '%s with the policy %j is refused, with the reasons',
    async (target, fallback, tried) => {
      const failure = await backend.load([digits()], { target, fallback }).catch((cause: unknown) => cause);
      expect(failure).toMatchObject({ name: 'WasiNNError', code: 'unsupported-operation' });
      for (const provider of tried) expect(String(failure)).toContain(`${provider}: `);
      expect(String(failure)).not.toContain('wasm: ');
    },
  );

  it('the CPU still serves what is meant for it, and what names WebAssembly', async () => {
    for (const options of [
      { target: 'cpu', fallback: false },
      { target: 'tpu', fallback: ['wasm'] },
    ] as const) {
      const graph = await backend.load([digits()], options);
      expect(graph.device.provider).toBe('wasm');
      await graph.dispose();
    }
  });
});

describe('what is no ONNX model', () => {
  const rows: readonly [what: string, bytes: () => Uint8Array<ArrayBuffer>][] = [
    ['garbage', () => Uint8Array.from({ length: 1000 }, (_, index) => (index * 197 + 13) & 0xff)],
    ['no bytes at all', () => new Uint8Array()],
    ['a model cut in the middle', () => digits().slice(0, 100_000)],
    ['a protobuf message without a graph', () => new Uint8Array(64).fill(0x08)],
  ];

  it.each(rows)('is refused as invalid-encoding: %s', async (_what, bytes) => {
    await expect(backend.load([bytes()], { target: 'cpu' })).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'invalid-encoding' satisfies ErrorCode,
      message: expect.stringMatching(/^load: onnxruntime cannot load the model: ./),
    });
  });

  it('is refused on an accelerator as well, without a fallback that hides it', async () => {
    const garbage = new Uint8Array(100).fill(0xff);
    await expect(backend.load([garbage], { target: 'tpu' })).rejects.toMatchObject({
      code: 'invalid-encoding',
    });
  });

  it.each([0, 2, 3])('is refused as invalid-argument: %d parts', async (count) => {
    const parts = Array.from({ length: count }, digits);
    await expect(async () => backend.load(parts, { target: 'cpu' })).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'invalid-argument',
      message: `load: an ONNX model is 1 part (the .onnx file), but ${count} came`,
    });
  });

  it('leaves the backend able to load the next', async () => {
    await expect(backend.load([new Uint8Array(8)], { target: 'cpu' })).rejects.toThrow();
    await withGraph(digits(), 'cpu', async (graph) => {
      expect((await compute(graph, { image: stroke() })).size).toBe(1);
    });
  });
});

describe('a model that takes no inputs that are made up', () => {
  const square = value('x', [1, 1, 2, 2]);
  const x = floats([1, 2, 3, 4], [1, 1, 2, 2]);
  const resize = model({
    nodes: [node('Resize', ['x', '', 'scales'], ['y'])],
    inputs: [square, value('scales', [4])],
    outputs: [value('y', [1, 1, 4, 4])],
  });
  const unpool = model({
    nodes: [
      node('MaxUnpool', ['x', 'indices'], ['y'], {
        attributes: [listAttribute('kernel_shape', 2, 2), listAttribute('strides', 2, 2)],
      }),
    ],
    inputs: [square, value('indices', [1, 1, 2, 2], INT64)],
    outputs: [value('y', [1, 1, 4, 4])],
  });
  const indices = new Uint8Array(BigInt64Array.of(0n, 3n, 12n, 15n).buffer);

  it.each([
    ['Resize', resize, { scales: floats([1, 1, 2, 2], [4]) }],
    ['MaxUnpool', unpool, { indices: { type: 'I64', dimensions: [1, 1, 2, 2], data: indices } }],
  ] as const)('is loaded all the same, and computes: %s', async (_operator, bytes, inputs) => {
    const options = { target: 'cpu', warmup: true, verify: 'load' } as const;
    const graph = await backend.load([bytes], options);
    expect((await compute(graph, { x, ...inputs })).get('y')?.dimensions).toEqual([1, 1, 4, 4]);
    await graph.dispose();
  });
});

describe('a failing compute', () => {
  it('names the tensor that onnxruntime-web has no type for, and the graph stays usable', async () => {
    await withGraph(digits(), 'cpu', async (graph) => {
      const image: TensorValue = { type: 'BF16', dimensions: [1, 1, 28, 28], data: new Uint8Array(2 * 28 * 28) };
      await expect(compute(graph, { image })).rejects.toMatchObject({
        code: 'unsupported-operation',
        message: expect.stringContaining('"image" is BF16'),
      });
      expect((await compute(graph, { image: stroke() })).size).toBe(1);
    });
  });

  it("gives onnxruntime's own words for a shape that it refuses", async () => {
    await withGraph(digits(), 'cpu', async (graph) => {
      await expect(compute(graph, { image: floats([1, 2], [1, 2]) })).rejects.toMatchObject({
        name: 'WasiNNError',
        code: 'invalid-argument',
        message: expect.stringMatching(/^compute: onnxruntime failed: .*image/s),
      });
    });
  });
});

describe.skipIf(!hasFixtures)(`real models (needs ${path.relative(project, fixtures)})`, () => {
  it('multiplies matrices as native ONNX Runtime does', async () => {
    await withGraph(fixture('models/matmul.onnx'), 'cpu', async (graph) => {
      const outputs = await compute(graph, {
        a: { type: 'FP32', dimensions: [3, 4], data: fixture('golden/ort-js-matmul.in.a.bin') },
        b: { type: 'FP32', dimensions: [4, 3], data: fixture('golden/ort-js-matmul.in.b.bin') },
      });
      expect(outputs.get('c')?.data).toEqual(fixture('golden/ort-js-matmul.out.0.bin'));
    });
  });

  it('serves scalars, open axes and several inputs and outputs', async () => {
    await withGraph(fixture('models/silero_vad.onnx'), 'cpu', async (graph) => {
      expect(graph.inputs).toMatchObject([
        { name: 'input', shape: [expect.any(String), expect.any(String)] },
        { name: 'state' },
        { name: 'sr', type: 'I64', shape: [] },
      ]);

      const outputs = await compute(graph, {
        input: { type: 'FP32', dimensions: [1, 576], data: fixture('golden/silero-vad.step.in.input.bin') },
        state: { type: 'FP32', dimensions: [2, 1, 128], data: fixture('golden/silero-vad.step.in.state.bin') },
        sr: { type: 'I64', dimensions: [], data: fixture('golden/silero-vad.step.in.sr.bin') },
      });
      expect(graph.outputs).toMatchObject(Array.from(outputs.keys(), (name) => ({ name })));
      const [speech, state] = [...outputs.values()];
      if (!speech || !state) throw new Error('two outputs were wanted');
      const expected = new Float32Array(fixture('golden/silero-vad.step.out.0.bin').buffer);
      expect(toFloats(speech)[0]).toBeCloseTo(expected[0] ?? Number.NaN, 4);
      expect(state.dimensions).toEqual([2, 1, 128]);
    });
  });

  it.each([
    ['left open', {}, ['N', 3, 224, 224]],
    ['fixed by freeDimensions', { N: 2 }, [2, 3, 224, 224]],
  ])('reports an axis that is %s', async (_what, freeDimensions, shape) => {
    const graph = await backend.load([fixture('models/squeezenet-dynbatch.onnx')], { target: 'cpu', freeDimensions });
    expect(graph.inputs).toMatchObject([{ shape }]);
    await graph.dispose();
  });

  it('keeps half-precision numbers', async () => {
    await withGraph(fixture('models/squeezenet-fp16.onnx'), 'cpu', async (graph) => {
      const [input] = graph.inputs;
      const [output] = graph.outputs;
      expect(input).toMatchObject({ name: 'data_0', type: 'FP16' });
      expect(output).toMatchObject({ name: 'softmaxout_1', type: 'FP16' });
      const data = fixture('golden/squeezenet-fp16.dog.in.data_0.bin');
      const outputs = await compute(graph, { data_0: { type: 'FP16', dimensions: [1, 3, 224, 224], data } });
      expect(outputs.get('softmaxout_1')).toMatchObject({ type: 'FP16', dimensions: [1, 1000, 1, 1] });
      expect(outputs.get('softmaxout_1')?.data.byteLength).toBe(2000);
    });
  });
});
