import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parseDocument } from './registry-document.js';

/** The schema is for editors, the parser for pages: both must say the same of a document. */

const file = path.resolve(import.meta.dirname, '../../schema/models.schema.json');
const validate = new Ajv2020({ strict: true, strictRequired: false }).compile(JSON.parse(readFileSync(file, 'utf8')));

function isParsed(document: unknown): boolean {
  try {
    parseDocument(document, 'https://page.example/models.json');
    return true;
  } catch {
    return false;
  }
}

const sha256 = 'A0'.repeat(32);
const model = (entry: unknown) => ({ models: { m: entry } });

describe('a document that is in order', () => {
  it.each([
    { models: {} },
    { $schema: './models.schema.json', models: { '': 'a', 模型: { url: 'https://cdn.example/b' } } },
    model({ urls: ['a', 'https://mirror.example/a'], sha256, size: 0, immutable: false }),
    model({ parts: ['a', { url: 'b', sha256 }, { urls: ['c'], size: 5 }], encoding: 'onnx', target: 'tpu' }),
    model({ url: 'a', verify: 'first' }),
    model({ url: 'a', verify: true }),
    model({ url: 'a', freeDimensions: { batch: 1 }, graphOptimization: 'basic' }),
    model({
      url: 'a',
      fetch: { credentials: 'include', headers: { 'X-Key': 'k' }, retries: 0, stallTimeout: 1, minimumRate: 0 },
    }),
    model({ backend: 'echo', target: 'gpu' }),
    model({ url: 'a', target: 'gpu', outputs: 'device' }),
    model({ url: 'a', outputs: 'bytes' }),
  ])('%j', (document) => {
    expect(isParsed(document)).toBe(true);
    expect(validate(document)).toBe(true);
  });
});

describe('a document that is not', () => {
  it.each([
    null,
    [],
    {},
    { models: [] },
    { models: null },
    { models: {}, more: 1 },
    model(null),
    model(5),
    model([]),
    model({}),
    model({ url: 'a', urls: ['b'] }),
    model({ url: 5 }),
    model({ urls: [] }),
    model({ urls: 'a' }),
    model({ url: 'a', sha265: sha256 }),
    model({ url: 'a', sha256: 'abc' }),
    model({ url: 'a', size: -1 }),
    model({ url: 'a', size: 1.5 }),
    model({ url: 'a', size: '1' }),
    model({ url: 'a', immutable: 'yes' }),
    model({ url: 'a', encoding: 'tflite' }),
    model({ url: 'a', target: 'npu' }),
    model({ url: 'a', freeDimensions: { n: -1 } }),
    model({ url: 'a', freeDimensions: [1] }),
    model({ url: 'a', graphOptimization: 'most' }),
    model({ url: 'a', verify: 'always' }),
    model({ url: 'a', outputs: 'gpu' }),
    model({ url: 'a', outputs: true }),
    model({ parts: [] }),
    model({ parts: ['a'], url: 'a' }),
    model({ parts: ['a'], sha256 }),
    model({ parts: [{ url: 'a', target: 'cpu' }] }),
    model({ backend: 'onnx' }),
    model({ backend: 'echo', url: 'a' }),
    model({ backend: 'echo', parts: ['a'] }),
    model({ url: 'a', fetch: { credentials: 'always' } }),
    model({ url: 'a', fetch: { headers: { a: 1 } } }),
    model({ url: 'a', fetch: { retries: -1 } }),
    model({ url: 'a', fetch: { stallTimeout: 0 } }),
    model({ url: 'a', fetch: { stallTimeout: 2 ** 31 } }),
    model({ url: 'a', fetch: { timeout: 5 } }),
  ])('%j', (document) => {
    expect(isParsed(document)).toBe(false);
    expect(validate(document)).toBe(false);
  });
});
