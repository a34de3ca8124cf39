import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { declarationFile, declareGuest, generateDeclarations, writeDeclaration } from './declaration.js';

const guests = path.resolve(import.meta.dirname, '../../guests');

/** As jco writes them, for a guest that exports an interface with a resource and a type of a third interface. */
const declarations = new Map([
  [
    'guest.d.ts',
    `// world root:component/root
export type Reading = import('./interfaces/my-sensors-types.js').Reading;
import type * as MyUnused from './interfaces/my-unused.js'; // my:unused/unused@1.0.0
import type * as MySensorsApi100 from './interfaces/my-sensors-api.js'; // my:sensors/api@1.0.0
export interface ImportObject {
  'my:unused/unused@1.0.0': typeof MyUnused,
}
export interface Root {
  'my:sensors/api@1.0.0': typeof MySensorsApi100,
  api: typeof MySensorsApi100,
  latest(): Reading,
}

/**
* Instantiates this component with the provided imports and
* returns a map of all the exports of the component.
*/
export function instantiate(
imports: ImportObject,
): Root;
`,
  ],
  [
    'interfaces/my-sensors-api.d.ts',
    `/** @module Interface my:sensors/api@1.0.0 **/
export type Unit = import('./my-sensors-units.js').Unit;
export function read(unit: Unit): number;

export class Sensor {
  constructor()
}
`,
  ],
  ['interfaces/my-sensors-types.d.ts', "export type Reading = import('./my-sensors-units.js').Unit[];\n"],
  ['interfaces/my-sensors-units.d.ts', "export type Unit = 'kelvin' | 'pascal';\n"],
  ['interfaces/my-unused.d.ts', 'export function unused(): void;\n'],
]);

describe('declareGuest', () => {
  const declared = declareGuest('sensors.component.wasm', declarations);

  it('makes namespaces of the interfaces that the exports refer to, and of those that these refer to', () => {
    const namespaces = [...declared.matchAll(/^declare namespace (\w+)/gm)].map(([, name]) => name);
    expect(namespaces.sort()).toEqual(['MySensorsApi100', 'MySensorsTypes', 'MySensorsUnits']);
    expect(declared).toContain('  export type Unit = MySensorsUnits.Unit;\n');
    expect(declared).toContain('export type Reading = MySensorsTypes.Reading;\n');
    expect(declared).not.toMatch(/import\(|import type \*/);
  });

  it('marks the classes of resources, which tells them from records', () => {
    expect(declared).toContain('  export class Sensor extends ExportedResource {\n');
  });

  it('leaves out what only a host needs', () => {
    expect(declared).not.toMatch(/ImportObject|instantiate|MyUnused/);
  });

  it('ends with the guest module, typed by its exports', () => {
    expect(declared).toMatch(
      /\nexport interface Root \{[^}]+\}\n\ndeclare const guest: GuestModule<ExportsOf<Root>>;\nexport default guest;\n$/,
    );
  });
});

describe('generateDeclarations', () => {
  it('declares functions that answer with the values of WIT results', async () => {
    const declared = await declare('classify.component.wasm');
    expect(declared).toContain('  classify(image: Image, model: Model, top: number): Array<Guess>,\n');
    expect(declared).toContain('export type ErrorCode = WasiNnErrors.ErrorCode;\n');
  });

  it('declares those in exported interfaces likewise', async () => {
    const declared = await declare('cat.component.wasm');
    expect(declared).toContain("  'wasi:cli/run@0.2.12': typeof WasiCliRun,\n");
    expect(declared).toContain('  export function run(): void;\n');
    expect(declared).not.toContain('declare namespace WasiFilesystem');
  });
});

describe('writeDeclaration', () => {
  it('writes beside the component, and only what has changed', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'wasi-nn-web-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = path.join(folder, 'sensors.component.wasm');
    const written = declarationFile(file);
    expect(path.basename(written)).toBe('sensors.component.d.wasm.ts');

    await writeDeclaration(file, declarations);
    expect(await readFile(written, 'utf8')).toBe(declareGuest('sensors.component.wasm', declarations));
    await utimes(written, 1, 1);
    await writeDeclaration(file, declarations);
    expect((await stat(written)).mtimeMs).toBe(1000);
    await writeFile(written, 'older');
    await writeDeclaration(file, declarations);
    expect(await readFile(written, 'utf8')).toContain('declare const guest');
  });
});

async function declare(name: string): Promise<string> {
  const bytes = await readFile(path.join(guests, name));
  return declareGuest(name, await generateDeclarations(bytes));
}
