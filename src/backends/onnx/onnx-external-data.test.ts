import { describe, expect, it } from 'vitest';
import { type ErrorCode, WasiNNError } from '../../standard/error.js';
import type { ExecutionTarget, GraphBuilder } from '../../standard/graph.js';
import { joinBytes } from '../../standard/join-bytes.js';
import { createRandom } from '../../standard/random.fixture.js';
import type { TensorValue } from '../../standard/tensor.js';
import {
  addModel,
  affineModel,
  BOOL,
  constant,
  externalTensor,
  floats,
  graph,
  graphAttribute,
  INT64,
  model,
  modelFunction,
  node,
  sparseTensor,
  tensor,
  tensorAttribute,
  value,
} from './model.fixture.js';
import { createOnnxBackend } from './onnx.js';

const backend = createOnnxBackend({ allowSoftwareAdapter: false });

const x: TensorValue = { type: 'FP32', dimensions: [2], data: floats(10, 20) };

/** Loads a model from its parts, computes y from x = [10, 20], and gives the graph back. */
async function compute(parts: readonly GraphBuilder[], target: ExecutionTarget = 'cpu'): Promise<number[]> {
  const loaded = await backend.load(parts, { target });
  try {
    const [[, y] = []] = await loaded.compute(new Map([['x', x]]));
    return y ? [...new Float32Array(y.data.buffer, y.data.byteOffset, y.data.byteLength / 4)] : [];
  } finally {
    await loaded.dispose();
  }
}

/** Whatever comes of loading and computing; anything but a WasiNNError fails the test. */
async function attempt(parts: readonly GraphBuilder[]): Promise<ErrorCode | 'computed'> {
  try {
    await compute(parts);
    return 'computed';
  } catch (cause) {
    if (cause instanceof WasiNNError) return cause.code;
    throw cause;
  }
}

const twoAdds = (first: Uint8Array, second: Uint8Array) =>
  model({
    nodes: [node('Add', ['x', 'a'], ['z']), node('Add', ['z', 'b'], ['y'])],
    initializers: [first, second],
  });

function inSubgraphs(): GraphBuilder {
  const branch = (name: string) => {
    const nodes = [node('Identity', [name], [`${name}_y`])];
    const initializers = [externalTensor(name, `${name}.bin`)];
    return graphAttribute(name, graph({ nodes, initializers, inputs: [], outputs: [value(`${name}_y`)] }));
  };
  const branches = [branch('then_branch'), branch('else_branch')];
  return model({
    nodes: [node('If', ['c'], ['y'], { attributes: branches })],
    initializers: [tensor({ name: 'c', dims: [], type: BOOL, raw: Uint8Array.of(1) })],
  });
}

function inSparseTensor(): GraphBuilder {
  const indices = tensor({ name: 'i', dims: [1], type: INT64, raw: new Uint8Array(BigInt64Array.of(1n).buffer) });
  const values = externalTensor('w', 'v.bin', { dims: [1] });
  return model({ nodes: [node('Add', ['x', 'w'], ['y'])], sparseInitializers: [sparseTensor(values, indices)] });
}

function inAttribute(): GraphBuilder {
  const shape = tensor({ name: 's', dims: [1], type: INT64, raw: new Uint8Array(BigInt64Array.of(2n).buffer) });
  const attributes = [tensorAttribute('value', externalTensor('v', 'v.bin', { dims: [1] }))];
  return model({ nodes: [node('ConstantOfShape', ['s'], ['y'], { attributes })], initializers: [shape] });
}

describe('a model with external data', () => {
  it('is computed with the weights of its one file', async () => {
    expect(await compute([addModel(), floats(1, 2)])).toEqual([11, 22]);
  });

  it('is computed with the weights of two files, in the order in which it names them', async () => {
    const [matrix, vector] = [floats(1, 2, 3, 4), floats(100, 200)];
    expect(await compute([affineModel('m', 'v'), matrix, vector])).toEqual([170, 300]);
    // The names do not matter, the order does.
    expect(await compute([affineModel('z', 'a'), matrix, vector])).toEqual([170, 300]);
  });

  it('is computed with more weights than onnxruntime folds into constants', async () => {
    const bytes = model({
      nodes: [node('MatMul', ['x', 'a'], ['y'])],
      initializers: [externalTensor('a', 'a.bin', { dims: [2, 3000] })],
      outputs: [value('y', [3000])],
    });
    const rows = [1, 2].flatMap((row) => Array.from({ length: 3000 }, (_, column) => row * column));
    expect(await compute([bytes, floats(...rows)])).toEqual(Array.from({ length: 3000 }, (_, column) => 50 * column));
    await expect(compute([bytes, floats(...rows.slice(1))])).rejects.toMatchObject({ code: 'invalid-encoding' });
  });

  it('finds several tensors in one file, by their offsets and lengths', async () => {
    const first = externalTensor('a', 'w.bin', { external: { offset: '8', length: '8' } });
    const second = externalTensor('b', './w.bin', { external: { offset: '16' } });
    expect(await compute([twoAdds(first, second), floats(-1, -1, 1, 2, 100, 200)])).toEqual([111, 222]);
  });

  it('gives two tensors the same weights', async () => {
    const bytes = twoAdds(externalTensor('a', 'w.bin'), externalTensor('b', 'w.bin'));
    expect(await compute([bytes, floats(1, 2)])).toEqual([12, 24]);
  });

  it('has external constants, in the graph and in functions', async () => {
    const inFunction = modelFunction('AddF', [
      constant('f', externalTensor('f', 'f.bin')),
      node('Add', ['x', 'f'], ['y']),
    ]);
    const bytes = model(
      {
        nodes: [
          constant('k', externalTensor('k', 'k.bin')),
          node('Add', ['x', 'k'], ['z']),
          node('AddF', ['z'], ['y'], { domain: 'test' }),
        ],
      },
      [inFunction],
    );
    expect(await compute([bytes, floats(1, 2), floats(100, 200)])).toEqual([111, 222]);
  });

  it('reads names that are no ASCII, and paths', async () => {
    expect(await compute([addModel('gewichte-ü-重み.bin'), floats(1, 2)])).toEqual([11, 22]);
    expect(await compute([addModel('weights/of/w.bin'), floats(1, 2)])).toEqual([11, 22]);
  });

  it('takes URLs for names like any other', async () => {
    expect(await compute([addModel('https://example.com/w.bin'), floats(1, 2)])).toEqual([11, 22]);
  });

  it('takes a file of which it needs only a part, and one of which it needs nothing', async () => {
    expect(await compute([addModel(), floats(1, 2, 3, 4)])).toEqual([11, 22]);
    const bytes = model({
      nodes: [node('Add', ['x', 'w'], ['y'])],
      initializers: [externalTensor('w', 'w.bin'), externalTensor('unused', 'unused.bin')],
    });
    expect(await compute([bytes, floats(1, 2), new Uint8Array(8)])).toEqual([11, 22]);
  });

  it('keeps its weights when another with files of the same names is loaded', async () => {
    const first = await backend.load([addModel(), floats(1, 2)], { target: 'cpu' });
    expect(await compute([addModel(), floats(2, 2)])).toEqual([12, 22]);
    expect(await compute([addModel(), floats(3, 3)])).toEqual([13, 23]);
    const [[, y] = []] = await first.compute(new Map([['x', x]]));
    expect(y?.data).toEqual(floats(11, 22));
    await first.dispose();
  });

  it('leaves its parts as they are', async () => {
    const parts = [addModel(), floats(1, 2)];
    await compute(parts);
    expect(parts).toEqual([addModel(), floats(1, 2)]);
  });

  it('goes on to the CPU where there is no accelerator', async () => {
    expect(await compute([addModel(), floats(1, 2)], 'tpu')).toEqual([11, 22]);
  });
});

describe('external data that does not fit', () => {
  it.each([
    ['none', [addModel()], 'this ONNX model is 2 parts (the .onnx file, then its external data: "w.bin"), but 1 came'],
    [
      'too much',
      [addModel(), floats(1), floats(2)],
      'this ONNX model is 2 parts (the .onnx file, then its external data: "w.bin"), but 3 came',
    ],
  ])('is refused as invalid-argument: %s', async (_what, parts, text) => {
    await expect(compute(parts)).rejects.toMatchObject({ code: 'invalid-argument', message: `load: ${text}` });
  });

  it.each([
    ['a file that is too short', [addModel(), floats(1)], '"w.bin" (4 bytes)'],
    ['an empty file', [addModel(), new Uint8Array()], '"w.bin" (0 bytes)'],
    ['an offset behind the end', [addModel('w', { offset: '800' }), floats(1, 2)], '"w" (8 bytes)'],
    ['an offset below zero', [addModel('w', { offset: '-8' }), floats(1, 2)], '"w" (8 bytes)'],
    ["a length that is not the tensor's", [addModel('w', { length: '4' }), floats(1, 2)], '"w" (8 bytes)'],
    ['an absolute path', [addModel('/etc/passwd'), floats(1, 2)], '"/etc/passwd" (8 bytes)'],
    [
      'files in the wrong order, of which one is then too short',
      [affineModel(), floats(100, 200), floats(1, 2, 3, 4)],
      '"a.bin" (8 bytes), "b.bin" (16 bytes)',
    ],
  ])('is refused as invalid-encoding: %s', async (_what, parts, files) => {
    await expect(compute(parts)).rejects.toMatchObject({
      code: 'invalid-encoding',
      message: expect.stringMatching(/^load: onnxruntime cannot load the model: /),
    });
    await expect(compute(parts)).rejects.toThrowError(`; the parts after the model were taken for ${files}`);
  });

  it('is not looked for where the model is damaged', async () => {
    const damaged = joinBytes([addModel(), Uint8Array.of(0xff)]);
    await expect(compute([damaged])).rejects.toMatchObject({ code: 'invalid-encoding' });
    await expect(compute([damaged, floats(1, 2), floats(1, 2)])).rejects.toMatchObject({ code: 'invalid-encoding' });
  });

  it("is no way into onnxruntime's memory", async () => {
    const inMemory = { name: 'w', external: { location: '*/_ORT_MEM_ADDR_/*', offset: '1024', length: '8' } };
    const initializer = model({ nodes: [node('Add', ['x', 'w'], ['y'])], initializers: [tensor(inMemory)] });
    const inConstant = model({ nodes: [constant('w', tensor(inMemory)), node('Add', ['x', 'w'], ['y'])] });
    for (const bytes of [initializer, inConstant]) {
      expect(await attempt([bytes])).toBe('invalid-argument');
      await expect(compute([bytes, floats(1, 2)])).rejects.toThrowError(/in-memory address marker/);
    }
  });

  it('is no longer than can be read in an error text', async () => {
    const error: unknown = await compute([addModel('x'.repeat(100_000)), floats(1, 2)]).catch((cause) => cause);
    expect(error).toBeInstanceOf(WasiNNError);
    expect(String(error).length).toBeLessThan(3000);
  });

  it.each([
    ['subgraphs', inSubgraphs(), [floats(1, 2), floats(3, 4)]],
    ['sparse tensors', inSparseTensor(), [floats(1)]],
    ['attributes of other operators than Constant', inAttribute(), [floats(1)]],
  ])('is refused as unsupported-operation, and the text says what to do: that of %s', async (_what, bytes, data) => {
    await expect(compute([bytes, ...data])).rejects.toMatchObject({
      code: 'unsupported-operation',
      message: expect.stringContaining('keep sparse tensors and those of subgraphs and attributes inside the model'),
    });
  });
});

describe('a damaged model with external data', () => {
  it('fails with a WasiNNError wherever it is cut', async () => {
    const bytes = addModel();
    for (let length = 0; length < bytes.byteLength; length++) {
      expect(await attempt([bytes.slice(0, length), floats(1, 2)]), `cut after ${length} bytes`).not.toBe('unknown');
    }
    expect(await compute([bytes, floats(1, 2)])).toEqual([11, 22]);
  });

  it('fails with a WasiNNError, or not at all, whatever is damaged', async () => {
    const random = createRandom(2);
    const pick = (count: number) => Math.floor(random() * count);
    const base = affineModel();
    const seen = new Set<string>();
    for (let round = 0; round < 2000; round++) {
      const bytes = base.slice();
      for (let change = pick(3); change >= 0; change--) bytes[pick(bytes.byteLength)] = pick(256);
      seen.add(await attempt([bytes, floats(1, 2, 3, 4), floats(1, 2)]));
    }
    expect([...seen]).toEqual(expect.arrayContaining(['computed', 'invalid-encoding', 'invalid-argument']));
    expect(await compute([addModel(), floats(1, 2)])).toEqual([11, 22]);
  });
});
