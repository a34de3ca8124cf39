import { describe, expect, it } from 'vitest';
import type { Backend, LoadOptions } from '../backends/backend.js';
import { createEchoBackend } from '../backends/echo.js';
import type { ConvertedModels } from '../models/models.js';
import type { EngineLoad } from '../rpc/engine-protocol.js';
import type { GraphBuilder, GraphEncoding } from '../standard/graph.js';
import { createEngine } from './engine.js';

/** How an engine chooses a backend, and what it passes to it. The rest is tested with the hub (`hub/*.test.ts`). */

const encode = (text: string): GraphBuilder => new TextEncoder().encode(text);
const onnxModel: GraphBuilder = Uint8Array.of(0x08, 0x07, 0x12, 0x00);
const ggufModel = encode('GGUF\u0003');
const html = encode('<!doctype html>');
const unknownBytes = encode('no model');

function open(convertedModels?: ConvertedModels) {
  const loads: LoadOptions[] = [];
  const backendOf = (name: string, encodings: readonly GraphEncoding[]): Backend => ({
    ...createEchoBackend(),
    name,
    encodings,
    load(parts, options) {
      loads.push(options);
      return createEchoBackend().load(parts, options);
    },
  });
  const backends = [backendOf('fake', ['onnx']), backendOf('other', ['ggml', 'pytorch'])];
  return { engine: createEngine({ backends, convertedModels }), loads };
}

function request(changes: Partial<EngineLoad>): EngineLoad {
  return { graph: 0, parts: [onnxModel], encoding: 'onnx', options: { target: 'cpu', fallback: true }, ...changes };
}

describe('load', () => {
  it.each([
    ['onnx', 'autodetect', onnxModel, 'fake'],
    ['onnx', 'onnx', onnxModel, 'fake'],
    ['ggml', 'autodetect', ggufModel, 'other'],
    ['ggml', 'ggml', ggufModel, 'other'],
    ['bytes of an unknown format', 'onnx', unknownBytes, 'fake'],
  ] satisfies [string, GraphEncoding, GraphBuilder, string][])(
    'finds the backend for %s given as %s',
    async (_what, encoding, bytes, backend) => {
      const { engine } = open();
      for (const part of [bytes, new Blob([bytes])]) {
        expect(await engine.load(request({ parts: [part], encoding }))).toMatchObject({ backend });
      }
    },
  );

  it.each([
    ['onnx', ggufModel, false, 'expected onnx, but the bytes are a GGUF model; served are: onnx, ggml, pytorch'],
    ['ggml', onnxModel, false, 'expected ggml, but the bytes are an ONNX model'],
    ['onnx', html, true, 'expected onnx, but the bytes are an HTML page'],
    ['onnx', encode(''), true, 'expected onnx, but the bytes are an empty file'],
    ['autodetect', html, true, 'no backend serves these bytes: they are an HTML page; served are: onnx, ggml, pytorch'],
    ['autodetect', encode(''), true, 'no backend serves these bytes: they are an empty file'],
    ['tensorflow', unknownBytes, true, 'no backend serves tensorflow'],
    ['openvino', onnxModel, false, 'expected openvino, but the bytes are an ONNX model'],
  ] satisfies [GraphEncoding, GraphBuilder, boolean, string][])(
    'refuses as %s (%#)',
    async (encoding, bytes, isDamaged, text) => {
      const { engine, loads } = open();
      expect(await engine.load(request({ parts: [bytes], encoding }))).toEqual({
        error: { code: 'invalid-encoding', message: expect.stringContaining(`load: ${text}`) },
        isDamaged,
      });
      expect(loads).toEqual([]);
    },
  );

  it('refuses no parts at all, and a backend that is not there', async () => {
    const { engine } = open();
    expect(await engine.load(request({ parts: [] }))).toMatchObject({
      error: { code: 'invalid-argument', message: expect.stringContaining('no graph builder came') },
    });
    expect(await engine.load(request({ parts: [], backend: 'nosuch' }))).toMatchObject({
      error: { message: expect.stringContaining('nosuch') },
    });
  });
});

describe('conversions', () => {
  const convertedModels: ConvertedModels = {
    findConverted: async (conversion) => new Uint8Array(encode(JSON.stringify(conversion))),
    keepConverted: async () => false,
  };

  it('are found for the files of a model that is loaded by name', async () => {
    const { engine, loads } = open(convertedModels);
    await engine.load(request({ files: ['a', 'b'] }));
    const found = await loads[0]?.conversions?.find('openvino-1-0f');
    expect(JSON.parse(new TextDecoder().decode(found))).toEqual({ files: ['a', 'b'], key: 'openvino-1-0f' });
  });

  it('are not kept of a model that the cache does not keep', async () => {
    const { engine, loads } = open(convertedModels);
    await engine.load(request({}));
    expect(loads[0]).not.toHaveProperty('conversions');
  });
});

describe('an engine refuses', () => {
  it.each([
    ['a graph', 'compute'],
    ['a tensor', 'readTensor'],
  ] as const)('%s that it does not have', async (_what, method) => {
    const { engine } = open();
    const compute = { graph: 7, inputs: [], outputBytes: 1, deviceRoom: { tensors: 0, bytes: 0 } };
    const call = method === 'compute' ? engine.compute(compute) : engine.readTensor(7);
    await expect(call).rejects.toMatchObject({ code: 'runtime-error', message: expect.stringContaining('7: the hub') });
    await expect(engine.unload(7)).resolves.toBeUndefined();
  });
});
