import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import { readComponent } from './component.js';
import * as write from './component-assembler.fixture.js';
import { componentWith, type Place } from './every-name.fixture.js';
import { attackOn, coreNamePlaces } from './hostile-names.fixture.js';
import { renameComponent } from './rename-component.js';

const guestFolder = path.resolve(import.meta.dirname, '../../guests');
const guests = existsSync(guestFolder)
  ? readdirSync(guestFolder).filter((name) => name.endsWith('.component.wasm'))
  : [];

function errorOf(bytes: Uint8Array): WasiNNError | undefined {
  try {
    renameComponent(bytes);
    return undefined;
  } catch (cause) {
    if (cause instanceof WasiNNError) return cause;
    throw cause;
  }
}

function includesText(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes).includes(text);
}

describe('core names', () => {
  it.each(coreNamePlaces)('get safe names in place of code: %s', (place) => {
    const name = attackOn(place, 'x');
    const renamed = renameComponent(componentWith({ [place]: name }));
    expect(includesText(renamed, name)).toBe(false);
    expect(includesText(renamed, 'renamed$0')).toBe(true);
  });

  it('stay different where they are, and equal where they are', () => {
    const different = renameComponent(
      componentWith({ 'core import module': "'", 'core import field': '"', 'core export': '`' }),
    );
    for (const name of ['renamed$0', 'renamed$1', 'renamed$2']) expect(includesText(different, name)).toBe(true);
    const equal = renameComponent(componentWith({ 'core import module': "'", 'core export': "'" }));
    expect(includesText(equal, 'renamed$1')).toBe(false);
  });

  it('that look like those of this renaming are renamed too', () => {
    const renamed = renameComponent(componentWith({ 'core import module': 'renamed$1', 'core export': "'" }));
    expect(includesText(renamed, 'renamed$0')).toBe(true);
    expect(includesText(renamed, 'renamed$1')).toBe(true);
  });

  it.each(['', '__proto__', 'constructor', 'prototype', 'then', '0', '__', 'é', 'x'.repeat(257)])(
    'that are no variables get other names: %s',
    (name) => {
      expect(includesText(renameComponent(componentWith({ 'core export': name })), 'renamed$0')).toBe(true);
    },
  );

  it.each(['memory', '_initialize', '$imports', 'cabi_post_a:b/c@1.0.0-rc#[method]d.e'])(
    'of tools stay: %s',
    (name) => {
      const renamed = renameComponent(componentWith({ 'core export': name }));
      expect(includesText(renamed, 'renamed$')).toBe(false);
      expect(includesText(renamed, name)).toBe(true);
    },
  );
});

describe('names of WIT', () => {
  const exported: readonly Place[] = [
    'exported function',
    'inline instance export',
    'nested import',
    'resource',
    'record',
  ];
  const labels: readonly Place[] = ['record field', 'variant case', 'enum label', 'flag', 'parameter'];

  it.each([...exported, ...labels])('are refused where they are no names: %s', (place) => {
    for (const name of ["'", 'a b', 'a_b', 'é', '', 'a--b', '-a', '1a', 'aB', 'a\n', 'a\u2028', 'a'.repeat(257)]) {
      const error = errorOf(componentWith({ [place]: name }));
      expect(error?.code, JSON.stringify(name)).toBe('invalid-argument');
      expect(error?.message).toMatch(/^instantiate: the component's name "[ -~é…]*" \(at byte \d+\) /);
    }
  });

  it.each(['a:b/c', 'a:b/c@1.2.3', 'a:b/c@1.2.3-rc.1+build', 'a-b:c-d/e-f'])(
    'may be those of interfaces: %s',
    (name) => {
      expect(errorOf(componentWith({ 'exported interface': name }))).toBeUndefined();
    },
  );

  it.each(['a:b', 'a:b/c@', 'a:b/c@1', "a:b/c@1.2.3-'", 'a:b/c@1.2.3 ', 'a:b/c/d', 'a:b:c/d', "a:b/c'"])(
    'that are almost those of interfaces are refused: %s',
    (name) => {
      expect(errorOf(componentWith({ 'exported interface': name }))?.code).toBe('invalid-argument');
    },
  );

  it.each(['url=<https://a.example/b>', 'integrity=<sha256-abc>', 'locked-dep=<a:b@1.0.0>', 'unlocked-dep=<a:b>'])(
    'that say where another component is are refused: %s',
    (name) => {
      for (const place of ['imported interface', 'nested import'] as const) {
        expect(errorOf(componentWith({ [place]: name }))?.code).toBe('unsupported-operation');
      }
    },
  );

  it('may be no method that makes a promise of its resource', () => {
    expect(errorOf(componentWith({ 'resource member': 'then' }))?.code).toBe('unsupported-operation');
    expect(errorOf(componentWith({ 'static resource member': 'then' }))).toBeUndefined();
  });

  it('that are no UTF-8 are refused', () => {
    for (const place of [...exported, ...labels, 'core export'] as const) {
      expect(errorOf(componentWith({ [place]: Uint8Array.of(0xed, 0xa0, 0x80) }))?.code).toBe('invalid-argument');
    }
  });

  it('get other names where they would be variables of the glue, and keep them for types', () => {
    const bytes = componentWith({ 'exported function': 'exports0', resource: 'promise' });
    expect(readComponent(renameComponent(bytes)).functions).toContain('renamed-exports0');
    expect(readComponent(renameComponent(bytes)).interfaces.get('test:guest/resources@1.0.0')).toContain(
      '[constructor]renamed-promise',
    );
    expect(readComponent(renameComponent(bytes, true)).functions).toContain('exports0');
  });
});

describe('custom sections', () => {
  const documented = (text: string) =>
    Uint8Array.from(write.component([write.customSection('package-docs', [...new TextEncoder().encode(text)])]));

  it('are left out', () => {
    const bytes = componentWith({ 'component custom section': "a'b", 'core custom section': "a'c" });
    expect(includesText(renameComponent(bytes), "a'")).toBe(false);
  });

  it('stay where they are the documentation of types, unless it ends a comment', () => {
    expect(includesText(renameComponent(documented('{"docs":"good"}'), true), 'good')).toBe(true);
    expect(includesText(renameComponent(documented('{"docs":"good"}')), 'good')).toBe(false);
    expect(includesText(renameComponent(documented('{"docs":"*/ bad"}'), true), 'bad')).toBe(false);
  });
});

describe('what is malformed', () => {
  const section = (id: number, ...content: number[]) =>
    Uint8Array.from([...write.component([]), id, content.length, ...content]);

  it.each([
    ['a count of 4294967295', section(11, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ['a number of 33 bits', section(11, 0xff, 0xff, 0xff, 0xff, 0x1f)],
    ['more in a section than it says', section(11, 0, 0)],
    ['a section of values', section(12, 0)],
    ['a section of an unknown kind', section(99)],
    ['a name of an unknown kind', section(10, 1, 2, 1, 0x61, 1, 0)],
    ['an alias of an unknown kind', section(6, 1, 1, 3, 0, 0)],
    ['a type of an unknown kind', section(7, 1, 0x20)],
    ['a core module of another version', section(1, 0, 0x61, 0x73, 0x6d, 2, 0, 0, 0)],
  ])('is refused: %s', (_what, bytes) => {
    expect(errorOf(bytes)?.code).toMatch(/^(invalid-argument|unsupported-operation)$/);
  });

  it('is refused where components or types are in very many others', () => {
    let nested = write.component([]);
    for (let depth = 0; depth < 9; depth++) nested = write.component([write.componentSection.component(nested)]);
    expect(errorOf(Uint8Array.from(nested))?.message).toMatch(/components in more than 8 others/);
    const types = Array.from({ length: 10_000 }, () => [0x41, 1, 1]).flat();
    const deep = write.component([write.componentSection.types([types])]);
    expect(errorOf(Uint8Array.from(deep))?.message).toMatch(/types in more than 8 others/);
  });

  it('is read or refused wherever a component is cut or changed', () => {
    const bytes = componentWith({});
    for (let length = 0; length < bytes.byteLength; length += 2) errorOf(bytes.subarray(0, length));
    for (let index = 0; index < bytes.byteLength; index += 2) {
      for (const value of [0x00, 0x27, 0x80, 0xff]) errorOf(bytes.with(index, value));
    }
  });
});

describe.skipIf(guests.length === 0)('our own guests (need `npm run build:guests`)', () => {
  it.each(guests)('%s keeps the names of its imports and exports', (name) => {
    const bytes = readFileSync(path.join(guestFolder, name));
    expect(readComponent(renameComponent(bytes))).toEqual(readComponent(bytes));
  });
});
