import { type FileSpace, MemoryFile, OutOfSpaceError } from './memory-file.js';
import type { Folder } from './program.js';

/** The tree of a component's files. Names are keys of maps, so that `constructor` and `__proto__` are names like others. */

export type ErrorCode =
  | 'exist'
  | 'insufficient-memory'
  | 'insufficient-space'
  | 'invalid'
  | 'is-directory'
  | 'loop'
  | 'name-too-long'
  | 'no-entry'
  | 'not-directory'
  | 'not-empty'
  | 'not-permitted';

interface Identity {
  /** Tells entries apart. */
  readonly id: bigint;
  /** Counts the changes of the entry. */
  version: bigint;
}

export interface FileEntry extends Identity {
  readonly kind: 'file';
  readonly file: MemoryFile;
  links: number;
}

export interface FolderEntry extends Identity {
  readonly kind: 'folder';
  readonly entries: Map<string, Entry>;
}

export interface LinkEntry extends Identity {
  readonly kind: 'link';
  readonly target: string;
}

export type Entry = FileEntry | FolderEntry | LinkEntry;

/** Where a path leads: to an entry, or to where one may be created. */
export interface Place {
  readonly parent: FolderEntry;
  readonly name: string;
  readonly entry: Entry | undefined;
}

/** No path, and no target of a link, is longer, in UTF-16 code units. */
const maxPathLength = 4096;

/** The most links that one path may lead through. */
const maxLinks = 40;

/** Throws the error of a WIT result, as jco expects it. */
export function refuse(code: ErrorCode): never {
  throw code;
}

export class Tree {
  readonly root: FolderEntry;
  readonly #space: FileSpace;
  #nextId = 0n;

  constructor(folder: Folder, space: FileSpace) {
    this.#space = space;
    this.root = this.#toEntry(folder);
  }

  /**
   * Follows a path from a folder, which it cannot leave.
   *
   * @param follow whether a link at the end of the path is followed
   */
  resolve(start: FolderEntry, path: string, follow: boolean): Place {
    if (path.length > maxPathLength) refuse('name-too-long');
    const trail: [FolderEntry, ...FolderEntry[]] = [start];
    const pending = toNames(path).reverse();
    let links = 0;
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      const parent = trail.at(-1) ?? start;
      if (name === '..') {
        if (trail.length === 1) refuse('not-permitted');
        trail.pop();
        continue;
      }
      const entry = parent.entries.get(name);
      const isLast = pending.length === 0;
      if (entry?.kind === 'link' && (follow || !isLast)) {
        if (++links > maxLinks) refuse('loop');
        pending.push(...toNames(entry.target).reverse());
      } else if (isLast) {
        return { parent, name, entry };
      } else if (entry?.kind === 'folder') {
        trail.push(entry);
      } else {
        refuse(entry ? 'not-directory' : 'no-entry');
      }
    }
    const entry = trail.at(-1) ?? start;
    return { parent: entry, name: '', entry };
  }

  /** What a path leads to. */
  find(start: FolderEntry, path: string, follow: boolean): Entry {
    return this.resolve(start, path, follow).entry ?? refuse('no-entry');
  }

  createFile(): FileEntry {
    return { kind: 'file', file: new MemoryFile(this.#space), links: 0, ...this.#identify() };
  }

  createFolder(): FolderEntry {
    return { kind: 'folder', entries: new Map(), ...this.#identify() };
  }

  createLink(target: string): LinkEntry {
    if (target.length > maxPathLength) refuse('name-too-long');
    if (target.startsWith('/')) refuse('not-permitted');
    return { kind: 'link', target, ...this.#identify() };
  }

  /** Puts an entry into a folder, in place of one of that name. */
  set({ entries }: FolderEntry, name: string, entry: Entry): void {
    if (name === '') refuse('invalid');
    const size = sizeOf(name, entry);
    spend(() => this.#space.take(size));
    this.delete({ entries }, name);
    if (entry.kind === 'file' && entry.links++ === 0) entry.file.hold();
    entries.set(name, entry);
  }

  delete({ entries }: Pick<FolderEntry, 'entries'>, name: string): void {
    const entry = entries.get(name);
    if (!entry) return;
    entries.delete(name);
    this.#space.give(sizeOf(name, entry));
    if (entry.kind === 'file' && --entry.links === 0) entry.file.release();
  }

  #identify(): Identity {
    return { id: ++this.#nextId, version: 0n };
  }

  #toEntry(folder: Folder): FolderEntry {
    const created = this.createFolder();
    for (const [name, content] of folder) {
      const entry = content instanceof Map ? this.#toEntry(content) : this.#toFile(content);
      this.set(created, name, entry);
    }
    return created;
  }

  #toFile(bytes: Uint8Array<ArrayBuffer>): FileEntry {
    return { kind: 'file', file: new MemoryFile(this.#space, bytes), links: 0, ...this.#identify() };
  }
}

/** Whether a folder is another, or within it. */
export function contains(folder: FolderEntry, sought: FolderEntry): boolean {
  const pending: Entry[] = [folder];
  for (let entry = pending.pop(); entry; entry = pending.pop()) {
    if (entry === sought) return true;
    if (entry.kind !== 'folder') continue;
    for (const nested of entry.entries.values()) pending.push(nested);
  }
  return false;
}

/** Does something that takes space. */
export function spend(action: () => void): void {
  try {
    action();
  } catch (cause) {
    if (cause instanceof OutOfSpaceError) refuse('insufficient-space');
    throw cause;
  }
}

/** What an entry counts for, besides the bytes of a file: a guest must not make any number of them. */
function sizeOf(name: string, entry: Entry): number {
  return 1024 + name.length + (entry.kind === 'link' ? entry.target.length : 0);
}

function toNames(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
