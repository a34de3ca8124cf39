import { afterEach, expect, it, vi } from 'vitest';
import {
  createReplyMemory,
  isPageReply,
  maxReplyBytes,
  type PageReply,
  waitForReply,
  writeReply,
} from './page-reply.js';

afterEach(() => vi.unstubAllGlobals());

function memory(): Int32Array {
  vi.stubGlobal('crossOriginIsolated', true);
  const created = createReplyMemory();
  if (!created) throw new Error('there is no shared memory');
  return created;
}

it('there is no memory to share on a page that is not cross-origin isolated', () => {
  expect(createReplyMemory()).toBeUndefined();
});

it.each<[string, PageReply]>([
  ['a piece', { bytes: Uint8Array.of(1, 2, 3) }],
  ['the longest piece', { bytes: new Uint8Array(maxReplyBytes).fill(7) }],
  ['an error', { error: 'stdin: größer' }],
  ['the end', { end: true }],
])('passes on %s in shared memory, once', (_what, reply) => {
  const shared = memory();
  writeReply(shared, { error: 'what was there before, and is longer than what follows it' });
  waitForReply(shared);
  expect(Atomics.load(shared, 0)).toBe(0);
  writeReply(shared, reply);
  expect(waitForReply(shared)).toEqual(reply);
});

it('shortens an error that does not fit', () => {
  const shared = memory();
  writeReply(shared, { error: '☃'.repeat(100_000) });
  expect(waitForReply(shared)).toEqual({ error: '☃'.repeat(4096) });
});

it('tells a reply from anything else', () => {
  for (const reply of [{ bytes: new Uint8Array() }, { error: 'e' }, { end: true }])
    expect(isPageReply(reply)).toBe(true);
  for (const other of [undefined, null, 'text', {}, { bytes: 'text' }, { error: 7 }])
    expect(isPageReply(other)).toBe(false);
});
