import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { amendGlue } from './amend-glue.js';
import { openComponent } from './open-component.js';
import { transpile } from './transpile.js';

const file = path.resolve(import.meta.dirname, '../../guests/classifiers.component.wasm');

describe.skipIf(!existsSync(file))('the glue of our own guest (needs `npm run build:guests`)', () => {
  const transpileGuest = async (suspends: boolean) => {
    const bytes = Uint8Array.from(readFileSync(file));
    const { script } = await transpile(openComponent(bytes), suspends ? 'suspend-reading' : 'block');
    return script;
  };

  it.each([true, false])('checks the kind of each resource that a function takes; suspends: %s', async (suspends) => {
    const script = await transpileGuest(suspends);
    const checks = script.matchAll(/constructor\?\.name\.split\('\$'\)\[0\] !== '(\w+)' \|\| !handle/g);
    const kinds = [...checks].map(([, kind]) => kind);
    // models, classify, merge, same (both), take, swap (list and option), judge; and redeem.
    expect(kinds.filter((kind) => kind === 'Classifier')).toHaveLength(9);
    expect(kinds.filter((kind) => kind !== 'Classifier')).toEqual(['Ticket']);
  });

  it('decodes text with the byte order mark that it begins with', async () => {
    const script = await transpileGuest(false);
    expect(script).toContain("new TextDecoder('utf-8', { ignoreBOM: true })");
    expect(script).not.toContain('new TextDecoder()');
  });

  it('has static functions that wait where they are suspended, and only there', async () => {
    expect(await transpileGuest(true)).toMatch(/Classifier\.merge = async function/);
    expect(await transpileGuest(false)).toMatch(/Classifier\.merge = function/);
  });
});

describe('a script of another form', () => {
  const script = [
    'const fetchCompile = url => fetch(url).then(WebAssembly.compileStreaming);',
    `if (!getCoreModule) getCoreModule = (name) => fetchCompile(new URL(\`./\${name}\`, import.meta.url));`,
    'const TEXT_DECODER_UTF8 = new TextDecoder();',
    'Thing.merge = function merge() {};',
    'if (resolve) return resolve(value);',
    'else return value;',
  ];
  const blocking = { suspends: false, statics: 1 };

  it('is refused, and not amended in part', () => {
    expect(amendGlue(script.join('\n'), blocking)).toContain('resolve({ exports: value })');
    for (const index of [0, 1, 4, 5]) {
      expect(() => amendGlue(script.toSpliced(index, 1).join('\n'), blocking)).toThrow(/of a known form, not 1$/);
    }
  });

  it.each([
    ['a list that is copied otherwise', 'memory0.buffer.slice(start, end);'],
    ['a decoder that is made otherwise', 'const another = new TextDecoder();'],
    ['a resource that is given otherwise', 'var handle0 = arg0[symbolRscHandle];\nif (handle0 < 0) throw 1;'],
  ])('is refused with %s', (_what, line) => {
    expect(() => amendGlue([...script, line].join('\n'), blocking)).toThrow(/of a known form/);
  });

  it('is refused where it has other static functions than the component', () => {
    expect(() => amendGlue(script.join('\n'), { suspends: true, statics: 2 })).toThrow(/1 static functions/);
  });
});
