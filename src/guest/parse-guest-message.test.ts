import { describe, expect, it } from 'vitest';
import { parseGuestMessage } from './parse-guest-message.js';

const error = { code: 'timeout', message: 'too long' };

describe('parseGuestMessage', () => {
  it.each([
    { type: 'started', functions: ['run'], hasMemory: true },
    { type: 'refused', failure: { kind: 'error', error } },
    { type: 'refused', failure: { kind: 'trap', message: 'unreachable', stack: '' } },
    { type: 'output', stream: 'stdout', bytes: Uint8Array.of(1) },
    { type: 'contexts', contexts: 3 },
    { type: 'fault', functionName: 'load', error },
    { type: 'answered', id: 0, value: [1] },
    { type: 'answered', id: 0, value: undefined },
    { type: 'failed', id: 5, failure: { kind: 'result', payload: 'no' } },
  ])('reads %j', (message) => {
    expect(parseGuestMessage(message)).toEqual(message);
  });

  it.each([
    undefined,
    null,
    'started',
    {},
    { type: 'toString' },
    { type: 'start' },
    { type: 'started', functions: 'run', hasMemory: true },
    { type: 'started', functions: [1], hasMemory: true },
    { type: 'started', functions: [], hasMemory: 1 },
    { type: 'started', functions: Array.from({ length: 20_001 }, () => ''), hasMemory: false },
    { type: 'started', functions: ['x'.repeat((1 << 20) + 1)], hasMemory: false },
    { type: 'refused', error },
    { type: 'refused', failure: { kind: 'error', error: { code: 'other', message: '' } } },
    { type: 'refused', failure: { kind: 'error', error: { code: 'timeout', message: {} } } },
    { type: 'refused', failure: { kind: 'trap', message: 'x' } },
    { type: 'refused', failure: { kind: 'constructor' } },
    { type: 'output', stream: 'stdin', bytes: new Uint8Array() },
    { type: 'output', stream: 'stdout', bytes: [1] },
    { type: 'output', stream: 'stdout', bytes: new Uint16Array() },
    { type: 'output', stream: 'stdout', bytes: new Uint8Array(new SharedArrayBuffer(4)) },
    { type: 'contexts', contexts: -1 },
    { type: 'contexts', contexts: Number.NaN },
    { type: 'contexts', contexts: '1' },
    { type: 'fault', functionName: 1, error },
    { type: 'fault', functionName: 'load' },
    { type: 'answered' },
    { type: 'answered', id: '0' },
    { type: 'answered', id: 0.5 },
    { type: 'failed', id: 0 },
    { type: 'failed', failure: { kind: 'result' } },
  ])('refuses %j', (message) => {
    expect(parseGuestMessage(message)).toBeUndefined();
  });

  it('leaves out what it does not know, and cuts long texts', () => {
    const message = { type: 'fault', functionName: 'f'.repeat(100_000), error: { ...error, more: 1 }, more: 1 };
    expect(parseGuestMessage(message)).toEqual({ type: 'fault', functionName: 'f'.repeat(16384), error });
  });
});
