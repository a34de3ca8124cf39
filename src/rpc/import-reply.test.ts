import { expect, it, vi } from 'vitest';
import { createReplyMemory, waitForReply, writeReply } from './import-reply.js';

function memory(): Int32Array {
  vi.stubGlobal('crossOriginIsolated', true);
  const created = createReplyMemory();
  vi.unstubAllGlobals();
  if (!created) throw new Error('there is no shared memory');
  return created;
}

it('there is no memory to share on a page that is not cross-origin isolated', () => {
  expect(createReplyMemory()).toBeUndefined();
});

it.each([
  [],
  [1],
  [-0, 0.1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 2 ** 53],
  [0n, -(2n ** 63n), 2n ** 64n - 1n],
])('values come as they were (case %#)', (...values) => {
  const shared = memory();
  writeReply(shared, { values });
  expect(waitForReply(shared)).toEqual({ values });
});

it('an error comes as its text, of which much is cut off', () => {
  const shared = memory();
  writeReply(shared, { error: 'é'.repeat(100_000) });
  expect(waitForReply(shared)).toEqual({ error: 'é'.repeat(4096) });
});

it('each reply is taken once', () => {
  const shared = memory();
  for (const value of [1, 2]) {
    writeReply(shared, { values: [value] });
    expect(waitForReply(shared)).toEqual({ values: [value] });
    expect(Atomics.load(shared, 0)).toBe(0);
  }
});
