import { describe, expect, it } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import { guard, hasAborted, isFatal, type RuntimeModule, watchLoss } from './runtime-module.js';

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

describe('guard', () => {
  function open() {
    const module: RuntimeModule = { breakdown: new AbortController() };
    const reasons: string[] = [];
    const options = { allowSoftwareAdapter: false, onBroken: (reason: string) => reasons.push(reason) };
    const call = (action: () => Promise<unknown>, isLast?: boolean) => guard(module, options, action, isLast);
    return { module, reasons, options, call };
  }

  const trap = () => Promise.reject(new WebAssembly.RuntimeError('unreachable'));
  const neverStarted = () => Promise.reject(new Error('no available backend found. ERR: [webgpu] Failed to fetch'));

  it('lets other failures pass', async () => {
    const { reasons, call } = open();
    await expect(call(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(await call(async () => 7)).toBe(7);
    expect(reasons).toEqual([]);
  });

  it.each([true, false])('reports a module that aborts, which does nothing more (last: %s)', async (isLast) => {
    const { reasons, call } = open();
    await expect(call(trap, isLast)).rejects.toThrow('unreachable');
    expect(reasons).toEqual(['unreachable']);
    await expect(call(async () => 7, false)).rejects.toThrow('the runtime has broken down: unreachable');
  });

  it('reports a module that cannot be started where nothing else can take over', async () => {
    const { reasons, call } = open();
    await expect(call(neverStarted, false)).rejects.toThrow('no available backend');
    expect(reasons).toEqual([]);
    await expect(call(async () => 7)).rejects.toThrow('the runtime has broken down');
    expect(reasons).toEqual([expect.stringContaining('no available backend')]);
    expect(hasAborted(new Error('no available backend found.'))).toBe(false);
  });

  it('ends a call whose device is lost, though the runtime does not', async () => {
    const { module, reasons, options, call } = open();
    watchLoss(module, { lost: Promise.resolve({ message: 'gone' }) }, 'the WebGPU device', options);
    await expect(call(() => new Promise(() => undefined))).rejects.toThrow('the WebGPU device was lost: gone');
    expect(reasons.at(-1)).toBe('the WebGPU device was lost: gone');
  });
});
