import { Directory, Fd, Inode, OpenDirectory, wasi } from '@bjorn3/browser_wasi_shim';
import { type FileSpace, MemoryFile, OutOfSpaceError } from './memory-file.js';
import type { Folder } from './program.js';
import type { Content } from './written-files.js';

/** The files of a core module: browser_wasi_shim's folders, with files and folders that count what they take. */

/** The whole tree of a guest's files. */
export function createRoot(folder: Folder, space: FileSpace): Directory {
  return new MemoryFolder(folder, space);
}

/** What an entry of the tree is, for `collectWritten`. */
export function contentOf(entry: Inode): Content<Inode> {
  if (entry instanceof FileInode) return entry.file;
  return entry instanceof Directory ? entry.contents : undefined;
}

/** The bytes of a file, by its path; nothing where there is none. */
export function readFile(root: Directory, path: string): Uint8Array<ArrayBuffer> | undefined {
  const entry = toNames(path)?.reduce<Inode | undefined>(enter, root);
  return entry instanceof FileInode ? entry.file.read(0, entry.file.byteLength) : undefined;
}

/** What a descriptor of a folder that the guest finds open says of itself. */
export class PreopenedFolder extends OpenDirectory {
  readonly #name: string;

  constructor(name: string, directory: Directory) {
    super(directory);
    this.#name = name;
  }

  override fd_prestat_get() {
    return { ret: wasi.ERRNO_SUCCESS, prestat: wasi.Prestat.dir(this.#name) };
  }
}

class MemoryFolder extends Directory {
  readonly #space: FileSpace;

  constructor(folder: Folder, space: FileSpace) {
    super(toEntries(folder, space));
    this.#space = space;
  }

  /** The library's own would make a file without a limit. */
  override create_entry_for_path(path: string, isFolder: boolean) {
    const names = toNames(path);
    const name = names?.pop();
    const parent = names?.reduce<Inode | undefined>(enter, this);
    if (name === undefined || !(parent instanceof MemoryFolder)) return { ret: wasi.ERRNO_NOENT, entry: null };
    if (parent.contents.has(name)) return { ret: wasi.ERRNO_EXIST, entry: null };
    const entry = isFolder ? new MemoryFolder(new Map(), this.#space) : new FileInode(undefined, this.#space);
    parent.contents.set(name, entry);
    return { ret: wasi.ERRNO_SUCCESS, entry };
  }
}

function toEntries(folder: Folder, space: FileSpace): Map<string, Inode> {
  const entries = new CountedEntries(space);
  for (const [name, entry] of folder) {
    entries.set(name, entry instanceof Map ? new MemoryFolder(entry, space) : new FileInode(entry, space));
  }
  return entries;
}

function enter(parent: Inode | undefined, name: string): Inode | undefined {
  return parent instanceof Directory ? parent.contents.get(name) : undefined;
}

/** The names in a path. @returns undefined for one that leads out of the folder */
function toNames(path: string): string[] | undefined {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..' && names.pop() === undefined) return undefined;
    if (name !== '' && name !== '.' && name !== '..') names.push(name);
  }
  return names;
}

/** The entries of a folder. They hold their files, and each of them takes some space. */
class CountedEntries extends Map<string, Inode> {
  readonly #space: FileSpace;

  constructor(space: FileSpace) {
    super();
    this.#space = space;
  }

  /** @throws OutOfSpaceError */
  override set(name: string, entry: Inode): this {
    if (!this.has(name)) this.#space.takeEntry(name);
    const replaced = this.get(name);
    if (entry instanceof FileInode) entry.file.hold();
    if (replaced instanceof FileInode) replaced.file.release();
    return super.set(name, entry);
  }

  override delete(name: string): boolean {
    const entry = this.get(name);
    if (entry) this.#space.giveEntry(name);
    if (entry instanceof FileInode) entry.file.release();
    return super.delete(name);
  }
}

export class FileInode extends Inode {
  readonly file: MemoryFile;

  /** @param bytes what the page gave. Default: the guest makes the file */
  constructor(bytes: Uint8Array<ArrayBuffer> | undefined, space: FileSpace) {
    super();
    this.file = new MemoryFile(space, bytes);
  }

  override path_open(flags: number, _rights: bigint, fdFlags: number) {
    if ((flags & wasi.OFLAGS_TRUNC) !== 0) this.file.resize(0);
    return { ret: wasi.ERRNO_SUCCESS, fd_obj: new OpenMemoryFile(this, (fdFlags & wasi.FDFLAGS_APPEND) !== 0) };
  }

  override stat(): wasi.Filestat {
    return new wasi.Filestat(this.ino, wasi.FILETYPE_REGULAR_FILE, BigInt(this.file.byteLength));
  }
}

/** A file that the guest has opened. Offsets and lengths are unsigned and untrusted. */
class OpenMemoryFile extends Fd {
  readonly #inode: FileInode;
  readonly #appends: boolean;
  #position = 0n;

  constructor(inode: FileInode, appends: boolean) {
    super();
    this.#inode = inode;
    this.#appends = appends;
    inode.file.hold();
  }

  get #file(): MemoryFile {
    return this.#inode.file;
  }

  override fd_close(): number {
    this.#file.release();
    return wasi.ERRNO_SUCCESS;
  }

  override fd_fdstat_get() {
    const flags = this.#appends ? wasi.FDFLAGS_APPEND : 0;
    return { ret: wasi.ERRNO_SUCCESS, fdstat: new wasi.Fdstat(wasi.FILETYPE_REGULAR_FILE, flags) };
  }

  override fd_filestat_get() {
    return { ret: wasi.ERRNO_SUCCESS, filestat: this.#inode.stat() };
  }

  override fd_allocate(offset: bigint, length: bigint): number {
    const end = Number(BigInt.asUintN(64, offset)) + Number(BigInt.asUintN(64, length));
    return this.#attempt(() => this.#file.resize(Math.max(end, this.#file.byteLength)));
  }

  override fd_filestat_set_size(size: bigint): number {
    return this.#attempt(() => this.#file.resize(Number(BigInt.asUintN(64, size))));
  }

  override fd_read(length: number) {
    const { ret, data } = this.fd_pread(length, this.#position);
    this.#position += BigInt(data.byteLength);
    return { ret, data };
  }

  override fd_pread(length: number, offset: bigint) {
    return { ret: wasi.ERRNO_SUCCESS, data: this.#file.read(Number(BigInt.asUintN(64, offset)), length) };
  }

  override fd_write(bytes: Uint8Array) {
    const position = this.#appends ? BigInt(this.#file.byteLength) : this.#position;
    const written = this.fd_pwrite(bytes, position);
    this.#position = position + BigInt(written.nwritten);
    return written;
  }

  override fd_pwrite(bytes: Uint8Array, offset: bigint) {
    const ret = this.#attempt(() => this.#file.write(Number(BigInt.asUintN(64, offset)), bytes));
    return { ret, nwritten: ret === wasi.ERRNO_SUCCESS ? bytes.byteLength : 0 };
  }

  override fd_seek(offset: bigint, whence: number) {
    const starts = [0n, this.#position, BigInt(this.#file.byteLength)];
    const start = starts[whence];
    if (start === undefined || start + offset < 0n) return { ret: wasi.ERRNO_INVAL, offset: 0n };
    this.#position = start + offset;
    return { ret: wasi.ERRNO_SUCCESS, offset: this.#position };
  }

  override fd_tell() {
    return { ret: wasi.ERRNO_SUCCESS, offset: this.#position };
  }

  #attempt(action: () => void): number {
    try {
      action();
      return wasi.ERRNO_SUCCESS;
    } catch (cause) {
      if (cause instanceof OutOfSpaceError) return wasi.ERRNO_NOSPC;
      throw cause;
    }
  }
}

/** What the page gave the guest to read. The guest cannot write to it. */
export class StandardInput extends OpenMemoryFile {
  constructor(inode: FileInode) {
    super(inode, false);
  }

  override fd_allocate(): number {
    return wasi.ERRNO_BADF;
  }

  override fd_filestat_set_size(): number {
    return wasi.ERRNO_BADF;
  }

  override fd_write() {
    return { ret: wasi.ERRNO_BADF, nwritten: 0 };
  }

  override fd_pwrite() {
    return { ret: wasi.ERRNO_BADF, nwritten: 0 };
  }
}
