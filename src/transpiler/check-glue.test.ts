import { describe, expect, it, vi } from 'vitest';
import { checkLoading } from './check-glue.js';
import { componentWith } from './every-name.fixture.js';
import { attackOn, coreNamePlaces } from './hostile-names.fixture.js';
import { openComponent } from './open-component.js';
import { checkScript, transpile } from './transpile.js';

const unchecked = vi.hoisted(() => ({ names: true, glue: true }));
vi.mock('./checks.js', () => ({ checks: unchecked }));

/** A script as jco makes them, with a statement in the function that instantiates. */
function glueWith(statement: string): string {
  return `export function instantiate(getCoreModule, imports) { ${statement} }\nexport const _util = {};`;
}

const refusal = expect.objectContaining({
  code: 'unsupported-operation',
  message: expect.stringMatching(/^instantiate: the script that jco makes of the component is not as it should be: /),
});

describe('checkGlue', () => {
  it.each([
    'const rsc = new Map(); return imports[0].constructor.name;',
    'globalThis?.process?.env?.JCO_DEBUG; new globalThis.WebAssembly.Memory({ initial: 1 });',
    "const text = 'fetch(1); eval(2); import(3)'; // fetch, eval, import\n",
    'class Classifier { constructor() { if (new.target === Classifier) this.fetch = 1; } }',
    'const fetch = () => 1; fetch();',
  ])('lets through what jco does: %s', async (statement) => {
    await expect(checkScript(glueWith(statement))).resolves.toBeUndefined();
  });

  it.each([
    "fetch('/canary')",
    "import('/canary')",
    'import.meta.url',
    "eval('1')",
    "new Function('return 1')()",
    'postMessage(1)',
    'self.fetch(1)',
    'indexedDB.open(1)',
    'globalThis.fetch(1)',
    "globalThis['fetch'](1)",
    'const all = globalThis; all.fetch(1)',
    'const { fetch } = globalThis; fetch(1)',
    'imports.constructor.constructor(1)',
    "imports['constructor']['constructor'](1)",
    "imports.constructor['name']",
    'imports.__proto__ = {}',
    "const shim = { '__proto__': imports }",
    'class Promise {}',
    'function undefined() {}',
    'const Map = 1',
    'try { 1 } catch (Object) { 2 }',
    'imports`1`',
    'debugger',
    'this is no script',
  ])('refuses what jco does not do: %s', async (statement) => {
    await expect(checkScript(glueWith(statement))).rejects.toEqual(refusal);
  });

  it('refuses a script that is very long', async () => {
    await expect(checkScript(glueWith(`${' '.repeat(2 ** 24)};`))).rejects.toEqual(refusal);
  });

  it.each([
    ['if (1) '],
    ['if (1) {} else '],
    ['for (;;) '],
    ['{'],
    ['try {'],
    ['('],
    ['['],
    ['!'],
    ['2 ** '],
    ['1 + '],
    ['a = '],
    ['a ? b : '],
    ['new '],
    ['x => '],
    ['async (x) => '],
    ['f('],
    ['a['],
    ['({ a: '],
    ['`${'],
    ['function f() {'],
    ['class A { static {'],
    ['(class extends '],
    ['([a = '],
    ['[', 'let '],
  ])('refuses a script that is nested very deeply: %s', async (piece, start = '') => {
    // At the end of the stack, the parser can end the process.
    const deep = expect.objectContaining({ message: expect.stringContaining('more than 300 levels deep') });
    await expect(checkScript(glueWith(start + piece.repeat(100_000)))).rejects.toEqual(deep);
  });

  it.each([
    `import 'x';${glueWith('')}`,
    `export * from 'x';${glueWith('')}`,
    `export default 1;${glueWith('')}`,
    `export const another = 1;${glueWith('')}`,
    `const x = 1; export { x };${glueWith('')}`,
    'export function instantiate() {}',
    '',
  ])('refuses a script with other imports and exports: %s', async (script) => {
    await expect(checkScript(script)).rejects.toEqual(refusal);
  });
});

describe('checkLoading', () => {
  it.each([
    "import('/canary')",
    "(() => { class A { static { void import('/canary'); } } })()",
    'import.meta.url',
    "import 'x'",
    "import * as x from 'x'",
    "export * from 'x'",
    "export { x } from 'x'",
  ])('refuses what loads other code: %s', (script) => {
    expect(() => checkLoading(script)).toThrow(/node of type (?:Import|Export)|import\.meta/);
  });

  it('lets everything else through: a worker has nothing for it', () => {
    expect(() => checkLoading(glueWith("fetch('/canary'); const text = 'import(1)'; eval(text);"))).not.toThrow();
  });
});

describe('where names are not checked', () => {
  const code = "fetch('/canary?attack')";

  it.each(coreNamePlaces)(
    'code gets into the script by the name of a %s, and the check of the script finds it',
    async (place) => {
      const bytes = componentWith({ [place]: attackOn(place, 'attack', code) });
      unchecked.names = false;
      unchecked.glue = false;
      const made = await transpile(openComponent(bytes), 'block').catch((cause: unknown) => cause);
      // At one place, what jco writes is no script any more.
      if (place === 'nested core export') expect(made).toEqual(refusal);
      else expect(made).toEqual(expect.objectContaining({ script: expect.stringContaining(code) }));
      unchecked.glue = true;
      await expect(transpile(openComponent(bytes), 'block')).rejects.toThrow(refusal);
      unchecked.names = true;
      const { script: checked } = await transpile(openComponent(bytes), 'block');
      expect(checked).not.toContain('canary');
    },
  );

  it('what loads other code is refused even where the script is not checked', async () => {
    const bytes = componentWith({ 'core export': attackOn('core export', 'attack') });
    Object.assign(unchecked, { names: false, glue: false });
    await expect(transpile(openComponent(bytes), 'block')).rejects.toThrow(/ImportExpression/);
    Object.assign(unchecked, { names: true, glue: true });
  });
});
