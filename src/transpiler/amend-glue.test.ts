import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { amendGlue } from './amend-glue.js';
import { componentWith } from './every-name.fixture.js';
import { componentWithList } from './long-list.fixture.js';
import { openComponent } from './open-component.js';
import { transpile } from './transpile.js';

/** The script as jco makes it. */
async function rawScript(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  let script = '';
  await transpile(openComponent(bytes), 'block', async () => {
    const jco = await import('@bytecodealliance/jco-transpile/component');
    const generate: typeof jco.generate = (...values) => {
      const made = jco.generate(...values);
      script = new TextDecoder().decode(made.files.find(([name]) => name === 'guest.js')?.[1]);
      return made;
    };
    return { ...jco, generate };
  });
  return script;
}

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

/** What another version of jco might write, by what it would change. */
const alterations: readonly (readonly [change: string, from: RegExp | string, to: string])[] = [
  ['all numbers of resources are constants', /var (handle\d+ = )/g, 'const $1'],
  ['one number of a resource is a constant', /var (handle\d+ = arg\d+\[symbolRscHandle\];)/, 'const $1'],
  ['the symbol has another name', /symbolRscHandle/g, 'symbolHandle'],
  ['the complaint about a resource has another text', /Resource error: Not a valid /g, 'not a valid '],
  ['a resource is not checked', /\s*if \(!handle\d+[^{]*\{\s*throw new TypeError\('Resource error[^}]*\}/, ''],
  ['lists are copied by another method', /\.buffer\.slice\(/g, '.buffer.subarray('],
  ['lists are copied out of a variable', /memory(\d+)\.buffer\.slice\(/g, 'buffer$1.slice('],
  ['the length of a list is an expression', / \+ len(\d+) \* 4\)/g, ' + 4 * len$1)'],
  ['the decoder has another name', /TEXT_DECODER_UTF8/g, 'utf8Decoder'],
  ['the decoder names its encoding', 'new TextDecoder()', "new TextDecoder('utf-8')"],
  ['there is another decoder', 'new TextDecoder()', "new TextDecoder(), other = new TextDecoder('utf-8')"],
  ['the answer comes otherwise', 'else return value;', 'return value;'],
  ['core modules are fetched otherwise', 'const fetchCompile = url =>', 'const fetchCompile = (url) =>'],
  ['core modules are asked for otherwise', 'if (!getCoreModule)', 'if (getCoreModule === undefined)'],
];

describe.skipIf(!existsSync(file))('the glue of another version of jco (needs `npm run build:guests`)', () => {
  const blocking = { suspends: false, statics: 0 };
  let script = '';

  beforeAll(async () => {
    script = await rawScript(Uint8Array.from(readFileSync(file)));
  });

  it.each(alterations)('is refused where %s', (_change, from, to) => {
    const altered = script.replace(from, to);
    expect(altered).not.toBe(script);
    expect(() => amendGlue(altered, blocking)).toThrow(
      /cannot be amended \(.+\): it has \d+ .+ of a known form, not \d+$/,
    );
  });

  it('is refused where its static functions have another form', () => {
    const statics = script.match(/^\s*[A-Z][\w$]*\.[\w$]+ = function /gm)?.length ?? 0;
    expect(statics).toBeGreaterThan(0);
    const altered = script.replace(/^(\s*[A-Z][\w$]*\.[\w$]+ = )function (\w+)\(/gm, '$1(');
    expect(() => amendGlue(script, { suspends: true, statics })).not.toThrow();
    expect(() => amendGlue(altered, { suspends: true, statics })).toThrow(/has 0 static functions of a known form/);
  });
});

describe('the glue of a small component', () => {
  it.each([
    ['every kind of name', componentWith({})],
    ['a list', componentWithList('u32', 0, 1)],
  ])('is amended: %s', async (_what, bytes) => {
    const script = await rawScript(bytes);
    const amended = amendGlue(script, { suspends: false, statics: 0 });
    expect(amended).not.toMatch(/new TextDecoder\(\)|\.buffer\.slice\((?!start, end\))|fetch\(/);
    expect(amended).toContain('exports: value');
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
    ['a record that is taken apart otherwise', "var { 'a': v1_0 } = arg0;"],
    ['a resource that is given otherwise', 'var handle0 = arg0[symbolRscHandle];\nif (handle0 < 0) throw 1;'],
  ])('is refused with %s', (_what, line) => {
    expect(() => amendGlue([...script, line].join('\n'), blocking)).toThrow(/of a known form/);
  });

  it('is refused where it has other static functions than the component', () => {
    expect(() => amendGlue(script.join('\n'), { suspends: true, statics: 2 })).toThrow(/1 static functions/);
  });
});
