import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, WasiNNError } from '../standard/error.js';
import { generateDeclarations, writeDeclaration } from './declaration.js';

/**
 * Writes the types of each component in a folder beside it, as the plugin does when a build meets it.
 *
 * @param folder searched with all folders in it, but `node_modules` and those whose names begin with a dot
 * @returns the paths of the components
 * @throws WasiNNError for a component that has no valid names; the message begins with its path
 */
export async function writeTypes(folder: string): Promise<string[]> {
  const components = await findComponents(folder);
  for (const file of components) await writeTypesOf(file);
  return components;
}

async function writeTypesOf(file: string): Promise<void> {
  try {
    await writeDeclaration(file, await generateDeclarations(new Uint8Array(await readFile(file))));
  } catch (cause) {
    throw new WasiNNError('invalid-argument', `${file}: ${messageOf(cause)}`, { cause });
  }
}

async function findComponents(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) return isSearched(entry.name) ? findComponents(file) : [];
      return entry.name.endsWith('.component.wasm') ? [file] : [];
    }),
  );
  return found.flat();
}

function isSearched(name: string): boolean {
  return name !== 'node_modules' && !name.startsWith('.');
}
