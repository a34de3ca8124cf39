import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../standard/error.js';
import { byteLengthOf, isTensorType, type TensorValue } from '../../standard/tensor.js';
import type { BackendGraph } from '../backend.js';
import { defineCommonJS, nodeFiles, removeCommonJS } from './litert-node.fixture.js';
import { buildModel, doubling, reshaping } from './model.fixture.js';
import { readModel } from './model.js';
import { startRuntime } from './runtimes.js';
import { openSession } from './session.js';
import { createTfliteBackend } from './tflite.js';

/** Models in LiteRT.js's own WebAssembly module. What browsers add to that is tested in e2e/tflite.spec.ts. */

beforeAll(defineCommonJS);
afterAll(removeCommonJS);

const fixtures = process.env.WASI_NN_FIXTURES ?? path.resolve(import.meta.dirname, '../../../../shared/fixtures');
const hasFixtures = existsSync(path.join(fixtures, 'encodings/tflite/index.json'));
const fixture = (name: string) => new Uint8Array(readFileSync(path.join(fixtures, name)));

const backend = createTfliteBackend({ allowSoftwareAdapter: false }, () => nodeFiles);
const load = (model: Uint8Array<ArrayBuffer>) => backend.load([model], { target: 'cpu' });

async function computeOn(graph: BackendGraph, value: TensorValue, name = 'x'): Promise<TensorValue[]> {
  return (await graph.compute(new Map([[name, value]]))).map(([, output]) => output);
}

/** Loads a model, computes once and disposes of it. */
async function computeOnce(model: Uint8Array<ArrayBuffer>, value: TensorValue): Promise<TensorValue[]> {
  const graph = await load(model);
  try {
    return await computeOn(graph, value);
  } finally {
    await graph.dispose();
  }
}

const floats = (values: readonly number[], dimensions: readonly number[]): TensorValue => ({
  type: 'FP32',
  dimensions,
  data: new Uint8Array(Float32Array.from(values).buffer),
});
const toFloats = ({ data }: TensorValue) => [...new Float32Array(data.slice().buffer)];

describe.skipIf(!hasFixtures)('models of real tools', () => {
  const index: { model: string }[] = hasFixtures
    ? JSON.parse(Buffer.from(fixture('encodings/tflite/index.json')).toString())
    : [];

  it.each(index.map(({ model }) => model))('%s answers as the native runtime does', async (name) => {
    const file = (suffix: string) => fixture(`encodings/tflite/${name}${suffix}`);
    const graph = await load(file('.tflite'));
    const [info] = graph.inputs === 'any' ? [] : graph.inputs;
    if (!info || !isTensorType(info.type)) throw new Error('the model has no input');
    const dimensions = info.shape.map(Number);
    const [output] = await computeOn(graph, { type: info.type, dimensions, data: file('.in.bin') }, info.name);
    await graph.dispose();
    if (!output) throw new Error('the model has no output');
    const expected = { ...output, data: file('.out.0.bin') };
    if (output.type === 'U8') return expect(output).toEqual(expected);
    const wanted = toFloats(expected);
    const errors = toFloats(output).map((value, at) => Math.abs(value - (wanted[at] ?? Number.NaN)));
    expect(Math.max(...errors)).toBeLessThanOrEqual(1e-5);
  });
});

describe('a graph', () => {
  it('reports where it runs', async () => {
    const graph = await load(doubling([2]));
    expect(graph.device).toEqual({
      target: 'cpu',
      provider: 'wasm',
      description: expect.stringMatching(/^WebAssembly (relaxed )?SIMD, 1 thread$/),
    });
    await graph.dispose();
  });

  it.each(['FLOAT32', 'FLOAT16', 'FLOAT64', 'INT32', 'INT64', 'UINT8', 'INT8'] as const)(
    'takes and gives %s as they are',
    async (type) => {
      const graph = await load(reshaping(type));
      const [info] = graph.inputs === 'any' ? [] : graph.inputs;
      if (!info || !isTensorType(info.type)) throw new Error('the model has no input');
      const data = new Uint8Array(byteLengthOf(info.type, [2, 2])).map((_, at) => at * 37);
      const outputs = await computeOn(graph, { type: info.type, dimensions: [2, 2], data });
      expect(outputs).toEqual([{ type: info.type, dimensions: [4], data }]);
      await graph.dispose();
    },
  );

  it('takes and gives BOOL as bytes that are 0 or 1', async () => {
    const [output] = await computeOnce(reshaping('BOOL'), {
      type: 'U8',
      dimensions: [2, 2],
      data: Uint8Array.of(0, 1, 2, 255),
    });
    expect(output).toEqual({ type: 'U8', dimensions: [4], data: Uint8Array.of(0, 1, 1, 1) });
  });

  it('takes and gives INT16 as I32', async () => {
    const integers = (...values: number[]): TensorValue => ({
      type: 'I32',
      dimensions: [2, 2],
      data: new Uint8Array(Int32Array.from(values).buffer),
    });
    const value = integers(-32768, -1, 0, 32767);
    expect(await computeOnce(reshaping('INT16'), value)).toEqual([{ ...value, dimensions: [4] }]);
    await expect(computeOnce(reshaping('INT16'), integers(0, 0, 32768, 0))).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'compute: element 2 of input "x" is 32768, but the model has INT16, from -32768 to 32767',
    });
  });

  it('has its inputs and outputs in the order of the model, whatever order its signature has', async () => {
    const tensors = ['a', 'b', 'sum', 'twice'].map((name) => ({ name, shape: [1] }));
    const model = buildModel({
      tensors,
      inputs: [0, 1],
      outputs: [2, 3],
      operators: [
        { kind: 'add', inputs: [0, 1], outputs: [2] },
        { kind: 'add', inputs: [1, 1], outputs: [3] },
      ],
      signatures: [{ inputs: { first: 1, second: 0 }, outputs: { p: 3, q: 2 } }],
    });
    const graph = await load(model);
    const inputs = new Map([
      ['a', floats([1], [1])],
      ['b', floats([10], [1])],
    ]);
    const outputs = await graph.compute(inputs);
    expect(outputs.map(([name, value]) => [name, toFloats(value)])).toEqual([
      ['sum', [11]],
      ['twice', [20]],
    ]);
    await graph.dispose();
  });

  it('computes one call after another, and leaves its input as it is', async () => {
    const graph = await load(doubling([3]));
    const value = floats([1, 2, 3], [3]);
    const answers = await Promise.all([1, 2, 3].map(() => computeOn(graph, value)));
    expect(answers.map(([output]) => output && toFloats(output))).toEqual([2, 2, 2].map(() => [2, 4, 6]));
    expect(toFloats(value)).toEqual([1, 2, 3]);
    await graph.dispose();
  });

  it('can be warmed up and verified', async () => {
    const graph = await backend.load([doubling([3])], { target: 'cpu', warmup: true, verify: true });
    expect(graph.fallback).toEqual([]);
    await graph.dispose();
  });

  it('falls back to WebAssembly, and says why', async () => {
    const graph = await backend.load([doubling([1])], { target: 'tpu' });
    expect(graph.device).toMatchObject({ target: 'cpu', provider: 'wasm' });
    expect(graph.fallback.map(({ provider }) => provider)).toEqual(['webnn', 'webnn', 'webgpu']);
    await graph.dispose();
    const refused = backend.load([reshaping('INT8', { scales: [1] })], { target: 'tpu', fallback: false });
    await expect(refused).rejects.toMatchObject({
      code: 'unsupported-operation',
      message: expect.stringContaining('quantised models exactly on WebAssembly only, not on WebNN'),
    });
  });
});

describe('what goes wrong', () => {
  it.each([
    ['several parts', [doubling([1]), doubling([1])], 'invalid-argument', '1 part (the .tflite file), but 2 came'],
    ['no model', [Uint8Array.of(1, 2, 3)], 'invalid-encoding', 'no TensorFlow Lite model'],
    [
      'an operator that LiteRT does not have',
      [
        buildModel({
          tensors: [
            { name: 'x', shape: [1] },
            { name: 'y', shape: [1] },
          ],
          inputs: [0],
          outputs: [1],
          operators: [{ kind: 'unknown', inputs: [0], outputs: [1] }],
        }),
      ],
      'unsupported-operation',
      "Didn't find op for builtin opcode",
    ],
  ])('with %s ends with an error that names the problem', async (_what, parts, code, reason) => {
    const loading = backend.load(parts, { target: 'cpu' });
    await expect(loading).rejects.toMatchObject({ code, message: expect.stringContaining(reason) });
  });

  it('in a computation becomes an error, though LiteRT answers with numbers', async () => {
    const gather = buildModel({
      tensors: [
        { name: 'table', shape: [2] },
        { name: 'x', type: 'INT32', shape: [1] },
        { name: 'y', shape: [1] },
      ],
      inputs: [0, 1],
      outputs: [2],
      operators: [{ kind: 'gather', inputs: [0, 1], outputs: [2] }],
    });
    const graph = await load(gather);
    const at = (index: number) =>
      new Map<string, TensorValue>([
        ['table', floats([5, 6], [2])],
        ['x', { type: 'I32', dimensions: [1], data: new Uint8Array(Int32Array.of(index).buffer) }],
      ]);
    const failure = { code: 'runtime-error', message: expect.stringMatching(/^compute: LiteRT\.js failed: .*gather/) };
    await expect(graph.compute(at(99))).rejects.toMatchObject(failure);
    const [output] = await graph.compute(at(1));
    expect(output && toFloats(output[1])).toEqual([6]);
    await graph.dispose();
  });

  it('with a tensor of another shape is an error, also where the model has a scalar', async () => {
    const graph = await load(doubling([]));
    await expect(computeOn(graph, floats([1, 2], [2]))).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'compute: input "x" expects FP32 [], but the shape [2] came',
    });
    expect((await computeOn(graph, floats([4], []))).map(toFloats)).toEqual([[8]]);
    await graph.dispose();
  });

  it.skipIf(!hasFixtures)(
    'with a model that makes LiteRT.js trap is an error, and the backend gives its module up',
    async () => {
      const reasons: string[] = [];
      const onBroken = (reason: string) => reasons.push(reason);
      // The damage is in the place of an offset, which leads LiteRT.js out of its memory.
      const bytes = fixture('encodings/tflite/small_float.tflite').with(120, 0);
      const runtime = await startRuntime('compat', nodeFiles.compat);
      const opening = openSession(
        {
          device: { target: 'cpu', provider: 'wasm', description: 'its own module' },
          runtime,
          accelerator: 'wasm',
          compile: (compile) => compile(),
        },
        { bytes, model: readModel(bytes), options: { allowSoftwareAdapter: false, onBroken }, isLast: true },
      );
      await expect(opening).rejects.toMatchObject({
        code: 'runtime-error',
        message: expect.stringMatching(/^load: LiteRT\.js cannot load the model: .*memory access out of bounds/),
      });
      expect(reasons).toEqual([expect.stringContaining('memory access out of bounds')]);
      expect(runtime.breakdown.signal.aborted).toBe(true);
    },
  );

  it('with LiteRT.js missing, or of another release, is an error that says what to install', async () => {
    const script = (source: string) => new URL(`data:text/javascript,${encodeURIComponent(source)}`);
    const empty = new URL('data:application/wasm;base64,AGFzbQEAAAA=');
    const attempt = (loader: URL, wasm = empty) => startRuntime('compat', { loader, wasm }).catch(messageOf);
    const install = 'install it (npm install @litertjs/core@~2.5.3) and build the page again';
    expect(await attempt(new URL('./missing.js', import.meta.url))).toContain(install);
    expect(await attempt(nodeFiles.compat.loader, script(''))).toContain(install);
    expect(await attempt(nodeFiles.compat.loader, nodeFiles.compat.wasm)).toHaveProperty('variant', 'compat');
    expect(await attempt(script('0'))).toContain(install);
    expect(await attempt(script('define([], () => () => ({}))'))).toContain(`has no stack; ${install}`);
    const other = await attempt(
      script(`define([], () => (options) => new Promise((resolve) => {
        // _emscripten_stack_get_current = wasmExports["a"]; __emscripten_stack_restore = wasmExports["b"];
        options.instantiateWasm({}, () => resolve({ HEAPU8: 0 }));
      }))`),
    );
    expect(other).toMatch(/another release than ~2\.5\.3: it has no _malloc, .*loadModel/);
    expect(other).toContain(install);
  });
});

describe('memory', () => {
  it('is not overwritten by models that cannot be compiled', async () => {
    const unknown = buildModel({
      tensors: [{ name: 'x', shape: [1] }],
      inputs: [0],
      outputs: [0],
      operators: [{ kind: 'unknown', inputs: [0], outputs: [0] }],
    });
    const graph = await load(doubling([1]));
    for (let attempt = 0; attempt < 500; attempt++)
      await expect(load(unknown)).rejects.toMatchObject({ code: 'unsupported-operation' });
    expect((await computeOn(graph, floats([21], [1]))).map(toFloats)).toEqual([[42]]);
    await graph.dispose();
  });

  it('is given back by 200 graphs that are loaded, computed and disposed of', async () => {
    const model = doubling([64, 1024]);
    const value = floats(
      Array.from({ length: 65_536 }, () => 1),
      [64, 1024],
    );
    for (let round = 0; round < 20; round++) await computeOnce(model, value);
    const before = backend.heapBytes?.();
    for (let round = 0; round < 200; round++) await computeOnce(model, value);
    expect(before).toBeGreaterThan(1 << 20);
    expect(backend.heapBytes?.()).toBe(before);
  });
});
