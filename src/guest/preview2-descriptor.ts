import type { MemoryFile } from './memory-file.js';
import { hashOf, statOf, typeOf } from './preview2-status.js';
import {
  createFileInput,
  createFileOutput,
  type InputStream,
  maxReadBytes,
  type OutputStream,
} from './preview2-streams.js';
import { contains, type Entry, type FolderEntry, type Place, refuse, spend, type Tree } from './preview2-tree.js';

/** The resources `descriptor` and `directory-entry-stream` of `wasi:filesystem`. */

/** The most descriptors, streams and listings that are open at a time. */
const maxOpen = 1024;

const dispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('dispose');

interface OpenFlags {
  readonly create?: boolean;
  readonly directory?: boolean;
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
}

interface PathFlags {
  readonly symlinkFollow?: boolean;
}

/** What the descriptors of one component share. */
export class Filesystem {
  readonly tree: Tree;
  #open = 0;

  constructor(tree: Tree) {
    this.tree = tree;
  }

  /** @returns what closes it again */
  open(file?: MemoryFile): () => void {
    if (this.#open >= maxOpen) refuse('insufficient-memory');
    this.#open++;
    file?.hold();
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.#open--;
      file?.release();
    };
  }
}

export class DirectoryEntryStream {
  readonly #entries: Iterator<readonly [string, Entry]>;
  readonly [dispose]: () => void;

  constructor(filesystem: Filesystem, { entries }: FolderEntry) {
    this[dispose] = filesystem.open();
    this.#entries = [...entries].sort(([first], [second]) => (first > second ? 1 : -1)).values();
  }

  readDirectoryEntry() {
    const { value, done } = this.#entries.next();
    if (done) return undefined;
    const [name, entry] = value;
    return { name, type: typeOf(entry) };
  }
}

export class Descriptor {
  readonly #filesystem: Filesystem;
  readonly #entry: Entry;
  readonly [dispose]: () => void;

  constructor(filesystem: Filesystem, entry: Entry) {
    this.#filesystem = filesystem;
    this.#entry = entry;
    this[dispose] = filesystem.open(entry.kind === 'file' ? entry.file : undefined);
  }

  get #tree(): Tree {
    return this.#filesystem.tree;
  }

  readViaStream(offset: bigint): InputStream {
    const file = this.#file();
    return createFileInput({ file, offset, close: this.#filesystem.open(file) });
  }

  writeViaStream(offset: bigint): OutputStream {
    const file = this.#file();
    return createFileOutput({ file, offset, close: this.#filesystem.open(file) }, () => {
      this.#entry.version++;
    });
  }

  appendViaStream(): OutputStream {
    return this.writeViaStream(BigInt(this.#file().byteLength));
  }

  /** All is in memory already. */
  advise(): void {}

  sync(): void {}

  syncData(): void {}

  getFlags() {
    return { read: true, write: true, mutateDirectory: true };
  }

  getType() {
    return typeOf(this.#entry);
  }

  setSize(size: bigint): void {
    const file = this.#file();
    spend(() => file.resize(Number(size)));
    this.#entry.version++;
  }

  setTimes(): void {
    this.#entry.version++;
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    const file = this.#file();
    const bytes = file.read(Number(offset), Math.min(Number(length), maxReadBytes));
    return [bytes, Number(offset) + bytes.byteLength >= file.byteLength];
  }

  write(bytes: Uint8Array, offset: bigint): bigint {
    const file = this.#file();
    spend(() => file.write(Number(offset), bytes));
    this.#entry.version++;
    return BigInt(bytes.byteLength);
  }

  readDirectory() {
    return new DirectoryEntryStream(this.#filesystem, this.#folder());
  }

  createDirectoryAt(path: string): void {
    this.#create(path, () => this.#tree.createFolder());
  }

  stat() {
    return statOf(this.#entry);
  }

  statAt({ symlinkFollow = false }: PathFlags, path: string) {
    return statOf(this.#tree.find(this.#folder(), path, symlinkFollow));
  }

  setTimesAt({ symlinkFollow = false }: PathFlags, path: string): void {
    this.#tree.find(this.#folder(), path, symlinkFollow).version++;
  }

  linkAt({ symlinkFollow = false }: PathFlags, path: string, target: Descriptor, newPath: string): void {
    const entry = this.#tree.find(this.#folder(), path, symlinkFollow);
    if (entry.kind === 'folder') refuse('not-permitted');
    target.#create(newPath, () => entry);
  }

  openAt({ symlinkFollow = false }: PathFlags, path: string, flags: OpenFlags): Descriptor {
    const isNew = flags.create === true && flags.exclusive === true;
    const place = this.#tree.resolve(this.#folder(), path, symlinkFollow && !isNew);
    if (place.entry && isNew) refuse('exist');
    const entry = place.entry ?? this.#createAt(place, flags);
    if (entry.kind === 'link') refuse('loop');
    if (flags.directory && entry.kind !== 'folder') refuse('not-directory');
    if (flags.truncate && entry.kind === 'folder') refuse('is-directory');
    if (flags.truncate && entry.kind === 'file') entry.file.resize(0);
    return new Descriptor(this.#filesystem, entry);
  }

  readlinkAt(path: string): string {
    const entry = this.#tree.find(this.#folder(), path, false);
    return entry.kind === 'link' ? entry.target : refuse('invalid');
  }

  removeDirectoryAt(path: string): void {
    const { parent, name, entry } = this.#tree.resolve(this.#folder(), path, false);
    if (!entry) refuse('no-entry');
    if (entry.kind !== 'folder') refuse('not-directory');
    if (name === '') refuse('invalid');
    if (entry.entries.size > 0) refuse('not-empty');
    this.#tree.delete(parent, name);
  }

  renameAt(path: string, target: Descriptor, newPath: string): void {
    const from = this.#tree.resolve(this.#folder(), path, false);
    const to = target.#tree.resolve(target.#folder(), newPath, false);
    const { entry } = from;
    if (!entry) refuse('no-entry');
    if (from.name === '' || to.name === '') refuse('invalid');
    if (to.entry === entry) return;
    if (entry.kind === 'folder' && contains(entry, to.parent)) refuse('invalid');
    if (to.entry) checkReplacement(entry, to.entry);
    this.#tree.set(to.parent, to.name, entry);
    this.#tree.delete(from.parent, from.name);
  }

  symlinkAt(linkTarget: string, path: string): void {
    this.#create(path, () => this.#tree.createLink(linkTarget));
  }

  unlinkFileAt(path: string): void {
    const { parent, name, entry } = this.#tree.resolve(this.#folder(), path, false);
    if (!entry) refuse('no-entry');
    if (entry.kind === 'folder') refuse('is-directory');
    this.#tree.delete(parent, name);
  }

  isSameObject(other: Descriptor): boolean {
    return other.#entry === this.#entry;
  }

  metadataHash() {
    return hashOf(this.#entry);
  }

  metadataHashAt({ symlinkFollow = false }: PathFlags, path: string) {
    return hashOf(this.#tree.find(this.#folder(), path, symlinkFollow));
  }

  #file(): MemoryFile {
    return this.#entry.kind === 'file' ? this.#entry.file : refuse('is-directory');
  }

  #folder(): FolderEntry {
    return this.#entry.kind === 'folder' ? this.#entry : refuse('not-directory');
  }

  /** Creates an entry at a path where there is none. */
  #create(path: string, create: () => Entry): void {
    const { parent, name, entry } = this.#tree.resolve(this.#folder(), path, false);
    if (entry) refuse('exist');
    this.#tree.set(parent, name, create());
  }

  #createAt({ parent, name }: Place, { create = false, directory = false }: OpenFlags): Entry {
    if (!create) refuse('no-entry');
    const entry = directory ? this.#tree.createFolder() : this.#tree.createFile();
    this.#tree.set(parent, name, entry);
    return entry;
  }
}

function checkReplacement(entry: Entry, replaced: Entry): void {
  if (entry.kind === 'folder' && replaced.kind !== 'folder') refuse('not-directory');
  if (entry.kind !== 'folder' && replaced.kind === 'folder') refuse('is-directory');
  if (replaced.kind === 'folder' && replaced.entries.size > 0) refuse('not-empty');
}
