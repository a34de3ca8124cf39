import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import type { ComponentInterface } from '../rpc/component-interface.js';
import { WasiNNError } from '../standard/error.js';
import { readComponent } from './component.js';

const guestFolder = path.resolve(import.meta.dirname, '../../guests');
const guests = existsSync(guestFolder)
  ? readdirSync(guestFolder).filter((name) => name.endsWith('.component.wasm'))
  : [];

const preamble = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const nothing: ComponentInterface = { imports: [], functions: [], interfaces: new Map() };

/** All that the binary of a component can say of imports and exports, in one. Types are left out. */
const everything = `(component
  (import "wasi:nn/tensor@0.2.0-rc-2024-10-28" (instance $tensor (export "tensor" (type (sub resource)))))
  (alias export $tensor "tensor" (type $t))
  (import "imported-type" (type $eq (eq $t)))
  (import "imported-resource" (type (sub resource)))
  (import "imported-function" (func (param "x" u32) (result string)))
  (import "imported-module" (core module (export "f" (func))))
  (import "imported-component" (component (export "f" (func))))
  (core module $m
    (func (export "f"))
    (func (export "g") (result i32) i32.const 7)
    (func (export "run") (result i32) i32.const 0))
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (func $g (result u32) (canon lift (core func $i "g")))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (component $inner (import "of-inner" (func $h)) (export "inner-function" (func $h)))
  (instance $run-instance (export "run" (func $run)))
  (export "classify" (func $f))
  (export "load-by-name" (func $g))
  (export "ascribed" (func $g) (func (result u32)))
  (instance $made (instantiate $inner (with "of-inner" (func $f))))
  (export "wasi:cli/run@0.2.12" (instance $run-instance))
  (export $once "my:package/of-component" (instance $made))
  (export "my:package/again" (instance $once))
  (export "exported-type" (type $eq))
  (export "exported-module" (core module $m))
  (export "exported-component" (component $inner)))`;

const interfaceOfEverything: ComponentInterface = {
  imports: ['wasi:nn/tensor@0.2.0-rc-2024-10-28', 'imported-function', 'imported-module', 'imported-component'],
  functions: ['classify', 'load-by-name', 'ascribed'],
  interfaces: new Map([
    ['wasi:cli/run@0.2.12', ['run']],
    ['my:package/of-component', ['inner-function']],
    ['my:package/again', ['inner-function']],
  ]),
};

function errorOf(bytes: Uint8Array): WasiNNError {
  try {
    readComponent(bytes);
  } catch (cause) {
    if (cause instanceof WasiNNError) return cause;
    throw cause;
  }
  throw new Error('the bytes were accepted');
}

/** @returns whether the bytes are read; any failure but a WasiNNError fails the test */
function isRead(bytes: Uint8Array): boolean {
  try {
    readComponent(bytes);
    return true;
  } catch (cause) {
    if (cause instanceof WasiNNError && cause.code === 'invalid-argument') return false;
    throw cause;
  }
}

describe('readComponent', () => {
  it.each([
    ['an empty component', '(component)', nothing],
    ['every kind of import and export', everything, interfaceOfEverything],
    [
      'names beyond ASCII lengths of one byte',
      `(component (import "${'n'.repeat(300)}" (func)))`,
      { ...nothing, imports: ['n'.repeat(300)] },
    ],
    [
      'more imports than one byte counts',
      `(component ${Array.from({ length: 200 }, (_, index) => `(import "f${index}" (func))`).join('')})`,
      { ...nothing, imports: Array.from({ length: 200 }, (_, index) => `f${index}`) },
    ],
  ] satisfies [string, string, ComponentInterface][])('reads %s', async (_what, text, expected) => {
    expect(readComponent(await parse(text))).toEqual(expected);
  });

  it('reads a view from its own start', async () => {
    const bytes = await parse(everything);
    const larger = new Uint8Array(bytes.byteLength + 20).fill(0xff);
    larger.set(bytes, 10);
    expect(readComponent(larger.subarray(10, 10 + bytes.byteLength))).toEqual(interfaceOfEverything);
  });

  it('reads what follows a type in the same section', () => {
    const resource = [0, 1, 0x72, 3, 1];
    const alias = [0, 1, 0x61, 3, 0, 0];
    const callable = [0, 1, 0x66, 1, 0];
    const entries = [4, ...resource, ...callable, ...alias, ...callable];
    expect(readComponent(Uint8Array.of(...preamble, 10, entries.length, ...entries))).toEqual({
      ...nothing,
      imports: ['f', 'f'],
    });
  });

  it('passes over sections that it does not know', () => {
    const unknown = [0x7f, 3, 1, 2, 3];
    const imported = [10, 6, 1, 0, 1, 0x66, 1, 0];
    expect(readComponent(Uint8Array.of(...preamble, ...unknown, ...imported, ...unknown))).toEqual({
      ...nothing,
      imports: ['f'],
    });
  });
});

describe('what is no component', () => {
  it.each([
    ['an empty file', []],
    ['an HTML page', [...new TextEncoder().encode('<!doctype html>')]],
    ['WebAssembly with one byte wrong', preamble.with(1, 0x62)],
    ['WebAssembly of another version', preamble.with(4, 0x0c)],
  ])('is refused in words: %s', (_what, bytes) => {
    const error = errorOf(Uint8Array.from(bytes));
    expect(error.code).toBe('invalid-argument');
    expect(error.message).toMatch(
      /^instantiate: expected a WebAssembly component\b.*, but the bytes are .+: check the URL$/,
    );
  });

  it('is refused also where it is a core module', async () => {
    expect(errorOf(await parse('(module (func (export "f")))')).code).toBe('invalid-argument');
  });

  it('is not taken for a core module where its first eight bytes are cut short', () => {
    for (let length = 4; length < preamble.length; length++) {
      expect(errorOf(Uint8Array.from(preamble.slice(0, length))).message).not.toContain('core WebAssembly module');
    }
  });
});

describe('a damaged component', () => {
  it.each([
    ['a section without a length', [10]],
    ['a section longer than the file', [1, 5, 0]],
    ['a length without an end', [1, 0x80, 0x80]],
    ['a length of more than 32 bits', [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['more imports than there are', [10, 2, 200, 1]],
    ['a name longer than the file', [10, 4, 1, 0, 200, 1]],
    ['four thousand million imports', [10, 5, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('is refused: %s', (_what, bytes) => {
    const error = errorOf(Uint8Array.of(...preamble, ...bytes));
    expect(error.code).toBe('invalid-argument');
    expect(error.message).toBe('instantiate: the component is damaged or cut short: download it again');
  });

  it('is read or refused wherever it is cut', async () => {
    const bytes = await parse(everything);
    let refused = 0;
    for (let length = 0; length < bytes.byteLength; length++) if (!isRead(bytes.subarray(0, length))) refused++;
    expect(refused).toBeGreaterThan(bytes.byteLength / 2);
  });

  it('is read or refused whatever byte is changed', async () => {
    const bytes = await parse(everything);
    for (let index = 0; index < bytes.byteLength; index++) {
      for (const value of [0x00, 0x01, 0x0a, 0x0b, 0x7f, 0x80, 0xff]) isRead(bytes.with(index, value));
    }
  });

  it('is read or refused where it is noise', () => {
    let state = 12345;
    const next = () => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return state >> 16;
    };
    for (let round = 0; round < 2000; round++) {
      const noise = Array.from({ length: next() % 60 }, () => next() & (round % 2 === 0 ? 0xff : 0x0f));
      isRead(Uint8Array.of(...preamble, ...noise));
    }
  });
});

describe.skipIf(guests.length === 0)('our own guests (need `npm run build:guests`)', () => {
  it.each(guests)('%s imports WASI alone and exports something to call', (name) => {
    const { imports, functions, interfaces } = readComponent(readFileSync(path.join(guestFolder, name)));
    expect(imports.every((imported) => imported.startsWith('wasi:'))).toBe(true);
    expect([...functions, ...interfaces.keys()]).not.toHaveLength(0);
  });

  it.each(guests)('%s is read or refused wherever it is cut', (name) => {
    const bytes = readFileSync(path.join(guestFolder, name));
    const step = Math.max(1, Math.floor(bytes.byteLength / 500));
    for (let length = 0; length < bytes.byteLength; length += step) isRead(bytes.subarray(0, length));
    for (let cut = 1; cut < 500; cut++) isRead(bytes.subarray(0, -cut));
  });
});
