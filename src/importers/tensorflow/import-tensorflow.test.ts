import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WasiNNError } from '../../standard/error.js';
import type { Tensor } from '../onnx/model.js';
import { relativeError, runOnnx } from '../onnx/run.fixture.js';
import { importTensorflow } from './import-tensorflow.js';
import { constNode, graphDef, nodeDef, placeholder } from './model.fixture.js';

type Parts = readonly Uint8Array<ArrayBuffer>[];

const folder = new URL('../../../../shared/fixtures/encodings/tensorflow/', import.meta.url);
const hasFixtures = existsSync(folder);

function read(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(path, folder)));
}

function float32(path: string, dims: readonly number[]): Tensor {
  return { type: 'float32', dims, data: read(path) };
}

const savedModelFiles = ['saved_model.pb', 'variables/variables.index', 'variables/variables.data-00000-of-00001'];

async function errorOf(parts: Parts): Promise<WasiNNError> {
  try {
    await importTensorflow(parts);
  } catch (cause) {
    if (cause instanceof WasiNNError) return cause;
    throw cause;
  }
  throw new Error('nothing was thrown');
}

describe.skipIf(!hasFixtures)('a model of Keras, where the fixtures are', () => {
  it.each([
    ['small', 32, 10],
    ['mobilenet_v2', 96, 1000],
  ])('%s.pb answers as TensorFlow does', async (name, size, classes) => {
    const model = await importTensorflow([read(`${name}.pb`)]);

    expect(model.inputs).toEqual([{ name: 'input', type: 'FP32', shape: [1, size, size, 3] }]);
    expect(model.outputs).toEqual([{ name: 'Identity', type: 'FP32', shape: [1, classes] }]);
    expect([...model.inputAliases]).toEqual([['input:0', 'input']]);
    expect([...model.outputAliases]).toEqual([['Identity:0', 'Identity']]);
    const outputs = await runOnnx(model.onnx, { input: float32(`${name}.in`, [1, size, size, 3]) });
    expect(relativeError(outputs.get('Identity'), float32(`${name}.out`, [1, classes]))).toBeLessThan(1e-4);
  });

  it.each([
    ['in their order', [0, 1, 2]],
    ['in another order', [2, 0, 1]],
  ])('a SavedModel with its parts %s answers as TensorFlow does', async (_what, order) => {
    const parts = order.map((index) => read(`small_saved/${savedModelFiles[index]}`));

    const model = await importTensorflow(parts);

    expect(model.inputs).toEqual([{ name: 'input', type: 'FP32', shape: [1, 32, 32, 3] }]);
    expect(model.outputs).toEqual([{ name: 'scores', type: 'FP32', shape: [1, 10] }]);
    expect(model.inputAliases.get('serving_default_input:0')).toBe('input');
    expect(model.outputAliases.get('scores:0')).toBe('scores');
    const outputs = await runOnnx(model.onnx, { input: float32('small.in', [1, 32, 32, 3]) });
    expect(relativeError(outputs.get('scores'), float32('small.out', [1, 10]))).toBeLessThan(1e-4);
  });

  it('has its weights once', async () => {
    const bytes = read('mobilenet_v2.pb');

    const { onnx } = await importTensorflow([bytes]);

    expect(onnx.byteLength).toBeLessThan(bytes.byteLength * 1.02);
  });

  it('says that a variable does not fit its checksum', async () => {
    const [model, index, data] = savedModelFiles.map((file) => read(`small_saved/${file}`));
    if (!model || !index || !data) throw new Error('three files were read');
    data[100] = (data[100] ?? 0) ^ 1;

    const error = await errorOf([model, index, data]);

    expect(error.code).toBe('invalid-encoding');
    expect(error.message).toMatch(/the variable ".*" does not fit its checksum/);
  });

  it('says which parts a SavedModel with variables has', async () => {
    const error = await errorOf([read('small_saved/saved_model.pb')]);

    expect(error.code).toBe('invalid-argument');
    expect(error.message).toContain('saved_model.pb, variables.index, variables.data-00000-of-00001');
  });
});

describe('a frozen graph', () => {
  it('has all its operators that cannot be converted in one text', async () => {
    const graph = graphDef([
      placeholder('x', [2]),
      nodeDef('first', 'Imagined', ['x']),
      nodeDef('second', 'Imagined', ['first']),
      nodeDef('third', 'Fancied', ['second', 'switch:1']),
      nodeDef('switch', 'Switch', ['x', 'x']),
      nodeDef('unused', 'Forgotten', []),
    ]);
    const error = await errorOf([graph]);

    expect(error.code).toBe('unsupported-operation');
    expect(error.message).toContain('Imagined in "second", "first"');
    expect(error.message).toContain('Fancied in "third"');
    expect(error.message).toContain('Switch (control flow of TensorFlow 1) in "switch"');
  });

  it('has as outputs what no node takes', async () => {
    const graph = graphDef([
      placeholder('x', [2, 4]),
      nodeDef('relu', 'Relu', ['x']),
      nodeDef('a', 'Neg', ['relu:0']),
      nodeDef('b', 'Exp', ['relu', '^a']),
      nodeDef('done', 'NoOp', ['^b']),
      nodeDef('top', 'TopKV2', ['x', 'k']),
      constNode('k', [1]),
    ]);

    const { outputs } = await importTensorflow([graph]);

    expect(outputs.map(({ name, type, shape }) => [name, type, shape])).toEqual([
      ['top', 'FP32', [2, 1]],
      ['top:1', 'I32', [2, 1]],
    ]);
  });

  it('has as inputs the placeholders that a node takes', async () => {
    const graph = graphDef([placeholder('unused', [1]), placeholder('x', [2]), nodeDef('y', 'Neg', ['x'])]);

    const { inputs } = await importTensorflow([graph]);

    expect(inputs).toEqual([{ name: 'x', type: 'FP32', shape: [2] }]);
  });

  it('is refused where it goes in a circle', async () => {
    const graph = graphDef([
      placeholder('x', [2]),
      nodeDef('a', 'AddV2', ['x', 'b']),
      nodeDef('b', 'Neg', ['a']),
      nodeDef('c', 'Neg', ['b']),
    ]);
    const error = await errorOf([graph]);

    expect(error.code).toBe('invalid-encoding');
    expect(error.message).toMatch(/the node "[ab]" depends on its own output/);
  });

  it.each([
    ['no parts', []],
    ['two parts', [new Uint8Array(4), new Uint8Array(4)]],
  ])('is refused as %s', async (_what, parts) => {
    expect((await errorOf(parts)).code).toBe('invalid-argument');
  });
});
