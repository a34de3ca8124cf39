import { expect, test } from 'vitest';
import { joinBytes } from './join-bytes.js';

test('joins byte arrays in their order', () => {
  expect(joinBytes([Uint8Array.of(1, 2), new Uint8Array(), Uint8Array.of(3)])).toEqual(Uint8Array.of(1, 2, 3));
});

test('joins nothing to no bytes', () => {
  expect(joinBytes([])).toEqual(new Uint8Array());
});

test('takes of a view what it shows, and shares no memory with it', () => {
  const memory = Uint8Array.of(1, 2, 3, 4);
  const joined = joinBytes([memory.subarray(1, 3)]);
  memory.fill(0);
  expect(joined).toEqual(Uint8Array.of(2, 3));
  expect(joined.buffer.byteLength).toBe(2);
});

test('joins more arrays than a function takes arguments', () => {
  const parts = Array.from({ length: 200_000 }, (_, index) => Uint8Array.of(index));
  const joined = joinBytes(parts);
  expect(joined.byteLength).toBe(200_000);
  expect(joined[199_999]).toBe(199_999 % 256);
});
