import { describe, expect, it } from 'vitest';
import { type ErrorCode, errorCodes, isErrorCode, messageOf, toWasiNNError, WasiNNError } from './error.js';

describe('WasiNNError', () => {
  it('is an Error with a code, a name, and the cause that it was given', () => {
    const cause = new Error('below');
    const error = new WasiNNError('not-found', 'above', { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: 'not-found', name: 'WasiNNError', message: 'above', cause });
    expect(String(error)).toBe('WasiNNError: above');
  });
});

describe('isErrorCode', () => {
  it("takes the standard's codes, in the standard's order", () => {
    const codes: readonly ErrorCode[] = [
      'invalid-argument',
      'invalid-encoding',
      'timeout',
      'runtime-error',
      'unsupported-operation',
      'too-large',
      'not-found',
      'security',
      'unknown',
    ];
    expect(errorCodes).toEqual(codes);
    expect(codes.every(isErrorCode)).toBe(true);
  });

  it.each(['RuntimeError', '', 5, null, undefined])('does not take %j', (value) => {
    expect(isErrorCode(value)).toBe(false);
  });
});

const thrown: readonly [what: string, cause: unknown, text: string][] = [
  ['an Error', new Error('out of memory'), 'out of memory'],
  ['an Error without a message', new RangeError(), 'RangeError'],
  ['a DOMException', new DOMException('gone', 'InvalidStateError'), 'gone'],
  ['a number, as Emscripten throws it', 13_372_040, 'the runtime stopped with the bare code 13372040'],
  ['zero', 0, 'the runtime stopped with the bare code 0'],
  ['a string', 'abort()', 'abort()'],
  ['undefined', undefined, 'undefined'],
  ['null', null, 'null'],
  ['a symbol', Symbol('stop'), 'Symbol(stop)'],
  ['a bigint', 7n, '7'],
];

describe('messageOf', () => {
  it.each(thrown)('has words for %s', (_what, cause, text) => {
    expect(messageOf(cause)).toBe(text);
  });

  it('has words for an object that no string can be made of', () => {
    expect(messageOf(Object.create(null))).toEqual(expect.any(String));
  });
});

describe('toWasiNNError', () => {
  it.each(thrown)('puts the context before the text of %s, and keeps it as the cause', (_what, cause, text) => {
    const error = toWasiNNError(cause, 'compute');
    expect(error).toBeInstanceOf(WasiNNError);
    expect(error.message).toBe(`compute: ${text}`);
    expect(error.code).toBe('runtime-error');
    expect(error.cause).toBe(cause);
  });

  it('gives the code that it is called with', () => {
    expect(toWasiNNError('stop', 'load', 'too-large').code).toBe('too-large');
  });

  it('leaves a WasiNNError as it is', () => {
    const error = new WasiNNError('security', 'no entry');
    expect(toWasiNNError(error, 'load', 'unknown')).toBe(error);
  });
});
