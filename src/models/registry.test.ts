import { describe, expect, it } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import { executionTargets, graphEncodings } from '../standard/graph.js';
import { createRegistry, type ModelsOption } from './registry.js';

const base = 'https://page.example/app/index.html?query#part';

/** What plain JavaScript can pass: the types would not let it. */
function unchecked(json: string): ModelsOption {
  return JSON.parse(json);
}

function errorOf(models: ModelsOption): WasiNNError {
  try {
    createRegistry(models, base);
  } catch (cause) {
    if (cause instanceof WasiNNError) return cause;
    throw cause;
  }
  throw new Error('the registry was accepted');
}

describe('createRegistry', () => {
  it.each([
    ['a relative URL', 'models/m.onnx', 'https://page.example/app/models/m.onnx'],
    ['an absolute path', '/m.onnx', 'https://page.example/m.onnx'],
    ['another origin', 'https://cdn.example/m.onnx?v=1', 'https://cdn.example/m.onnx?v=1'],
    ['a URL without a scheme', '//cdn.example/m.onnx', 'https://cdn.example/m.onnx'],
    ['a URL object', new URL('https://cdn.example/m.onnx'), 'https://cdn.example/m.onnx'],
    ['a data URL', 'data:application/octet-stream;base64,AA==', 'data:application/octet-stream;base64,AA=='],
  ] satisfies [string, string | URL, string][])('resolves %s, bare or as an option', (_what, url, resolved) => {
    const registry = createRegistry({ bare: url, option: { url } }, base);
    const entry = { source: { url: resolved }, encoding: 'autodetect', target: 'cpu' };
    expect(registry.get('bare')).toMatchObject(entry);
    expect(registry.get('option')).toMatchObject(entry);
  });

  it('takes bytes and Blobs as they are', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const blob = new Blob([bytes]);
    const registry = createRegistry({ bytes: { data: bytes }, blob: { data: blob } }, base);
    expect(registry.get('bytes')?.source).toEqual({ data: bytes });
    expect(registry.get('blob')?.source).toEqual({ data: blob });
  });

  it.each(graphEncodings)('keeps the encoding %s', (encoding) => {
    const data = new Uint8Array(1);
    expect(createRegistry({ m: { data, encoding } }, base).get('m')?.encoding).toBe(encoding);
  });

  it.each(executionTargets)('keeps the target %s', (target) => {
    const data = new Uint8Array(1);
    expect(createRegistry({ m: { data, target } }, base).get('m')?.target).toBe(target);
  });

  it('keeps lengths of open axes, and has none where none are given', () => {
    const data = new Uint8Array(1);
    const registry = createRegistry({ fixed: { data, freeDimensions: { batch: 1 } }, open: { data } }, base);
    expect(registry.get('fixed')?.freeDimensions).toEqual({ batch: 1 });
    expect(registry.get('open')?.freeDimensions).toEqual({});
  });

  it('has the names that were given, whatever they are', () => {
    const data = new Uint8Array(1);
    const names = ['', 'squeezenet', 'a/b:c', '模型', 'https://elsewhere.example/m.onnx'];
    const registry = createRegistry(Object.fromEntries(names.map((name) => [name, { data }])), base);
    expect([...registry.keys()]).toEqual(names);
    expect(registry.get('toString')).toBeUndefined();
  });

  it('names the backend that needs no model', () => {
    expect(createRegistry({ echo: { backend: 'echo' } }, base).get('echo')).toMatchObject({
      source: { backend: 'echo' },
    });
  });

  it('may be empty', () => {
    expect(createRegistry({}, base).size).toBe(0);
  });

  it('can be posted to a worker', () => {
    const registry = createRegistry({ m: { data: new Uint8Array([1]), target: 'gpu' } }, base);
    expect(structuredClone(registry)).toEqual(registry);
  });
});

describe('createRegistry refuses', () => {
  const data = new Uint8Array(1);

  it.each([
    ['an encoding that is none', unchecked('{ "m": { "url": "m", "encoding": "tflite" } }'), 'encoding is "tflite"'],
    [
      'a target that is none',
      unchecked('{ "m": { "url": "m", "target": "npu" } }'),
      'target is "npu", not cpu, gpu or',
    ],
    ['neither url nor data', { m: {} }, 'needs either a url or data'],
    ['both url and data', { m: { url: 'm', data } }, 'needs either a url or data'],
    ['a backend that needs a model', unchecked('{ "m": { "backend": "onnx" } }'), 'only "echo" needs no model'],
    ['a backend and a url', { m: { backend: 'echo', url: 'm' } }, 'backend takes neither a url nor data'],
    ['a backend and data', { m: { backend: 'echo', data } }, 'backend takes neither a url nor data'],
    ['data that are no bytes', unchecked('{ "m": { "data": [1, 2] } }'), 'data is neither a Uint8Array nor a Blob'],
    ['a URL that is none', { m: 'https://' }, 'url "https://" is no URL'],
    ['an open axis of a negative length', { m: { data, freeDimensions: { n: -1 } } }, 'axis "n" is -1'],
    ['an open axis of half a length', { m: { data, freeDimensions: { n: 0.5 } } }, 'axis "n" is 0.5'],
    ['null in the place of a model', unchecked('{ "m": null }'), 'needs either a url or data'],
    ['a number in the place of a model', unchecked('{ "m": 5 }'), 'needs either a url or data'],
  ] satisfies [string, ModelsOption, string][])('%s', (_what, models, reason) => {
    const error = errorOf(models);
    expect(error.code).toBe('invalid-argument');
    expect(error.message).toMatch(/^models: entry "m": /);
    expect(error.message).toContain(reason);
  });
});
