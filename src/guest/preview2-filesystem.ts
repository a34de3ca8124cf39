import type { ProgramEnvironment } from '../rpc/program-environment.js';
import { FileSpace } from './memory-file.js';
import { Descriptor, DirectoryEntryStream, Filesystem } from './preview2-descriptor.js';
import { IoError } from './preview2-streams.js';
import { type Entry, Tree } from './preview2-tree.js';
import { toFolder } from './program.js';
import { type Content, collectWritten } from './written-files.js';

/**
 * `wasi:filesystem` for one component. The library's own file system keeps names as properties of plain objects, where
 * `constructor` and `__proto__` mean something else, and lets files grow without a limit.
 */

/** The interfaces of `wasi:filesystem`, with the files that the page gives under `/` and as the working folder. */
export function createFilesystem({ files }: ProgramEnvironment) {
  const tree = new Tree(toFolder(files), new FileSpace());
  const filesystem = new Filesystem(tree);
  const preopens = ['/', '.'].map((path) => [new Descriptor(filesystem, tree.root), path] as const);
  return {
    preopens: { getDirectories: () => [...preopens] },
    types: { Descriptor, DirectoryEntryStream, filesystemErrorCode: IoError.codeOf },
    readFile: (path: string) => readFile(tree, path),
    writtenFiles: () => collectWritten<Entry>(tree.root, contentOf),
  };
}

/** The bytes of a file, by its path; nothing where there is none. */
function readFile(tree: Tree, path: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const entry = tree.find(tree.root, path, true);
    return entry.kind === 'file' ? entry.file.read(0, entry.file.byteLength) : undefined;
  } catch {
    // The tree throws the error codes of WIT.
    return undefined;
  }
}

function contentOf(entry: Entry): Content<Entry> {
  switch (entry.kind) {
    case 'file':
      return entry.file;
    case 'folder':
      return entry.entries;
    case 'link':
      return undefined;
  }
}
