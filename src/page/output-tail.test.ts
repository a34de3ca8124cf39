import { expect, it } from 'vitest';
import { OutputTail } from './output-tail.js';

const bytes = (text: string) => new TextEncoder().encode(text);

it('gives what was written since it was cut', () => {
  const tail = new OutputTail();
  tail.take('stdout', bytes('one '));
  tail.take('stderr', bytes('panicked'));
  tail.take('stdout', bytes('two'));
  expect(tail.text()).toEqual({ stdout: 'one two', stderr: 'panicked' });
  const before = tail.cut();
  tail.take('stdout', bytes('three'));
  expect(before.text()).toEqual({ stdout: 'one two', stderr: 'panicked' });
  expect(tail.text()).toEqual({ stdout: 'three', stderr: '' });
});

it('keeps the last 16 KiB, in whole characters', () => {
  const tail = new OutputTail();
  tail.take('stdout', bytes('é'.repeat(100_000)));
  tail.take('stdout', bytes('!'));
  expect(tail.text().stdout).toBe(`${'é'.repeat(8191)}!`);
});

it('keeps no buffer that a listener may take away', () => {
  const tail = new OutputTail();
  const written = bytes('kept');
  tail.take('stderr', written);
  structuredClone(written, { transfer: [written.buffer] });
  expect(tail.text().stderr).toBe('kept');
});

it('keeps the order of pieces of all lengths', () => {
  const tail = new OutputTail();
  let written = '';
  for (let piece = 0; piece < 3000; piece++) {
    const text = String.fromCharCode(97 + (piece % 26)).repeat(1 + (piece % 23));
    tail.take('stdout', bytes(text));
    written += text;
    if (piece % 500 === 0) expect(tail.text().stdout).toBe(written.slice(-16_384));
  }
  expect(tail.text().stdout).toBe(written.slice(-16_384));
});
