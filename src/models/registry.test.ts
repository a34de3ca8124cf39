import { describe, expect, it, vi } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import { executionTargets, graphEncodings } from '../standard/graph.js';
import type { Entries, ModelsOption, ModelsTable } from './model-options.js';
import { createRegistry, toRegistryOptions } from './registry.js';

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

describe('toRegistryOptions', () => {
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

describe('toRegistryOptions refuses', () => {
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

describe('toRegistryOptions of a document', () => {
  it.each([
    ['models.json', 'https://page.example/app/models.json'],
    [new URL('https://cdn.example/models.json'), 'https://cdn.example/models.json'],
  ])('resolves its URL: %s', (document, href) => {
    expect(toRegistryOptions(document, [], base)).toEqual({ entries: new Map(), document: href, allowedUrls: [] });
  });

  it.each(['file:///models.json', 'https://user:secret@page.example/models.json'])('refuses %s', (url) => {
    expect(() => toRegistryOptions(url, [], base)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.not.stringContaining('secret') }),
    );
  });

  it('refuses what is no URL', () => {
    expect(errorOf('https://')).toMatchObject({
      code: 'invalid-argument',
      message: 'models: "https://" is no URL of a registry document',
    });
  });

  it('refuses patterns that are none', () => {
    expect(() => toRegistryOptions({}, ['https://*/'], base)).toThrow('allowedUrls: "https://*/"');
  });
});

describe('createRegistry', () => {
  const unused = () => Promise.reject(new Error('there is no document to ask for'));

  it('finds names as they were given, and nothing else', async () => {
    const registry = createRegistry(toRegistryOptions({ m: 'm.onnx', 模型: 'n.onnx' }, [], base), unused);
    expect((await registry.find('m')).sources).toMatchObject([{ urls: ['https://page.example/app/m.onnx'] }]);
    expect(await registry.find('模型')).toBeDefined();
    for (const name of ['M', 'm ', '', 'toString', 'https://page.example/app/m.onnx']) {
      await expect(registry.find(name)).rejects.toMatchObject({
        code: 'not-found',
        message: `load-by-name: no model is registered as ${JSON.stringify(name)}; registered are "m", "模型"`,
      });
    }
  });

  it('names twenty of its models at most', async () => {
    const names = Array.from({ length: 25 }, (_, index) => [`m${index}`, 'm.onnx'] as const);
    const registry = createRegistry(toRegistryOptions(Object.fromEntries(names), [], base), unused);
    await expect(registry.find('x')).rejects.toThrow('"m19" and 5 more');
  });

  it('adds entries, also in place of others', async () => {
    const registry = createRegistry(toRegistryOptions({ m: 'old' }, [], base), unused);
    registry.add(createEntries({ m: 'new', n: 'n' }));
    expect((await registry.find('m')).sources).toMatchObject([{ urls: ['https://page.example/app/new'] }]);
    expect([...(await registry.entries()).keys()]).toEqual(['m', 'n']);
  });

  it('finds URLs that the page allows; others are a breach, and what is no URL is only not found', async () => {
    const registry = createRegistry(toRegistryOptions({ m: 'm' }, ['https://models.example/*'], base), unused);
    expect(await registry.find('https://models.example/a/../b.onnx')).toMatchObject({
      sources: [{ urls: ['https://models.example/b.onnx'], immutable: false }],
      fetch: { credentials: 'same-origin' },
    });
    for (const name of ['https://elsewhere.example/m', 'file:///etc/passwd', 'data:,x', 'javascript:0']) {
      await expect(registry.find(name)).rejects.toMatchObject({
        code: 'security',
        message: `load-by-name: the page does not allow ${JSON.stringify(name)}; allowed are "https://models.example/*"`,
      });
    }
    await expect(registry.find('b.onnx')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('asks for its document once, when it is first needed', async () => {
    const fetchDocument = vi.fn(async () => createEntries({ m: 'm', own: 'documented' }));
    const registry = createRegistry(toRegistryOptions('models.json', [], base), fetchDocument);
    registry.add(createEntries({ own: 'own' }));
    expect((await registry.find('own')).sources).toMatchObject([{ urls: ['https://page.example/app/own'] }]);
    expect(fetchDocument).not.toHaveBeenCalled();
    await Promise.all([registry.find('m'), registry.entries()]);
    expect(fetchDocument.mock.calls).toEqual([['https://page.example/app/models.json']]);
    expect((await registry.entries()).get('own')?.sources).toMatchObject([{ urls: ['https://page.example/app/own'] }]);
    await expect(registry.find('x')).rejects.toThrow('registered are "own", "m"');
  });

  it('asks for its document again where it could not be had', async () => {
    const fetchDocument = vi.fn(async () => createEntries({ m: 'm' }));
    fetchDocument.mockRejectedValueOnce(new Error('offline'));
    const registry = createRegistry(toRegistryOptions('models.json', [], base), fetchDocument);
    await expect(registry.find('m')).rejects.toThrow('offline');
    expect(await registry.find('m')).toBeDefined();
  });
});
