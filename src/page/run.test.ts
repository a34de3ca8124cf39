import { expect, test } from 'vitest';
import { gatherEnvironment, OutputCapture } from './run.js';

const encode = (text: string) => new TextEncoder().encode(text);

test('captures each stream in the order in which it was written', () => {
  const capture = new OutputCapture();
  for (const [stream, text] of [
    ['stdout', 'one '],
    ['stderr', 'three'],
    ['stdout', 'two'],
  ] as const) {
    capture.take(stream, encode(text));
  }
  expect([capture.text('stdout'), capture.text('stderr')]).toEqual(['one two', 'three']);
});

test('keeps characters whole that come in several pieces, wherever the pieces end', () => {
  const capture = new OutputCapture();
  const text = 'é'.repeat(1 << 18);
  const bytes = encode(`x${text}`);
  for (let start = 0; start < bytes.byteLength; start += 1001)
    capture.take('stdout', bytes.subarray(start, start + 1001));
  expect(capture.text('stdout') === `x${text}`).toBe(true);
});

test('keeps the first 16 MiB of each stream', () => {
  const capture = new OutputCapture();
  for (let piece = 0; piece < 17; piece++) capture.take('stdout', new Uint8Array(1 << 20).fill(65 + piece));
  capture.take('stderr', encode('still heard'));
  const text = capture.text('stdout');
  expect(text.length).toBe(16 << 20);
  expect(text.at(-1)).toBe('P');
  expect(capture.text('stderr')).toBe('still heard');
});

test('refuses proposals that it does not know', async () => {
  const gather = (json: string) => gatherEnvironment(JSON.parse(json), new Map(), new Uint8Array());
  expect((await gather('{"proposals":["prompt"]}')).proposals).toEqual(['prompt']);
  for (const proposals of ['["chat"]', '"prompt"', '{}']) {
    await expect(gather(`{"proposals":${proposals}}`)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'proposals: expected a list of prompt',
    });
  }
});
