import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { numbersTensor } from '../onnx/constants.js';
import type { ElementType } from '../onnx/element-types.js';
import type { Tensor } from '../onnx/model.js';
import { relativeError, runOnnx } from '../onnx/run.fixture.js';
import { importOpenvino } from './import-openvino.js';

const project = path.resolve(import.meta.dirname, '../../..');
const fixtures = process.env.WASI_NN_FIXTURES ?? path.resolve(project, '../shared/fixtures');
const folder = path.join(fixtures, 'encodings/openvino');
const hasFixtures = existsSync(path.join(folder, 'index.json'));

interface Described {
  readonly name: readonly string[];
  readonly type: ElementType;
  readonly dims: readonly number[];
}

interface Case {
  readonly model: string;
  readonly inputs: readonly Described[];
  readonly outputs: readonly Described[];
}

function read(...segments: string[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(path.join(...segments)));
}

function tensors(kind: 'in' | 'out', model: string, described: readonly Described[]): Tensor[] {
  return described.map(({ type, dims }, index) => ({
    type,
    dims,
    data: read(folder, `${model}.${kind}.${index}.bin`),
  }));
}

function named(names: readonly { name: string }[], values: readonly Tensor[]): Record<string, Tensor> {
  return Object.fromEntries(names.flatMap(({ name }, index) => (values[index] ? [[name, values[index]]] : [])));
}

describe.skipIf(!hasFixtures)('importOpenvino on real models', () => {
  const cases: Case[] = hasFixtures ? JSON.parse(readFileSync(path.join(folder, 'index.json'), 'utf8')) : [];

  it.each(cases.filter(({ model }) => existsSync(path.join(folder, `${model}.xml`))))(
    'converts $model to what OpenVINO computes',
    async ({ model, inputs, outputs }) => {
      const imported = await importOpenvino([read(folder, `${model}.xml`), read(folder, `${model}.bin`)]);
      const results = await runOnnx(imported.onnx, named(imported.inputs, tensors('in', model, inputs)));

      for (const [index, expected] of tensors('out', model, outputs).entries()) {
        const name = imported.outputs[index]?.name ?? '';
        const error = relativeError(results.get(name), expected);
        expect(error).toBeLessThan(expected.type === 'float16' ? 1e-2 : 1e-4);
        for (const alias of outputs[index]?.name ?? []) {
          expect(imported.outputAliases.get(alias) ?? alias).toBe(name);
        }
      }
      for (const [index, { name }] of inputs.entries()) {
        for (const alias of name) expect(imported.inputAliases.get(alias) ?? alias).toBe(imported.inputs[index]?.name);
      }
    },
  );

  it('converts road-segmentation to what OpenVINO computes', async () => {
    const models = path.join(fixtures, 'models');
    const imported = await importOpenvino([
      read(models, 'road-segmentation.xml'),
      read(models, 'road-segmentation.bin'),
    ]);
    const ramp = Array.from({ length: 3 * 512 * 896 }, (_, index) => ((index * 0.618) % 1) * 255);
    const results = await runOnnx(imported.onnx, { data: numbersTensor('float32', ramp, [1, 3, 512, 896]) });

    const output = results.get(imported.outputs[0]?.name ?? '');
    expect(output?.dims).toEqual([1, 4, 512, 896]);
    const all = new Float32Array(output?.data.buffer ?? new ArrayBuffer(0));
    const plane = 512 * 896;
    const kept = Float32Array.from({ length: 4 * Math.ceil(plane / 97) }, (_, index) => {
      const row = Math.ceil(plane / 97);
      return all[Math.floor(index / row) * plane + (index % row) * 97] ?? Number.NaN;
    });
    const dims = [kept.length];
    const expected: Tensor = { type: 'float32', dims, data: read(folder, 'road-segmentation.out.every97.bin') };
    const error = relativeError({ type: 'float32', dims, data: new Uint8Array(kept.buffer) }, expected);
    expect(error).toBeLessThan(1e-4);
  });
});

describe('importOpenvino', () => {
  it('leaves out layers that no output needs', async () => {
    const layer = (id: number, type: string, inner: string) =>
      `<layer id="${id}" name="layer${id}" type="${type}" version="opset1">${inner}</layer>`;
    const port = '<port id="0" precision="FP32"><dim>2</dim></port>';
    const both = `<input>${port}</input><output>${port.replace('"0"', '"1"')}</output>`;
    const xml = `<net name="n" version="11"><layers>
      ${layer(0, 'Parameter', `<data shape="2" element_type="f32"/><output>${port}</output>`)}
      ${layer(1, 'ReLU', both)}${layer(2, 'Tanh', both)}
      ${layer(3, 'Result', `<input>${port}</input>`)}
      </layers><edges>
      <edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
      <edge from-layer="1" from-port="1" to-layer="2" to-port="0"/>
      <edge from-layer="1" from-port="1" to-layer="3" to-port="0"/>
      </edges></net>`;
    const { onnx } = await importOpenvino([new TextEncoder().encode(xml), new Uint8Array()]);
    const text = new TextDecoder('latin1').decode(onnx);
    expect(text).toContain('Relu');
    expect(text).not.toContain('Tanh');
  });
});
