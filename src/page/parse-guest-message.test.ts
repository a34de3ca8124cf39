import { describe, expect, it } from 'vitest';
import { parseGuestMessage } from './parse-guest-message.js';

const error = { code: 'timeout', message: 'too long' };

/** A batch of output that is in order. */
const output = {
  type: 'output',
  bytes: Uint8Array.of(1, 2, 3),
  runs: [
    { stream: 'stdout', byteLength: 1 },
    { stream: 'stderr', byteLength: 2 },
  ],
  faults: [{ functionName: 'load', error }],
  omittedFaults: 4,
  sent: -5,
};

describe('parseGuestMessage', () => {
  it.each([
    { type: 'ready' },
    { type: 'started', functions: ['run'], hasMemory: true },
    { type: 'refused', failure: { kind: 'error', error } },
    { type: 'refused', failure: { kind: 'trap', message: 'unreachable', stack: '' } },
    output,
    { ...output, bytes: new Uint8Array(), runs: [] },
    { type: 'contexts', contexts: 3 },
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
    { type: 'contexts', contexts: -1 },
    { type: 'contexts', contexts: Number.NaN },
    { type: 'contexts', contexts: '1' },
    { type: 'answered' },
    { type: 'answered', id: '0' },
    { type: 'answered', id: 0.5 },
    { type: 'failed', id: 0 },
    { type: 'failed', failure: { kind: 'result' } },
  ])('refuses %j', (message) => {
    expect(parseGuestMessage(message)).toBeUndefined();
  });

  it('leaves out what it does not know, and cuts long texts', () => {
    const fault = { functionName: 'f'.repeat(100_000), error: { ...error, more: 1 }, more: 1 };
    const expected = { ...output, faults: [{ functionName: 'f'.repeat(16384), error }] };
    expect(parseGuestMessage({ ...output, faults: [fault], more: 1 })).toEqual(expected);
  });
});
