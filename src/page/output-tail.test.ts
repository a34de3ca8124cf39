import { expect, it } from 'vitest';
import { OutputTail } from './output-tail.js';

const bytes = (text: string) => new TextEncoder().encode(text);

it('gives what was written since it was last asked', () => {
  const tail = new OutputTail();
  tail.take('stdout', bytes('one '));
  tail.take('stderr', bytes('panicked'));
  tail.take('stdout', bytes('two'));
  expect(tail.next()).toEqual({ stdout: 'one two', stderr: 'panicked' });
  expect(tail.next()).toEqual({ stdout: '', stderr: '' });
});

it('keeps the last 16 KiB, in whole characters', () => {
  const tail = new OutputTail();
  tail.take('stdout', bytes('é'.repeat(100_000)));
  tail.take('stdout', bytes('!'));
  expect(tail.next().stdout).toBe(`${'é'.repeat(8191)}!`);
});

it('keeps no buffer that a listener may take away', () => {
  const tail = new OutputTail();
  const written = bytes('kept');
  tail.take('stderr', written);
  structuredClone(written, { transfer: [written.buffer] });
  expect(tail.next().stderr).toBe('kept');
});
