import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import {
  isArrayBuffer,
  isBlob,
  isModule,
  isReadableStream,
  isResponse,
  isUint8Array,
  isURL,
  typedArrayName,
} from './brand-checks.js';

/** What an expression makes in another realm, as an iframe is one. */
const elsewhere = (expression: string): unknown => runInNewContext(expression);

describe.each([
  ['Uint8Array', new Uint8Array(4), elsewhere('new Uint8Array(4)')],
  ['Float32Array', new Float32Array(4), elsewhere('new Float32Array(4)')],
  ['BigInt64Array', new BigInt64Array(4), elsewhere('new BigInt64Array(4)')],
])('a %s', (name, here, there) => {
  it('is known by its name, of whichever realm it is', () => {
    expect(there).not.toBeInstanceOf(here.constructor);
    expect([typedArrayName(here), typedArrayName(there)]).toEqual([name, name]);
    expect([isUint8Array(here), isUint8Array(there)]).toEqual([name === 'Uint8Array', name === 'Uint8Array']);
  });
});

/** The bytes of a module that has nothing in it. */
const emptyModule = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const moduleElsewhere = elsewhere(`new WebAssembly.Module(Uint8Array.of(${emptyModule}))`);

describe('a value', () => {
  it('is known by its brand', () => {
    expect(isArrayBuffer(new ArrayBuffer(1)) && isArrayBuffer(elsewhere('new ArrayBuffer(1)'))).toBe(true);
    expect(isBlob(new Blob()) && isBlob(new File([], 'm'))).toBe(true);
    expect(isURL(new URL('https://page.example/'))).toBe(true);
    expect(isResponse(new Response())).toBe(true);
    expect(isReadableStream(new ReadableStream())).toBe(true);
    expect(isModule(new WebAssembly.Module(emptyModule)) && isModule(moduleElsewhere)).toBe(true);
  });

  it.each<[what: string, value: unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'https://page.example/'],
    ['a number', 4],
    ['an object', {}],
    ['a list', [1, 2]],
    ['a DataView', new DataView(new ArrayBuffer(4))],
    ['what has the prototype of a Uint8Array', Object.create(Uint8Array.prototype)],
    ['what has the prototype of a Blob', Object.create(Blob.prototype)],
    ['what has the prototype of a URL', Object.create(URL.prototype)],
    ['what has the prototype of a Module', Object.create(WebAssembly.Module.prototype)],
    ['what says that it is a Uint8Array', { [Symbol.toStringTag]: 'Uint8Array', buffer: new ArrayBuffer(4) }],
  ])('is none of them where it is %s', (_what, value) => {
    const checks = [isUint8Array, isArrayBuffer, isBlob, isURL, isResponse, isModule];
    expect(checks.filter((check) => check(value))).toEqual([]);
    expect(typedArrayName(value)).toBeUndefined();
  });

  it('is no Uint8Array whose memory is shared', () => {
    expect(isUint8Array(new Uint8Array(new SharedArrayBuffer(4)))).toBe(false);
    expect(isArrayBuffer(new SharedArrayBuffer(4))).toBe(false);
  });
});
