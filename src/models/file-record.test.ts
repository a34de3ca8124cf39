import { describe, expect, it } from 'vitest';
import type { FileRecord } from './cache-database.js';
import { parseFileRecord } from './file-record.js';

const record: FileRecord = {
  key: 'a',
  url: 'https://models.example/a',
  chunkBytes: 4 << 20,
  received: 10,
  complete: true,
  resumable: false,
  lastUsed: 0,
};

describe('parseFileRecord', () => {
  it.each([
    record,
    { ...record, total: 10, freshUntil: 5, etag: '"1"', lastModified: 'yesterday' },
    { ...record, convertedFrom: ['b', 'c'], sha256: '0f' },
  ])('takes a record as it is', (stored) => {
    expect(parseFileRecord(stored)).toEqual(stored);
  });

  it('leaves out what is no member of a record', () => {
    expect(parseFileRecord({ ...record, ['__proto__']: { complete: true }, more: 1 })).toEqual(record);
  });

  it.each<[what: string, stored: unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'record'],
    ['a record of nothing', {}],
    ['members that only its prototype has', Object.create(record)],
    ['a key that is a number', { ...record, key: 5 }],
    ['no URL', { ...record, url: undefined }],
    ['chunks of no bytes', { ...record, chunkBytes: 0 }],
    ['chunks of half a byte', { ...record, chunkBytes: 0.5 }],
    ['chunks that fit no memory', { ...record, chunkBytes: 2 ** 40 }],
    ['chunks of text', { ...record, chunkBytes: '4' }],
    ['fewer bytes than none', { ...record, received: -1 }],
    ['bytes that are no number', { ...record, received: Number.NaN }],
    ['a total that is text', { ...record, total: '10' }],
    ['a completeness that is text', { ...record, complete: 'yes' }],
    ['no resumability', { ...record, resumable: undefined }],
    ['a use at no time', { ...record, lastUsed: Number.NaN }],
    ['an ETag that is an object', { ...record, etag: {} }],
    ['an original that is no list', { ...record, convertedFrom: 'b' }],
    ['no originals', { ...record, convertedFrom: [] }],
    ['an original that is a number', { ...record, convertedFrom: ['b', 5] }],
    ['a digest that is a number', { ...record, convertedFrom: ['b'], sha256: 5 }],
    ['a freshness without end', { ...record, freshUntil: Number.POSITIVE_INFINITY }],
  ])('takes no record with %s', (_what, stored) => {
    expect(parseFileRecord(stored)).toBeUndefined();
  });
});
