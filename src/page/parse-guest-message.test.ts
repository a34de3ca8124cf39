import { describe, expect, it } from 'vitest';
import { parseContexts, parseGuestMessage, parseOutcome, parseOutput, parseStarted } from './parse-guest-message.js';

const error = { code: 'timeout', message: 'too long' };

describe('parseGuestMessage', () => {
  it.each([
    { method: 'ready', parameters: undefined },
    { method: 'output', parameters: {} },
    { method: 'contexts', parameters: 3 },
    { response: 0, result: undefined },
    { response: 5, result: { value: [1] } },
    { response: 5, error },
  ])('reads %j', (message) => {
    expect(parseGuestMessage({ ...message, more: 1 })).toEqual(message);
  });

  it.each([
    undefined,
    null,
    'ready',
    {},
    { method: 'ready' },
    { method: 'toString', parameters: {} },
    { method: {}, parameters: {} },
    { response: 0 },
    { response: '0', result: 1 },
    { response: 0.5, result: 1 },
    { response: -1, result: 1 },
    { response: 0, error: undefined },
    { response: 0, error: { code: 'other', message: '' } },
    { response: 0, error: { code: 'timeout', message: {} } },
  ])('refuses %j', (message) => {
    expect(parseGuestMessage(message)).toBeUndefined();
  });
});

describe('parseOutcome', () => {
  it.each([
    { value: undefined },
    { value: [1] },
    { failure: { kind: 'error', error } },
    { failure: { kind: 'result', payload: 'no' } },
    { failure: { kind: 'trap', message: 'unreachable', stack: '' } },
  ])('reads %j', (outcome) => {
    expect(parseOutcome(outcome)).toEqual(outcome);
  });

  it.each([
    undefined,
    {},
    { failure: undefined },
    { failure: error },
    { failure: { kind: 'constructor' } },
    { failure: { kind: 'error', error: { code: '__proto__', message: '' } } },
    { failure: { kind: 'trap', message: 'x' } },
  ])('refuses %j', (outcome) => {
    expect(parseOutcome(outcome)).toBeUndefined();
  });
});

describe('parseStarted', () => {
  it('reads the names of functions', () => {
    const started = { functions: ['run'], hasMemory: true };
    expect(parseStarted({ ...started, more: 1 })).toEqual(started);
  });

  it.each([
    undefined,
    { functions: 'run', hasMemory: true },
    { functions: [1], hasMemory: true },
    { functions: [], hasMemory: 1 },
    { functions: Array.from({ length: 20_001 }, () => ''), hasMemory: false },
    { functions: ['x'.repeat((1 << 20) + 1)], hasMemory: false },
  ])('refuses what is none (case %#)', (started) => {
    expect(parseStarted(started)).toBeUndefined();
  });
});

describe('parseContexts', () => {
  it.each([0, 3])('reads %j', (contexts) => {
    expect(parseContexts(contexts)).toBe(contexts);
  });

  it.each([-1, Number.NaN, '1', undefined])('refuses %j', (contexts) => {
    expect(parseContexts(contexts)).toBeUndefined();
  });
});

describe('parseOutput', () => {
  /** A batch that is in order. */
  const output = {
    bytes: Uint8Array.of(1, 2, 3),
    runs: [
      { stream: 'stdout', byteLength: 1 },
      { stream: 'stderr', byteLength: 2 },
    ],
    faults: [{ functionName: 'load', error }],
    omittedFaults: 4,
    sent: -5,
  };

  it.each([output, { ...output, bytes: new Uint8Array(), runs: [] }])('reads %j', (batch) => {
    expect(parseOutput(batch)).toEqual(batch);
  });

  it.each([
    undefined,
    { ...output, runs: [{ stream: 'stdin', byteLength: 3 }] },
    { ...output, runs: [{ stream: 'stdout', byteLength: 2 }] },
    { ...output, runs: [{ stream: 'stdout', byteLength: -3 }] },
    { ...output, runs: {} },
    {
      ...output,
      runs: Array.from({ length: 33 }, () => ({ stream: 'stdout', byteLength: 0 })),
      bytes: new Uint8Array(),
    },
    { ...output, bytes: [1, 2, 3] },
    { ...output, bytes: new Uint16Array(3) },
    { ...output, bytes: new Uint8Array(new SharedArrayBuffer(3)) },
    { ...output, bytes: new Uint8Array(65_537), runs: [{ stream: 'stdout', byteLength: 65_537 }] },
    { ...output, faults: [{ functionName: 1, error }] },
    { ...output, faults: [{ functionName: 'load' }] },
    { ...output, faults: Array.from({ length: 9 }, () => ({ functionName: 'load', error })) },
    { ...output, omittedFaults: -1 },
    { ...output, sent: 2 ** 31 },
  ])('refuses %j', (batch) => {
    expect(parseOutput(batch)).toBeUndefined();
  });

  it('leaves out what it does not know, and cuts long texts', () => {
    const fault = { functionName: 'f'.repeat(100_000), error: { ...error, more: 1 }, more: 1 };
    const expected = { ...output, faults: [{ functionName: 'f'.repeat(16384), error }] };
    expect(parseOutput({ ...output, faults: [fault], more: 1 })).toEqual(expected);
  });
});
