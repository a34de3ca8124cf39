import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import { outputPlaces } from '../standard/graph.js';
import { graphOptimizations } from './model-options.js';
import { parseEntry } from './parse-entry.js';

const base = 'https://page.example/app/';
const sha256 = 'ab'.repeat(32);
const parse = (options: unknown) => parseEntry('m', options, base);

function errorOf(options: unknown): WasiNNError {
  try {
    parse(options);
  } catch (cause) {
    if (cause instanceof WasiNNError) return cause;
    throw cause;
  }
  throw new Error('the entry was accepted');
}

describe('parseEntry', () => {
  it('takes bytes of another realm, as an iframe is one', () => {
    const data: unknown = runInNewContext('Uint8Array.of(1, 2)');
    expect(data).not.toBeInstanceOf(Uint8Array);
    expect(parse({ data }).sources).toEqual([{ data }]);
    expect(parse({ parts: [{ data }] }).sources).toEqual([{ data }]);
  });

  it('keeps an axis and a header that are named __proto__', () => {
    const entry = parse(JSON.parse('{ "url": "m", "freeDimensions": { "__proto__": 2 } }'));
    expect(Object.entries(entry.freeDimensions)).toEqual([['__proto__', 2]]);
    const { fetch } = parse(JSON.parse('{ "url": "m", "fetch": { "headers": { "__proto__": "x" } } }'));
    expect(Object.entries(fetch.headers)).toEqual([['__proto__', 'x']]);
  });

  it('fills in the defaults', () => {
    expect(parse('m.onnx')).toEqual({
      sources: [{ urls: [`${base}m.onnx`], immutable: false }],
      encoding: 'autodetect',
      target: 'cpu',
      freeDimensions: {},
      graphOptimization: 'all',
      fetch: { credentials: 'same-origin', headers: {}, retries: 4, stallTimeout: 30_000, minimumRate: 1024 },
    });
  });

  it('takes mirrors, in their order', () => {
    const urls = ['b', new URL('https://mirror.example/m'), '/a'];
    expect(parse({ urls }).sources).toMatchObject([
      { urls: [`${base}b`, 'https://mirror.example/m', 'https://page.example/a'] },
    ]);
  });

  it('takes parts, each as a URL or with options of its own', () => {
    const data = Uint8Array.of(1);
    const parts = ['a', new URL('https://b.example/'), { urls: ['c', 'd'], sha256, size: 0 }, { data }];
    expect(parse({ parts, encoding: 'onnx' }).sources).toEqual([
      { urls: [`${base}a`], immutable: false },
      { urls: ['https://b.example/'], immutable: false },
      { urls: [`${base}c`, `${base}d`], sha256, size: 0, immutable: true },
      { data },
    ]);
  });

  it('takes a file with a digest for immutable, where nothing else is said', () => {
    const immutable = (options: object) => parse({ url: 'm', ...options }).sources;
    expect(immutable({ sha256 })).toMatchObject([{ immutable: true, sha256 }]);
    expect(immutable({ sha256: sha256.toUpperCase() })).toMatchObject([{ sha256 }]);
    expect(immutable({ sha256, immutable: false })).toMatchObject([{ immutable: false }]);
    expect(immutable({ immutable: true })).toMatchObject([{ immutable: true }]);
  });

  it.each(outputPlaces)('takes %s for where outputs are left', (outputs) => {
    expect(parse({ url: 'm', outputs })).toMatchObject({ outputs });
  });

  it.each(['first', 'load', true, false] as const)('takes verify %s', (verify) => {
    expect(parse({ url: 'm', verify })).toMatchObject({ verify });
  });

  it.each(graphOptimizations)('takes the graph optimization %s', (graphOptimization) => {
    expect(parse({ url: 'm', graphOptimization })).toMatchObject({ graphOptimization });
  });

  it('takes how the model is asked for', () => {
    const fetch = { credentials: 'include', headers: { 'X-Key': '1' }, retries: 0, stallTimeout: 1, minimumRate: 0 };
    expect(parse({ url: 'm', fetch }).fetch).toEqual(fetch);
    expect(parse({ url: 'm', fetch: { retries: 9 } }).fetch).toMatchObject({
      retries: 9,
      stallTimeout: 30_000,
      minimumRate: 1024,
    });
  });
});

describe('parseEntry refuses', () => {
  it.each([
    ['an unknown member', { url: 'm', sha1: '1' }, 'it has "sha1"; known are url, urls, data, sha256'],
    ['an unknown member of a part', { parts: [{ url: 'm', target: 'gpu' }] }, 'its part 0 has "target"'],
    ['an unknown member of fetch', { url: 'm', fetch: { mode: 'cors' } }, 'its fetch has "mode"'],
    ['a short digest', { url: 'm', sha256: 'ab' }, 'the sha256 of it is "ab", not 64 hexadecimal digits'],
    ['a digest of other digits', { url: 'm', sha256: 'g'.repeat(64) }, 'not 64 hexadecimal digits'],
    ['a digest that is no text', { url: 'm', sha256: 5 }, 'not 64 hexadecimal digits'],
    ['a negative size', { url: 'm', size: -1 }, 'the size of it is "-1", not a number of bytes'],
    ['a size that is text', { url: 'm', size: '5' }, 'not a number of bytes'],
    ['a size of half a byte', { url: 'm', size: 0.5 }, 'not a number of bytes'],
    ['immutable that is text', { url: 'm', immutable: 'yes' }, '"immutable" of it is "yes", not true or false'],
    ['a digest of bytes that are there', { data: new Uint8Array(), sha256 }, 'it has both data and sha256'],
    ['a size of bytes that are there', { parts: [{ data: new Uint8Array(), size: 0 }] }, 'part 0 has both data and'],
    ['no mirrors', { urls: [] }, 'the urls of it are none: name at least one'],
    ['mirrors that are no list', { urls: 'm' }, 'the urls of it is "m", not a list'],
    [
      'a scheme that is none of ours',
      { url: 'ftp://a/m' },
      'the url of it, "ftp://a/m", is no http, https, blob or data URL',
    ],
    ['a mirror that is a script', { urls: ['m', 'javascript:0'] }, 'is no http, https, blob or data URL'],
    [
      'a part with a password',
      { parts: ['https://user:secret@a/m'] },
      'the url of its part 0, "https://…@a/m", is no URL without',
    ],
    [
      'half a byte per second',
      { url: 'm', fetch: { minimumRate: 0.5 } },
      'its fetch.minimumRate is "0.5", not a number of',
    ],
    ['a mirror that is no URL', { urls: ['m', 5] }, 'the url of it is "5", not text or a URL'],
    ['url and urls', { url: 'm', urls: ['m'] }, 'it needs one of url, urls and data'],
    ['no parts', { parts: [] }, 'its parts is a list, not a list of at least one file'],
    ['parts that are no list', { parts: {} }, 'its parts is an object, not a list'],
    ['a part that is none', { parts: ['m', null] }, 'its part 1 is "null", not an object with url'],
    ['parts and url', { parts: ['m'], url: 'm' }, 'it has both parts and url'],
    ['parts and a digest', { parts: ['m'], sha256 }, 'it has both parts and sha256'],
    ['parts and a backend', { parts: ['m'], backend: 'echo' }, 'it has both parts and backend'],
    ['an unknown verify', { url: 'm', verify: 'always' }, 'its verify'],
    ['an unknown optimization', { url: 'm', graphOptimization: 'max' }, 'not one of disabled, basic, extended, all'],
    ['outputs that are left elsewhere', { url: 'm', outputs: 'gpu' }, 'its outputs is "gpu", not one of bytes, device'],
    ['open axes that are a list', { url: 'm', freeDimensions: [1] }, 'its freeDimensions is a list, not an object'],
    ['unknown credentials', { url: 'm', fetch: { credentials: 'all' } }, 'not one of omit, same-origin, include'],
    ['negative retries', { url: 'm', fetch: { retries: -1 } }, 'its fetch.retries is "-1", not a whole number'],
    ['no time for a stall', { url: 'm', fetch: { stallTimeout: 0 } }, 'from 1 to 2147483647'],
    ['more time than a timer has', { url: 'm', fetch: { stallTimeout: 2 ** 31 } }, 'from 1 to 2147483647'],
    ['a header that is no text', { url: 'm', fetch: { headers: { a: 1 } } }, 'its fetch.headers, "a" is "1", not text'],
    ['a header of no name', { url: 'm', fetch: { headers: { 'a b': '1' } } }, 'its fetch.headers are no HTTP headers'],
    ['a header that resuming needs', { url: 'm', fetch: { headers: { RANGE: '1' } } }, 'set RANGE, which resuming'],
    ['fetch that is none', { url: 'm', fetch: true }, 'its fetch is "true", not an object with credentials'],
    ['a list', ['m'], 'it is a list, not an object with url'],
    ['bare bytes', new Uint8Array(1), 'it is an object, not an object with url'],
  ])('%s', (_what, options, reason) => {
    const error = errorOf(options);
    expect(error.code).toBe('invalid-argument');
    expect(error.message).toMatch(/^models: entry "m": /);
    expect(error.message).toContain(reason);
  });

  it('bytes in shared memory, which could change', () => {
    expect(errorOf({ data: new Uint8Array(new SharedArrayBuffer(4)) }).message).toContain('not a Uint8Array or a Blob');
  });
});
