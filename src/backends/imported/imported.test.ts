import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { GraphBuilder, GraphEncoding } from '../../standard/graph.js';
import type { BackendGraph, Caller } from '../backend.js';
import { createOnnxBackend } from '../onnx/onnx.js';
import { createImportedBackends } from './imported.js';

const caller: Caller = { guest: 0, begin: () => () => undefined };
const backends = createImportedBackends(createOnnxBackend({ allowSoftwareAdapter: false }));

function load(encoding: GraphEncoding, parts: readonly GraphBuilder[]): Promise<BackendGraph> {
  const backend = backends.find(({ encodings }) => encodings.includes(encoding));
  if (!backend) throw new Error(`no backend serves ${encoding}`);
  return backend.load(parts, { target: 'cpu' }, caller);
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
      const [output] = await graph.compute(new Map([['in0', { type: 'FP32', dimensions: [2, 3], data }]]), caller);
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

  it('counts conversion as work of the engine', async () => {
    let underWay = 0;
    const begun: string[] = [];
    const watched: Caller = {
      guest: 0,
      begin: () => {
        begun.push(`begin ${underWay++}`);
        return () => {
          begun.push(`end ${--underWay}`);
        };
      },
    };
    const [openvino] = backends;
    const graph = await openvino?.load(relu(), { target: 'cpu' }, watched);
    expect(begun.slice(0, 3)).toEqual(['begin 0', 'end 0', 'begin 0']);
    expect(underWay).toBe(0);
    await graph?.dispose();
  });
});
