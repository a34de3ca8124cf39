import { expect, it } from 'vitest';
import { fromPageReply, type ImportReply, maxImportValues, toPageReply, type WasmValue } from './import-reply.js';
import { maxReplyBytes } from './page-reply.js';

const pass = (reply: ImportReply) => fromPageReply(toPageReply(reply));

it.each<WasmValue[]>([
  [],
  [1],
  [-0, 0.1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 2 ** 53],
  [0n, -(2n ** 63n), 2n ** 64n - 1n],
])('values come as they were (case %#)', (...values) => {
  expect(pass({ values })).toEqual({ values });
});

it('an error comes as it was', () => {
  expect(pass({ error: 'bench.start: no' })).toEqual({ error: 'bench.start: no' });
});

it('the most values fit, however long their texts', () => {
  const reply = toPageReply({ values: Array.from({ length: maxImportValues }, () => -Math.PI * 1e-300) });
  expect('bytes' in reply && reply.bytes.byteLength).toBeLessThan(maxReplyBytes);
});

it('the end of the standard input is no reply to a call', () => {
  expect(fromPageReply({ end: true })).toEqual({ error: 'the page gave no values' });
});
