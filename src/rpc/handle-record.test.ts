import { describe, expect, it } from 'vitest';
import { isHandleRecord, parseMember, replaceObjects } from './handle-record.js';

describe('parseMember', () => {
  it.each([
    ['[constructor]classifier', { kind: 'constructor', resource: 'Classifier', name: '' }],
    ['[method]myThing.doIt', { kind: 'method', resource: 'MyThing', name: 'doIt' }],
    ['[static]r.s', { kind: 'static', resource: 'R', name: 's' }],
    ['[resource-drop]', undefined],
    ['classify', undefined],
  ])('reads %s', (name, member) => {
    expect(parseMember(name)).toEqual(member);
  });
});

describe('isHandleRecord', () => {
  it('knows a record by a field that no WIT record has', () => {
    expect(isHandleRecord({ '#resource': 7, type: 'Classifier' })).toBe(true);
    expect(isHandleRecord({ resource: 7, type: 'Classifier' })).toBe(false);
    expect(isHandleRecord(Object.create({ '#resource': 7, type: 'Classifier' }))).toBe(false);
  });

  it.each([[{ '#resource': '7', type: '' }], [{ '#resource': 0.5, type: '' }], [{ '#resource': 7 }]])(
    'refuses what is not whole: %j',
    (record) => {
      expect(() => isHandleRecord(record)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
    },
  );
});

describe('replaceObjects', () => {
  const marked = { mark: true };
  const replace = (object: object) => (object === marked ? { replaced: true } : undefined);

  it('reaches into lists and records', () => {
    const value = [marked, { tag: 'ok', val: [1, marked] }, 'text', 5n, null, undefined];
    const replaced = { replaced: true };
    expect(replaceObjects(value, replace)).toEqual([
      replaced,
      { tag: 'ok', val: [1, replaced] },
      'text',
      5n,
      null,
      undefined,
    ]);
  });

  it('leaves bytes, and the value that it was given', () => {
    const bytes = Uint8Array.of(1, 2);
    const value = { bytes, list: [marked] };
    const copy = replaceObjects(value, replace);
    expect(copy).toEqual({ bytes, list: [{ replaced: true }] });
    expect(Reflect.get(Object(copy), 'bytes')).toBe(bytes);
    expect(value.list).toEqual([marked]);
  });
});
