import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { renameComponent } from '../transpiler/rename-component.js';
import { loadJco } from './jco.js';

/** What jco declares: `guest.d.ts`, and one file for each interface, which it refers to. */
export type DeclarationFiles = ReadonlyMap<string, string>;

const rootFile = 'guest.d.ts';

/** Where TypeScript looks for the types of `classify.component.wasm`: in `classify.component.d.wasm.ts`. */
export function declarationFile(file: string): string {
  return file.replace(/\.wasm$/, '.d.wasm.ts');
}

/**
 * Has jco declare a component, whose functions answer at once there: `ExportsOf` makes promises of that.
 *
 * @throws WasiNNError for names that are no names
 */
export async function generateDeclarations(bytes: Uint8Array): Promise<DeclarationFiles> {
  const { $init, generate } = await loadJco();
  await $init;
  const { files } = generate(renameComponent(bytes, true), { name: 'guest', instantiation: { tag: 'async' } });
  const declarations = files.filter(([name]) => name.endsWith('.d.ts'));
  return new Map(declarations.map(([name, content]) => [name, new TextDecoder().decode(content)]));
}

/** Writes a guest's types beside it, unless they are there. */
export async function writeDeclaration(file: string, declarations: DeclarationFiles): Promise<void> {
  const target = declarationFile(file);
  const content = declareGuest(path.basename(file), declarations);
  const present = await readFile(target, 'utf8').catch(() => undefined);
  if (present !== content) await writeFile(target, content);
}

/**
 * Makes one file of what jco declares: the interfaces become namespaces, of which only those are kept that the guest's
 * exports refer to.
 *
 * @param guestName the file name of the component, for the reader
 */
export function declareGuest(guestName: string, declarations: DeclarationFiles): string {
  const root = declarations.get(rootFile) ?? '';
  const names = namespaceNames(declarations);
  const own = withoutHostSide(root);
  const used = reachable(own, declarations, names);
  const namespaces = [...used].map((file) => {
    const content = markResources(referToNamespaces(declarations.get(file) ?? '', names)).trim();
    return `declare namespace ${names.get(file)} {\n${indent(content)}\n}`;
  });
  return [
    `// The types of ${guestName}, written by wasi-nn-web/vite whenever it meets another component there.`,
    "import type { ExportedResource, ExportsOf, GuestModule } from 'wasi-nn-web/vite/types';",
    ...namespaces,
    markResources(referToNamespaces(own, names)).trim(),
    'declare const guest: GuestModule<ExportsOf<Root>>;\nexport default guest;\n',
  ].join('\n\n');
}

/** The guest's own types and its exports, without what a host must import and the function that instantiates. */
function withoutHostSide(root: string): string {
  return root
    .replace(/^import type \* as .*\n/gm, '')
    .replace(/^export interface ImportObject \{[^}]*\}\n/m, '')
    .replace(/\/\*\*\n\* Instantiates this component[\s\S]*$/, '')
    .replace(/^\/\/ world .*\n/, '');
}

/** The files of the interfaces, each with the name that stands for it: jco's own, where it has given one. */
function namespaceNames(declarations: DeclarationFiles): ReadonlyMap<string, string> {
  const interfaces = [...declarations.keys()].filter((file) => file !== rootFile);
  const given = declarations.get(rootFile)?.matchAll(/^import type \* as (\w+) from '\.\/(.+)\.js'/gm) ?? [];
  return new Map([
    ...interfaces.map((file) => [file, pascalCase(path.posix.basename(file, '.d.ts'))] as const),
    ...[...given].map(([, name = '', file]) => [`${file}.d.ts`, name] as const),
  ]);
}

function pascalCase(name: string): string {
  return name.replace(/(?:^|[-_.])(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The files of the interfaces that a declaration needs, those first that it names first. */
function reachable(
  declaration: string,
  declarations: DeclarationFiles,
  names: ReadonlyMap<string, string>,
  found = new Set<string>(),
): ReadonlySet<string> {
  for (const [file, name] of names) {
    const isNamed = declaration.includes(importOf(file)) || declaration.includes(`typeof ${name},`);
    if (!isNamed || found.has(file)) continue;
    found.add(file);
    reachable(declarations.get(file) ?? '', declarations, names, found);
  }
  return found;
}

/** `import('./interfaces/wasi-nn-errors.js').ErrorCode` becomes `WasiNnErrors.ErrorCode`. */
function referToNamespaces(declaration: string, names: ReadonlyMap<string, string>): string {
  return declaration.replace(/import\('\.\/(?:interfaces\/)?([^']+)\.js'\)/g, (reference, file: string) => {
    return names.get(`interfaces/${file}.d.ts`) ?? reference;
  });
}

/** jco's class of a resource may look like any record, or like nothing. */
function markResources(declaration: string): string {
  return declaration.replace(/^export class [\w$]+/gm, '$& extends ExportedResource');
}

/** How a reference to an interface ends, from wherever it is. */
function importOf(file: string): string {
  return `/${path.posix.basename(file, '.d.ts')}.js')`;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
