import { WasiNNError } from '../standard/error.js';
import type { MemoryFile } from './memory-file.js';

/** The most files that a program gives back, and the longest path, in UTF-16 code units. */
const maxFiles = 10_000;
const maxPathLength = 4096;

/** What is in a tree of files: a file, a folder with entries, or something else. */
export type Content<Entry> = MemoryFile | ReadonlyMap<string, Entry> | undefined;

/**
 * The files that a guest has created or changed, by their paths.
 *
 * @param open finds out what an entry of the tree is
 * @throws WasiNNError `too-large`
 */
export function collectWritten<Entry>(
  root: Entry,
  open: (entry: Entry) => Content<Entry>,
): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  const written = new Map<string, Uint8Array<ArrayBuffer>>();
  /** A file may have several names, and a folder may be made to contain itself. */
  const copies = new Map<MemoryFile, Uint8Array<ArrayBuffer>>();
  const seen = new Set<unknown>();
  const pending: [path: string, entry: Entry][] = [['', root]];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const [path, entry] = next;
    const content = open(entry);
    if (!content || seen.has(content)) continue;
    if ('read' in content) {
      if (!content.isWritten) continue;
      if (written.size === maxFiles || path.length > maxPathLength) throw tooLarge();
      const bytes = copies.get(content) ?? content.read(0, content.byteLength);
      copies.set(content, bytes);
      written.set(path, bytes);
      continue;
    }
    seen.add(content);
    const prefix = path === '' ? '' : `${path}/`;
    for (const [name, child] of content) pending.push([`${prefix}${name}`, child]);
  }
  return written;
}

function tooLarge(): WasiNNError {
  const text = `run: the guest wrote more than ${maxFiles} files, or paths of more than ${maxPathLength} characters, which cannot be given back`;
  return new WasiNNError('too-large', text);
}
