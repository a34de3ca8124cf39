import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { writeTorchScript } from '../../importers/pytorch/archive.fixture.js';
import type { GraphBuilder, GraphEncoding } from '../../standard/graph.js';
import type { BackendGraph, Conversions } from '../backend.js';
import { createOnnxBackend } from '../onnx/onnx.js';
import { createImportedBackends } from './imported.js';

const backends = createImportedBackends(createOnnxBackend({ allowSoftwareAdapter: false }));

function load(encoding: GraphEncoding, parts: readonly GraphBuilder[]): Promise<BackendGraph> {
  const backend = backends.find(({ encodings }) => encodings.includes(encoding));
  if (!backend) throw new Error(`no backend serves ${encoding}`);
  return backend.load(parts, { target: 'cpu' });
}

/** A cache of conversions in memory, and which of them were asked for and kept. */
function memory() {
  const files = new Map<string, Blob>();
  const found: string[] = [];
  const kept: string[] = [];
  const conversions: Conversions = {
    async find(key) {
      const file = files.get(key);
      if (file) found.push(key);
      return file && new Uint8Array(await file.arrayBuffer());
    },
    keep(key, content) {
      kept.push(key);
      files.set(key, new Blob(content.map((part) => part.slice())));
    },
  };
  return { files, found, kept, conversions };
}

/** Loads a model as another visit does. */
async function visit(encoding: GraphEncoding, parts: readonly GraphBuilder[], conversions: Conversions) {
  const backend = backends.find(({ encodings }) => encodings.includes(encoding));
  if (!backend) throw new Error(`no backend serves ${encoding}`);
  return { graph: await backend.load(parts, { target: 'cpu', conversions }) };
}

async function computed(graph: BackendGraph, name: string, ...numbers: number[]): Promise<number[]> {
  const data = new Uint8Array(Float32Array.from(numbers).buffer);
  const [output] = await graph.compute(new Map([[name, { type: 'FP32', dimensions: [2, numbers.length / 2], data }]]));
  return [...new Float32Array(output?.[1].data.slice().buffer ?? new ArrayBuffer(0))];
}

/** A small OpenVINO model: y = relu(x). */
function relu(): [xml: GraphBuilder, bin: GraphBuilder] {
  const file = path.resolve(import.meta.dirname, '../../importers/openvino/golden/activation.json.gz');
  const cases: { name: string; xml: string }[] = JSON.parse(gunzipSync(readFileSync(file)).toString());
  const xml = cases.find(({ name }) => name === 'relu')?.xml ?? '';
  return [new TextEncoder().encode(xml.replace('names="in0"', 'names="in0,first"')), new Uint8Array()];
}

describe('createImportedBackends', () => {
  it('loads an OpenVINO model, whose tensors have all their names', async () => {
    const [xml, bin] = relu();
    for (const parts of [
      [xml, bin],
      [bin, xml],
    ]) {
      const graph = await load('openvino', parts);
      expect(graph.inputs).toEqual([{ name: 'in0', aliases: ['first'], type: 'FP32', shape: [2, 3] }]);
      const data = new Uint8Array(Float32Array.of(-1, 2, -3, 4, -5, 6).buffer);
      const [output] = await graph.compute(new Map([['in0', { type: 'FP32', dimensions: [2, 3], data }]]));
      expect([...new Float32Array(output?.[1].data.slice().buffer ?? new ArrayBuffer(0))]).toEqual([0, 2, 0, 4, 0, 6]);
      await graph.dispose();
    }
  });

  it.each([
    ['openvino', [], 'invalid-argument', 'an OpenVINO model is 2 parts'],
    ['openvino', [Uint8Array.of(1), Uint8Array.of(2)], 'invalid-encoding', 'the XML does not parse'],
    ['pytorch', [], 'invalid-argument', 'a PyTorch model is 1 part'],
    ['pytorch', [Uint8Array.of(1)], 'invalid-encoding', 'the PyTorch archive'],
    ['tensorflow', [Uint8Array.of(1)], 'invalid-encoding', 'load: '],
    ['tensorflow', [new Uint8Array(), new Uint8Array()], 'invalid-argument', 'a TensorFlow model is 1 part'],
  ] as const)('refuses what is no model of %s (%#)', async (encoding, parts, code, text) => {
    await expect(load(encoding, parts)).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
  });
});

describe('a conversion that is kept', () => {
  it('is what the next visit loads, with all names', async () => {
    const { files, found, kept, conversions } = memory();
    const first = await visit('openvino', relu(), conversions);
    await vi.waitFor(() => expect([...files.keys()]).toEqual([expect.stringMatching(/^openvino-1-[0-9a-f]{64}$/)]));
    const second = await visit('openvino', relu(), conversions);

    expect(found).toHaveLength(1);
    expect(kept).toHaveLength(1);
    expect(second.graph.inputs).toEqual(first.graph.inputs);
    expect(await computed(second.graph, 'in0', -1, 2, -3, 4, -5, 6)).toEqual([0, 2, 0, 4, 0, 6]);
    await first.graph.dispose();
    await second.graph.dispose();
  });

  it('is not that of other bytes', async () => {
    const { files, found, conversions } = memory();
    const [xml, bin] = relu();
    const other = new TextEncoder().encode(new TextDecoder().decode(xml).replace('first', 'other'));
    for (const parts of [
      [xml, bin],
      [other, bin],
      [xml, Uint8Array.of(0)],
    ]) {
      await (await visit('openvino', parts, conversions)).graph.dispose();
    }
    await vi.waitFor(() => expect(files.size).toBe(3));
    expect(found).toEqual([]);
  });

  it.each([
    ['nothing', () => new Blob()],
    ['what is no conversion', () => new Blob(['PK'])],
    ['that of another model', (file: Blob) => file.slice(10)],
    ['an ONNX model that is cut off', (file: Blob) => file.slice(0, file.size - 20)],
  ])('is made again where the storage has %s', async (_what, damage) => {
    const { files, conversions } = memory();
    await (await visit('openvino', relu(), conversions)).graph.dispose();
    await vi.waitFor(() => expect(files.size).toBe(1));
    const [[key, whole] = ['', new Blob()]] = files;
    files.set(key, damage(whole));

    const { graph } = await visit('openvino', relu(), conversions);
    expect(await computed(graph, 'in0', -1, 2, -3, 4, -5, 6)).toEqual([0, 2, 0, 4, 0, 6]);
    await graph.dispose();
    await vi.waitFor(() => expect(files.get(key)?.size).toBe(whole.size));
  });

  it('is one for each combination of inputs of a PyTorch model, which need not be read then', async () => {
    const { files, found, kept, conversions } = memory();
    const relu = () => [
      writeTorchScript('class Program(Module):\n  def forward(self, x: Tensor) -> Tensor:\n    return torch.relu(x)\n'),
    ];
    const first = await visit('pytorch', relu(), conversions);
    expect(await computed(first.graph, '0', -1, 2)).toEqual([0, 2]);
    expect(await computed(first.graph, '0', -1, 2, -3, 4)).toEqual([0, 2, 0, 4]);
    await vi.waitFor(() => expect(files.size).toBe(3));

    const second = await visit('pytorch', relu(), conversions);
    expect(second.graph.inputs).toBe('any');
    expect(await computed(second.graph, '0', -3, 4)).toEqual([0, 4]);
    expect(found).toHaveLength(2);
    expect(kept).toHaveLength(3);
    expect(await computed(second.graph, '0', 1, 2, 3, -4, 5, 6)).toEqual([1, 2, 3, 0, 5, 6]);
    await vi.waitFor(() => expect(files.size).toBe(4));
    await first.graph.dispose();
    await second.graph.dispose();
  });
});
