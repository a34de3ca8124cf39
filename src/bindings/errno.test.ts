import { describe, expect, it } from 'vitest';
import { type ErrorCode, errorCodes, WasiNNError } from '../standard/error.js';
import { errno, MissingMemoryError, toErrno } from './errno.js';

describe('toErrno', () => {
  it.each([
    ['invalid-argument', 1],
    ['invalid-encoding', 2],
    ['timeout', 4],
    ['runtime-error', 5],
    ['unsupported-operation', 6],
    ['too-large', 7],
    ['not-found', 8],
    ['security', 6],
    ['unknown', 5],
  ] satisfies [ErrorCode, number][])('of %s is %d', (code, number) => {
    expect(toErrno(new WasiNNError(code, ''))).toBe(number);
  });

  it('of a guest without memory is missing_memory', () => {
    expect(toErrno(new MissingMemoryError('load'))).toBe(3);
  });

  it('is never success, and never a number that a guest has no name for', () => {
    const numbers = errorCodes.map((code) => toErrno(new WasiNNError(code, '')));
    expect(Math.min(...numbers)).toBeGreaterThan(errno.success);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(errno.not_found);
  });
});
