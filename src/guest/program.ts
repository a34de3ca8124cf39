import type { ProgramEnvironment } from '../rpc/program-environment.js';

/** A folder in memory: names of files with their bytes, and of folders. */
export type Folder = Map<string, Uint8Array<ArrayBuffer> | Folder>;

/**
 * Arranges files by the folders in their paths. A leading `/` or `./` means nothing: there is one tree, which the guest
 * finds as `/` and as its working folder.
 */
export function toFolder(files: ProgramEnvironment['files']): Folder {
  const root: Folder = new Map();
  for (const [path, bytes] of files) {
    const names = path.split('/').filter((name) => name !== '' && name !== '.');
    const fileName = names.pop();
    if (fileName !== undefined) names.reduce(enter, root).set(fileName, bytes);
  }
  return root;
}

function enter(folder: Folder, name: string): Folder {
  const known = folder.get(name);
  if (known instanceof Map) return known;
  const created: Folder = new Map();
  folder.set(name, created);
  return created;
}
