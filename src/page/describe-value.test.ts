import { describe, expect, it } from 'vitest';
import { describeValue } from './describe-value.js';

describe('describeValue', () => {
  it.each([
    ['no', '"no"'],
    [5n, '5'],
    [undefined, 'undefined'],
    [null, 'null'],
    [{ tag: 'not-found', val: [1, true] }, '{"tag":"not-found","val":[1,true]}'],
    [new Uint8Array(7), '7 bytes'],
    [[], '[]'],
  ])('says %o', (value, text) => {
    expect(describeValue(value)).toBe(text);
  });

  it('stays short', () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    const deep = Array.from({ length: 100_000 }).reduce<unknown>((inner) => [inner], 'x');
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 'v'.repeat(1000)]));
    for (const value of [cyclic, deep, wide, 'x'.repeat(1e6), new Array(1e6).fill(wide), new Uint8Array(1e8)]) {
      expect(describeValue(value).length).toBeLessThan(50_000);
    }
  });
});
