import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isObjectWith } from './standard/is-object-with.js';

// The rules of biome.json for imports and promises, proven on files that break them.

const root = path.resolve(import.meta.dirname, '..');

/** Which folders of `src/` a folder may import; `src` is the files that stand in `src/` itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  standard: [],
  rpc: ['standard'],
  importers: ['standard'],
  backends: ['standard'],
  'backends/onnx': ['backends', 'standard'],
  'backends/text': ['backends', 'standard'],
  'backends/tflite': ['backends', 'standard'],
  'backends/imported': ['backends', 'importers', 'standard'],
  models: ['rpc', 'standard'],
  engine: ['backends', 'models', 'rpc', 'standard'],
  hub: ['models', 'rpc', 'standard'],
  transpiler: ['rpc', 'standard'],
  bindings: ['rpc', 'standard'],
  guest: ['bindings', 'rpc', 'standard'],
  page: ['models', 'rpc', 'standard'],
  vite: ['page', 'transpiler', 'rpc', 'standard'],
  src: ['backends', 'bindings', 'models', 'page', 'rpc', 'standard'],
};

/** Single modules of folders that are closed otherwise. */
const exceptions = [{ from: 'page', to: 'hub/protocol' }];

const entries = readdirSync(path.join(root, 'src'), { withFileTypes: true });
const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
/** What is not listed here has no other module that imports it by this name. */
const pageFiles = entries
  .filter((entry) => entry.isFile() && !/\.test\.ts$|^index\.ts$/.test(entry.name))
  .map(({ name }) => name.replace(/\.ts$/, ''));

interface Probe {
  readonly from: string;
  readonly to: string;
  readonly file: string;
  readonly isAllowed: boolean;
}

function probe(from: string, to: string, isAllowed: boolean): Probe {
  const folder = from === 'src' ? 'src' : `src/${from}`;
  return { from, to, isAllowed, file: `${folder}/to-${to.replace('/', '-')}.ts` };
}

const probes = Object.entries(mayImport).flatMap(([from, allowed]) => {
  const [own = from] = from.split('/');
  const others = folders.filter((to) => to !== own).map((to) => probe(from, `${to}/module`, allowed.includes(to)));
  const files =
    from === 'src' ? [] : pageFiles.filter((name) => !isException(from, name)).map((name) => probe(from, name, false));
  return [...others, ...files, ...exceptions.filter((e) => e.from === from).map(({ to }) => probe(from, to, true))];
});

function isException(from: string, to: string): boolean {
  return exceptions.some((exception) => exception.from === from && exception.to === to);
}

/** Each way to import a module. */
const ways = [
  (to: string) => `import { a } from '${to}';\nconsole.log(a);\n`,
  (to: string) => `import type { A } from '${to}';\nexport const a: A = 1;\n`,
  (to: string) => `export { a } from '${to}';\n`,
  (to: string) => `export const a = import('${to}');\n`,
];

/** Files that break another rule each. */
const faults = [
  {
    what: 'imports in a cycle',
    file: 'src/standard/first.ts',
    text: "export { second as first } from './second.js';\n",
  },
  {
    what: 'imports in a cycle',
    file: 'src/standard/second.ts',
    text: "export { first as second } from './first.js';\n",
  },
  {
    what: 'types in a cycle',
    file: 'src/models/third.ts',
    text: "import type { Fourth } from './fourth.js';\nexport interface Third { readonly fourth: Fourth }\n",
  },
  {
    what: 'types in a cycle',
    file: 'src/models/fourth.ts',
    text: "import type { Third } from './third.js';\nexport interface Fourth { readonly third?: Third }\n",
  },
  {
    what: 'a promise that nobody handles',
    file: 'src/guest/floating.ts',
    text: 'async function start(): Promise<void> {}\nstart();\n',
  },
  {
    what: 'a promise in the place of a truth value',
    file: 'src/guest/misused.ts',
    text: 'async function isReady(): Promise<boolean> { return true; }\nif (isReady()) console.log(1);\n',
  },
];

const folder = mkdtempSync(path.join(tmpdir(), 'import-rules-'));
let reported: ReadonlySet<string> = new Set();

beforeAll(() => {
  const config: unknown = JSON.parse(readFileSync(path.join(root, 'biome.json'), 'utf8'));
  // The files are in no repository.
  writeFileSync(path.join(folder, 'biome.json'), JSON.stringify({ ...Object(config), vcs: { enabled: false } }));
  for (const [index, { from, to, file }] of probes.entries()) {
    const up = from === 'src' ? './' : '../'.repeat(from.split('/').length);
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), ways[index % ways.length]?.(`${up}${to}.js`) ?? '');
  }
  for (const { file, text } of faults) writeFileSync(path.join(folder, file), text);
  reported = new Set(lint());
});

afterAll(() => rmSync(folder, { recursive: true }));

const rules = [
  'style/noRestrictedImports',
  'suspicious/noImportCycles',
  'nursery/noFloatingPromises',
  'nursery/noMisusedPromises',
];

/** @returns the files that break one of the rules */
function lint(): readonly string[] {
  const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome');
  const only = rules.map((rule) => `--only=${rule}`);
  const options = ['lint', ...only, '--max-diagnostics=none', '--reporter=github'];
  try {
    execFileSync(process.execPath, [biome, ...options, 'src'], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
    return [];
  } catch (cause) {
    const output = isObjectWith(cause, 'stdout') ? String(cause.stdout) : '';
    return [...output.matchAll(/title=lint\/[^,]+,file=([^,]+)/g)].map(([, file = '']) =>
      path.relative(folder, path.resolve(folder, file)),
    );
  }
}

it('covers every folder of src', () => {
  expect(Object.keys(mayImport).filter((name) => !name.includes('/'))).toEqual(
    expect.arrayContaining([...folders, 'src']),
  );
});

describe.each(Object.keys(mayImport))('%s', (from) => {
  const own = probes.filter((probe) => probe.from === from);

  it('may import what is beneath it, and nothing else', () => {
    const refused = own.filter(({ file }) => reported.has(file)).map(({ to }) => to);
    expect(refused).toEqual(own.filter(({ isAllowed }) => !isAllowed).map(({ to }) => to));
  });
});

it.each(faults)('refuses $what: $file', ({ file }) => {
  expect(reported).toContain(file);
});
