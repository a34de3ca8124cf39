import { expect, it } from 'vitest';
import { type InputReply, isInputReply, maxPieceBytes, waitForInput, writeInput } from './input-reply.js';

const memory = () => new Int32Array(new SharedArrayBuffer(12 + maxPieceBytes));

it.each<[string, InputReply]>([
  ['a piece', { bytes: Uint8Array.of(1, 2, 3) }],
  ['the longest piece', { bytes: new Uint8Array(maxPieceBytes).fill(7) }],
  ['an error', { error: 'stdin: größer' }],
  ['the end', { end: true }],
])('passes on %s in shared memory', (_what, reply) => {
  const shared = memory();
  writeInput(shared, { error: 'what was there before, and is longer than what follows it' });
  waitForInput(shared);
  writeInput(shared, reply);
  expect(waitForInput(shared)).toEqual(reply);
});

it('shortens an error that does not fit', () => {
  const shared = memory();
  writeInput(shared, { error: '☃'.repeat(100_000) });
  expect(waitForInput(shared)).toEqual({ error: '☃'.repeat(4096) });
});

it('tells a reply from anything else', () => {
  for (const reply of [{ bytes: new Uint8Array() }, { error: 'e' }, { end: true }])
    expect(isInputReply(reply)).toBe(true);
  for (const other of [undefined, null, 'text', {}, { bytes: 'text' }, { error: 7 }])
    expect(isInputReply(other)).toBe(false);
});
