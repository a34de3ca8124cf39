import { describe, expect, it } from 'vitest';
import { type Field, readField, readFields, readInt32 } from './protobuf.js';

const read = (...bytes: number[]) => readField(Uint8Array.from(bytes), 0, bytes.length);

function readAll(bytes: readonly number[]): { fields: Field[]; wellFormed: boolean } {
  const fields: Field[] = [];
  const wellFormed = readFields(Uint8Array.from(bytes), 0, bytes.length, (field) => fields.push(field) > 0);
  return { fields, wellFormed };
}

describe('readField', () => {
  it.each([
    ['a varint', [0x08, 0x96, 0x01], { number: 1, wireType: 0, start: 1, end: 3 }],
    ['64 bits', [0x11, 1, 2, 3, 4, 5, 6, 7, 8], { number: 2, wireType: 1, start: 1, end: 9 }],
    ['bytes', [0x1a, 0x02, 0x41, 0x42], { number: 3, wireType: 2, start: 2, end: 4 }],
    ['no bytes', [0x1a, 0x00], { number: 3, wireType: 2, start: 2, end: 2 }],
    ['32 bits', [0x25, 1, 2, 3, 4], { number: 4, wireType: 5, start: 1, end: 5 }],
    ['a number above 15', [0xca, 0x01, 0x00], { number: 25, wireType: 2, start: 3, end: 3 }],
    ['the highest number', [0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01], { number: 0x1fffffff, wireType: 0, start: 5, end: 6 }],
    ['a key that is longer than it need be', [0x88, 0x80, 0x00, 0x01], { number: 1, wireType: 0, start: 3, end: 4 }],
    ['bytes that the end cuts', [0x1a, 0x80, 0x01, 0x41], { number: 3, wireType: 2, start: 3, end: 131 }],
    [
      'the longest bytes',
      [0x1a, 0xff, 0xff, 0xff, 0xff, 0x07],
      { number: 3, wireType: 2, start: 6, end: 6 + 2 ** 31 - 1 },
    ],
  ])('reads %s', (_what, bytes, field) => {
    expect(read(...bytes)).toEqual(field);
  });

  it.each([
    ['nothing', []],
    ['a key that the end cuts', [0x88]],
    ['a varint that the end cuts', [0x08, 0x80]],
    ['a length that the end cuts', [0x1a, 0x80]],
    ['the number 0', [0x00, 0x01]],
    ['wire type 6', [0x0e, 0x01]],
    ['wire type 7', [0x0f, 0x01]],
    ['a key of six bytes', [0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 0x01]],
    ['a length of 2 GiB', [0x1a, 0x80, 0x80, 0x80, 0x80, 0x08]],
    ['a length of 4 GiB', [0x1a, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['a length of six bytes', [0x1a, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 0x41]],
    ['a varint of eleven bytes', [0x08, ...Array.from({ length: 10 }, () => 0x80), 0x01]],
  ])('reads no field from %s', (_what, bytes) => {
    expect(read(...bytes)).toBeUndefined();
  });
});

describe('readFields', () => {
  it('visits fields in the order of the bytes', () => {
    const { fields, wellFormed } = readAll([0x12, 0x01, 0x41, 0x08, 0x05, 0x12, 0x00]);
    expect(fields.map(({ number, start, end }) => [number, start, end])).toEqual([
      [2, 2, 3],
      [1, 4, 5],
      [2, 7, 7],
    ]);
    expect(wellFormed).toBe(true);
  });

  it('reads an empty message', () => {
    expect(readAll([])).toEqual({ fields: [], wellFormed: true });
  });

  it('passes by groups, and what is in them', () => {
    const { fields, wellFormed } = readAll([0x08, 1, 0x13, 0x08, 2, 0x1b, 0x08, 3, 0x1c, 0x14, 0x10, 4]);
    expect(fields.map(({ number }) => number)).toEqual([1, 2]);
    expect(wellFormed).toBe(true);
  });

  it.each([
    ['a group that does not end', [0x13, 0x08, 2]],
    ['a group that does not begin', [0x14]],
    ['bytes that the end cuts', [0x12, 0x05, 0x41]],
    ['64 bits that the end cuts', [0x11, 1, 2, 3]],
    ['bytes behind the fields', [0x08, 1, 0]],
  ])('says so of %s', (_what, bytes) => {
    expect(readAll(bytes).wellFormed).toBe(false);
  });

  it('stops where its callback asks for it', () => {
    const seen: number[] = [];
    const bytes = Uint8Array.of(0x08, 1, 0x10, 2, 0x18, 3);
    expect(readFields(bytes, 0, 6, ({ number }) => seen.push(number) < 2)).toBe(false);
    expect(seen).toEqual([1, 2]);
  });

  it('does not nest calls for nested groups', () => {
    const deep = 1_000_000;
    const bytes = new Uint8Array(2 * deep).fill(0x0b, 0, deep).fill(0x0c, deep);
    expect(readFields(bytes, 0, bytes.byteLength, () => false)).toBe(true);
  });

  it('keeps to its part of the bytes', () => {
    const bytes = Uint8Array.of(0x08, 1, 0x10, 2, 0x18, 3);
    const numbers: number[] = [];
    expect(readFields(bytes, 2, 4, ({ number }) => numbers.push(number) > 0)).toBe(true);
    expect(readFields(bytes, 2, 3, () => true)).toBe(false);
    expect(numbers).toEqual([2]);
  });
});

describe('readInt32', () => {
  it.each([
    [0, [0x00]],
    [1, [0x01]],
    [300, [0xac, 0x02]],
    [1, [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    [-1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    [2 ** 31 - 1, [0xff, 0xff, 0xff, 0xff, 0x07]],
  ])('is %d', (value, bytes) => {
    expect(readInt32(Uint8Array.from(bytes), 0, bytes.length)).toBe(value);
  });
});
