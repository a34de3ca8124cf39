import { expect, it } from 'vitest';
import { toFallback, toPowerPreference, toThreads, toVerify } from './parse-options.js';

it('takes what is valid', () => {
  expect([
    toFallback(['wasm']),
    toVerify('load'),
    toThreads(2),
    toThreads(undefined),
    toPowerPreference('low-power'),
  ]).toEqual([['wasm'], 'load', 2, undefined, 'low-power']);
});

it.each([
  [() => toFallback('none'), 'fallback: expected true, false or a list of webnn, webgpu, wasm'],
  [() => toVerify('never'), /^verify: expected .*first.*, true or false$/],
  [() => toThreads(0), 'threads: expected a whole number from 1 to 64'],
  [() => toThreads(1.5), 'threads: expected a whole number from 1 to 64'],
  [() => toPowerPreference('fast'), 'powerPreference: expected high-performance or low-power'],
])('says what it expects in place of what is not (case %#)', (parse, message) => {
  expect(parse).toThrow(message);
  expect(parse).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
});
