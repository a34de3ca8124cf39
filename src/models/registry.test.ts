import { describe, expect, it } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import { executionTargets, graphEncodings } from '../standard/graph.js';
import { type Entries, type ModelsOption, type ModelsTable, toRegistryOptions } from './registry.js';

const base = 'https://page.example/app/index.html?query#part';

/** What plain JavaScript can pass: the types would not let it. */
function unchecked(json: string): ModelsTable {
  return JSON.parse(json);
}

/** The entries of a table that is in order. */
function createEntries(models: ModelsOption): Entries {
  return toRegistryOptions(models, [], base).entries;
}

function errorOf(models: ModelsOption): WasiNNError {
  try {
    createEntries(models);
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
    const registry = createEntries({ bare: url, option: { url } });
    const entry = { sources: [{ urls: [resolved], immutable: false }], encoding: 'autodetect', target: 'cpu' };
    expect(registry.get('bare')).toMatchObject(entry);
    expect(registry.get('option')).toMatchObject(entry);
  });

  it('takes bytes and Blobs as they are', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const blob = new Blob([bytes]);
    const registry = createEntries({ bytes: { data: bytes }, blob: { data: blob } });
    expect(registry.get('bytes')?.sources).toEqual([{ data: bytes }]);
    expect(registry.get('blob')?.sources).toEqual([{ data: blob }]);
  });

  it.each(graphEncodings)('keeps the encoding %s', (encoding) => {
    const data = new Uint8Array(1);
    expect(createEntries({ m: { data, encoding } }).get('m')?.encoding).toBe(encoding);
  });

  it.each(executionTargets)('keeps the target %s', (target) => {
    const data = new Uint8Array(1);
    expect(createEntries({ m: { data, target } }).get('m')?.target).toBe(target);
  });

  it('keeps lengths of open axes, and has none where none are given', () => {
    const data = new Uint8Array(1);
    const registry = createEntries({ fixed: { data, freeDimensions: { batch: 1 } }, open: { data } });
    expect(registry.get('fixed')?.freeDimensions).toEqual({ batch: 1 });
    expect(registry.get('open')?.freeDimensions).toEqual({});
  });

  it('has the names that were given, whatever they are', () => {
    const data = new Uint8Array(1);
    const names = ['', 'squeezenet', 'a/b:c', '模型', 'https://elsewhere.example/m.onnx'];
    const registry = createEntries(Object.fromEntries(names.map((name) => [name, { data }])));
    expect([...registry.keys()]).toEqual(names);
    expect(registry.get('toString')).toBeUndefined();
  });

  it('names the backend that needs no model', () => {
    expect(createEntries({ echo: { backend: 'echo' } }).get('echo')).toMatchObject({
      sources: [],
      backend: 'echo',
    });
  });

  it('may be empty', () => {
    expect(createEntries({}).size).toBe(0);
  });

  it('can be posted to a worker', () => {
    const registry = createEntries({ m: { data: new Uint8Array([1]), target: 'gpu' } });
    expect(structuredClone(registry)).toEqual(registry);
  });
});

describe('createRegistry refuses', () => {
  const data = new Uint8Array(1);

  it.each([
    [
      'an encoding that is none',
      unchecked('{ "m": { "url": "m", "encoding": "tflite" } }'),
      'its encoding is "tflite", not one of openvino, onnx',
    ],
    [
      'a target that is none',
      unchecked('{ "m": { "url": "m", "target": "npu" } }'),
      'its target is "npu", not one of cpu, gpu, tpu',
    ],
    ['neither url nor data', { m: {} }, 'needs one of url, urls and data'],
    ['both url and data', { m: { url: 'm', data } }, 'needs one of url, urls and data'],
    ['a backend that needs a model', unchecked('{ "m": { "backend": "onnx" } }'), 'one that needs no model (echo)'],
    ['a backend and a url', { m: { backend: 'echo', url: 'm' } }, 'has both backend and url'],
    ['a backend and data', { m: { backend: 'echo', data } }, 'has both backend and data'],
    ['data that are no bytes', unchecked('{ "m": { "data": [1, 2] } }'), 'is a list, not a Uint8Array or a Blob'],
    ['a URL that is none', { m: 'https://' }, '"https://", is no URL'],
    [
      'an open axis of a negative length',
      { m: { data, freeDimensions: { n: -1 } } },
      'axis "n" is "-1", not a whole number',
    ],
    [
      'an open axis of half a length',
      { m: { data, freeDimensions: { n: 0.5 } } },
      'axis "n" is "0.5", not a whole number',
    ],
    ['null in the place of a model', unchecked('{ "m": null }'), 'is "null", not an object with url'],
    ['a number in the place of a model', unchecked('{ "m": 5 }'), 'is "5", not an object with url'],
  ] satisfies [string, ModelsOption, string][])('%s', (_what, models, reason) => {
    const error = errorOf(models);
    expect(error.code).toBe('invalid-argument');
    expect(error.message).toMatch(/^models: entry "m": /);
    expect(error.message).toContain(reason);
  });
});
