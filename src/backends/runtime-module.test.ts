import { describe, expect, it } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import { isFatal } from './runtime-module.js';

describe('isFatal', () => {
  it.each<[what: string, cause: unknown]>([
    ['a trap', new WebAssembly.RuntimeError('unreachable')],
    ['an abort', new WebAssembly.RuntimeError('Aborted(OOM). Build with -sASSERTIONS for more info.')],
    ['an exception of C++', 5_243_112],
    ['a module that could not start', new Error('no available backend found. ERR: [wasm] RuntimeError: Aborted()')],
    [
      "C++'s memory that has run out",
      new Error("Can't create a session. ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc"),
    ],
    ['memory that cannot grow', new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded')],
    ['memory that is not to be had', new RangeError('Out of memory')],
    ['a stack that has overflowed', new RangeError('Maximum call stack size exceeded')],
    ['such an error within one of ours', new WasiNNError('runtime-error', 'failed', { cause: 7 })],
  ])('is so for %s', (_what, cause) => {
    expect(isFatal(cause)).toBe(true);
  });

  const names = [
    'device was lost',
    'Aborted(',
    'abort(',
    'out of memory',
    'std::bad_alloc',
    'no available backend found',
  ];

  it.each(names)('is not so for an error that quotes the name %s from a model', (name) => {
    const quoting = [
      `Can't create a session. ERROR_CODE: 10, ERROR_MESSAGE: No Op registered for ${name} with domain_version of 18`,
      `failed to call OrtRun(). ERROR_CODE: 2, ERROR_MESSAGE: Invalid input name: ${name}`,
      `failed to call OrtRun(). ERROR_CODE: 6, ERROR_MESSAGE: Non-zero status code returned while running node '${name}'`,
      `Failed to execute 'conv2d' on 'MLGraphBuilder': [${name}] the input is wrong`,
    ];
    expect(quoting.filter((text) => isFatal(new Error(text)))).toEqual([]);
    expect(isFatal(new WasiNNError('runtime-error', name))).toBe(false);
  });
});
