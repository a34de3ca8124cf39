import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createWasiNN } from './create-wasi-nn.js';
import type { WasiNNOptions } from './wasi-nn-options.js';

beforeEach(() => {
  vi.stubGlobal('Worker', class {});
  vi.stubGlobal('location', new URL('https://page.example/'));
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('removeEventListener', () => undefined);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

/** What plain JavaScript can pass: the types would not let it. */
const unchecked = (json: string): WasiNNOptions => JSON.parse(json);

it.each([
  ['{ "model": {} }', /^createWasiNN: there is no option "model": did you mean "models"\?/],
  [
    '{ "limits": { "loadMilisecond": 1 } }',
    /^limits: there is no option "loadMilisecond": did you mean "loadMilliseconds"\?/,
  ],
  ['{ "threads": 0 }', /^threads: expected a whole number from 1 to 64$/],
  ['{ "powerPreference": "fast" }', /^powerPreference: expected high-performance or low-power$/],
])('refuses %s', (json, message) => {
  expect(() => createWasiNN(unchecked(json))).toThrow(
    expect.objectContaining({ name: 'WasiNNError', code: 'invalid-argument', message: expect.stringMatching(message) }),
  );
});

it('takes every option that there is', () => {
  const options: Required<WasiNNOptions> = {
    models: {},
    allowedUrls: [],
    cacheBudget: 0,
    allowSoftwareAdapter: false,
    threads: 2,
    powerPreference: 'low-power',
    fallback: false,
    verify: false,
    backends: {},
    measure: false,
    assets: 'https://site.example/wasi-nn-web/',
    debug: () => undefined,
    limits: {},
  };
  using nn = createWasiNN(options);
  expect(nn.models).toBeDefined();
});

it('says where it can run, in a place without workers', () => {
  vi.stubGlobal('Worker', undefined);
  expect(() => createWasiNN()).toThrow(
    'workers cannot be started here: call it in a page, a frame or a dedicated worker',
  );
});
