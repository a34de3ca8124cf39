import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

// What browsers fetch for a model: the files that Vite has built, compressed as servers compress them.

const folder = path.resolve(import.meta.dirname, '../../dist/standalone/assets');
const hasBuild = existsSync(folder);

/** In bytes. */
const budgets = {
  /** What comes before the model's operators are known: an importer's entry and all that it imports, the ONNX writer too. */
  first: 12_000,
  /** Any one file of an importer. */
  file: 12_000,
  /** All that comes for a model, with the groups of operators that it needs. */
  models: [
    {
      model: 'SqueezeNet of OpenVINO',
      imports: ['import-openvino', 'convert-model', 'common', 'general'],
      most: 22_400,
    },
    { model: 'MobileNet of TensorFlow', imports: ['import-tensorflow', 'tensorflow-common'], most: 19_000 },
    { model: 'SqueezeNet in a .pt2', imports: ['pytorch', 'exported-program', 'pytorch-common'], most: 24_900 },
    { model: 'SqueezeNet in TorchScript', imports: ['pytorch', 'torchscript', 'pytorch-common'], most: 28_500 },
  ],
} as const;

interface Chunk {
  readonly file: string;
  readonly text: string;
  /** The files that are fetched with it. */
  readonly imports: readonly string[];
  /** The files that it may fetch later. */
  readonly laterImports: readonly string[];
}

const chunks = new Map<string, Chunk>();

function chunkOf(file: string): Chunk {
  const known = chunks.get(file);
  if (known) return known;
  const text = readFileSync(path.join(folder, file), 'utf8');
  const find = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);
  const chunk = {
    file,
    text,
    imports: find(/(?:\bfrom|\bimport)\s*["']\.\/([^"']+\.js)["']/g),
    laterImports: find(/\bimport\(\s*["'`]\.\/([^"'`]+\.js)["'`]/g),
  };
  chunks.set(file, chunk);
  return chunk;
}

/** The chunks, and all that they import. */
function closure(files: readonly string[]): Set<string> {
  const all = new Set(files);
  // The set grows while it is gone through.
  for (const file of all) for (const imported of chunkOf(file).imports) all.add(imported);
  return all;
}

/** What has been fetched after these dynamic imports, each of a chunk that is there by then, beyond what the engine has. */
function fetchedBy(imports: readonly string[]): Chunk[] {
  const engine = readdirSync(folder).filter((file) => /^engine-worker-.*\.js$/.test(file));
  const before = closure(engine);
  let fetched = new Set(before);
  for (const name of imports) {
    const files = [...fetched].flatMap((file) => chunkOf(file).laterImports.filter((later) => nameOf(later) === name));
    if (files.length === 0) throw new Error(`nothing that has been fetched imports ${name}`);
    fetched = closure([...fetched, ...files]);
  }
  return [...fetched].filter((file) => !before.has(file)).map(chunkOf);
}

/** Without the hash of its content. */
function nameOf(file: string): string {
  return file.replace(/-[\w-]{8}\.js$/, '');
}

const sizes = new Map<string, number>();

function sizeOf(fetched: readonly Chunk[]): number {
  for (const { file, text } of fetched) {
    if (!sizes.has(file)) sizes.set(file, brotliCompressSync(text).byteLength);
  }
  return fetched.reduce((sum, { file }) => sum + (sizes.get(file) ?? 0), 0);
}

const entries = ['import-openvino', 'import-tensorflow', 'pytorch'];

/** All that the importers have. */
function allChunks(): Chunk[] {
  const all = new Set(entries.flatMap((entry) => fetchedBy([entry]).map(({ file }) => file)));
  // The set grows while it is gone through.
  for (const file of all) {
    const { imports, laterImports } = chunkOf(file);
    for (const imported of [...imports, ...laterImports]) if (!isOfEngine(imported)) all.add(imported);
  }
  return [...all].map(chunkOf);
}

/** What the engine and its backends share, and onnxruntime. */
function isOfEngine(file: string): boolean {
  return /^(shared|ort)[.-]/.test(file);
}

it.skipIf(hasBuild || !process.env.CI)('sizes are measured in CI', () => {
  expect(hasBuild, 'run `npm run build:standalone` before the unit tests').toBe(true);
});

// Without a build there is nothing to measure: `npm test` makes one.
describe.skipIf(!hasBuild)('the files of an importer', () => {
  it.each(entries)('that %s begins with are few bytes', (entry) => {
    expect(sizeOf(fetchedBy([entry]))).toBeLessThanOrEqual(budgets.first);
  });

  it.each(budgets.models)('that come for $model are few bytes', ({ imports, most }) => {
    expect(sizeOf(fetchedBy(imports))).toBeLessThanOrEqual(most);
  });

  it('are small, each by itself', () => {
    const chunks = allChunks();

    expect(chunks.length).toBeGreaterThan(20);
    expect(chunks.filter((chunk) => sizeOf([chunk]) > budgets.file).map(({ file }) => file)).toEqual([]);
  });
});

describe.skipIf(!hasBuild)('a file of a worker', () => {
  // WebKit would run the script once more.
  it("imports no worker's own script", () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.js'));
    const importing = files.map(chunkOf).filter(({ imports }) => imports.some((file) => /-worker-/.test(file)));

    expect(files.length).toBeGreaterThan(20);
    expect(importing.map(({ file }) => file)).toEqual([]);
  });
});
