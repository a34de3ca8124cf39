import { describe, expect, it } from 'vitest';
import { emptyEnvironment } from '../rpc/program-environment.js';
import { maxFileBytes } from './memory-file.js';
import { createFilesystem } from './preview2-filesystem.js';

const encode = (text: string) => new TextEncoder().encode(text);
const none = {};
const create = { create: true };

/** The root of a component's files. */
function open(files: Record<string, string> = {}) {
  const entries = Object.entries(files).map(([name, text]) => [name, encode(text)] as const);
  const { preopens, types, readFile } = createFilesystem({ ...emptyEnvironment, files: new Map(entries) });
  const [first, second] = preopens.getDirectories();
  if (!first || !second) throw new Error('nothing is open');
  return { root: first[0], other: second[0], types, readFile };
}

/** Drops a resource, as jco does. */
function drop(resource: object): void {
  Reflect.apply(Reflect.get(resource, Symbol.dispose ?? Symbol.for('dispose')), resource, []);
}

/** What an action throws: the code of an error. */
function codeOf(action: () => unknown): unknown {
  try {
    action();
    return 'none';
  } catch (cause) {
    return cause;
  }
}

type Root = ReturnType<typeof open>['root'];

const textOf = (root: Root, path: string) => new TextDecoder().decode(root.openAt(none, path, none).read(100n, 0n)[0]);

function list(folder: Root): unknown[] {
  const stream = folder.readDirectory();
  const entries: unknown[] = [];
  for (let entry = stream.readDirectoryEntry(); entry; entry = stream.readDirectoryEntry()) entries.push(entry);
  return entries;
}

describe('the files of a component', () => {
  it('are one tree under two names', () => {
    const { root, other } = open({ 'folder/file': 'text' });
    expect(textOf(root, 'folder/file')).toBe('text');
    expect(textOf(other, './folder//file')).toBe('text');
    expect(root.isSameObject(other)).toBe(true);
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('have any names: %s', (name) => {
    const { root } = open();
    expect(codeOf(() => root.openAt(none, name, none))).toBe('no-entry');
    root.createDirectoryAt(name);
    const nested = root.openAt(none, name, none);
    nested.openAt(none, name, create).write(encode('text'), 0n);
    expect(list(nested)).toEqual([{ name, type: 'regular-file' }]);
    expect(textOf(root, `${name}/${name}`)).toBe('text');
    expect(codeOf(() => root.createDirectoryAt(name))).toBe('exist');
    expect(codeOf(() => root.removeDirectoryAt(name))).toBe('not-empty');
    nested.unlinkFileAt(name);
    root.removeDirectoryAt(name);
    expect(list(root)).toEqual([]);
  });

  it.each(['..', 'a/../..', '../../a', 'a/../../a'])('are not left by %s', (path) => {
    const { root } = open({ 'a/b': '' });
    expect(codeOf(() => root.openAt(none, path, create))).toBe('not-permitted');
  });

  it('are read by their paths', () => {
    const { root, readFile } = open({ 'folder/file': 'text' });
    const read = (path: string) => new TextDecoder().decode(readFile(path));
    root.symlinkAt('folder', 'link');
    for (const path of ['folder/file', '/folder/file', './link/file']) expect(read(path)).toBe('text');
    for (const path of ['', 'folder', 'file', '../folder/file', 'constructor', 'x'.repeat(5000)]) {
      expect(readFile(path)).toBeUndefined();
    }
  });

  it('are not left by links, which may not go on for ever', () => {
    const { root } = open({ 'a/b': 'text' });
    const follow = { symlinkFollow: true };
    expect(codeOf(() => root.symlinkAt('/etc', 'link'))).toBe('not-permitted');
    root.symlinkAt('a/b', 'link');
    expect(new TextDecoder().decode(root.openAt(follow, 'link', none).read(9n, 0n)[0])).toBe('text');
    expect(codeOf(() => root.openAt(none, 'link', none))).toBe('loop');
    root.symlinkAt('../a/b', 'out');
    expect(codeOf(() => root.openAt(follow, 'out', none))).toBe('not-permitted');
    root.symlinkAt('round', 'round');
    expect(codeOf(() => root.openAt(follow, 'round', none))).toBe('loop');
    expect(codeOf(() => root.openAt(follow, 'round/x', create))).toBe('loop');
  });

  it('refuse paths of absurd lengths', () => {
    const { root } = open();
    expect(codeOf(() => root.openAt(none, 'a/'.repeat(3000), none))).toBe('name-too-long');
    expect(codeOf(() => root.symlinkAt('a'.repeat(5000), 'link'))).toBe('name-too-long');
  });

  it('grow as far as there is space', () => {
    const { root, types } = open();
    const file = root.openAt(none, 'file', create);
    for (const size of [1n << 40n, (1n << 64n) - 1n]) {
      expect(codeOf(() => file.setSize(size))).toBe('insufficient-space');
      expect(codeOf(() => file.write(encode('x'), size))).toBe('insufficient-space');
    }
    const stream = file.writeViaStream(1n << 40n);
    stream.checkWrite();
    const failure = codeOf(() => stream.write(encode('x')));
    expect(failure).toMatchObject({ tag: 'last-operation-failed' });
    expect(types.filesystemErrorCode(Reflect.get(Object(failure), 'val'))).toBe('insufficient-space');
    expect(file.stat().size).toBe(0n);
  });

  it('give their space back when they are gone and closed', () => {
    const { root } = open();
    const size = BigInt(maxFileBytes / 2 + 1);
    for (let round = 0; round < 3; round++) {
      const file = root.openAt(none, 'file', create);
      file.setSize(size);
      root.unlinkFileAt('file');
      const other = root.openAt(none, 'other', create);
      expect(codeOf(() => other.setSize(size))).toBe('insufficient-space');
      drop(file);
      drop(file);
      drop(other);
    }
  });

  it('are as many as there is space for', () => {
    const { root } = open();
    let code: unknown = 'none';
    let count = 0;
    for (; code === 'none' && count < 400_000; count++) {
      code = codeOf(() => drop(root.openAt(none, `file ${count}`, create)));
    }
    expect(code).toBe('insufficient-space');
    expect(count).toBeLessThan(maxFileBytes / 1024);
  });

  it('are open 1024 times at most', () => {
    const { root } = open({ file: 'text' });
    const codes = Array.from({ length: 1100 }, () => codeOf(() => root.openAt(none, 'file', none)));
    expect(codes.filter((code) => code === 'none').length).toBeLessThanOrEqual(1024);
    expect(codes.at(-1)).toBe('insufficient-memory');
    expect(codeOf(() => root.readDirectory())).toBe('insufficient-memory');
  });

  it('are moved, and replace others of their kind', () => {
    const { root } = open({ a: 'first', b: 'second', 'folder/c': 'third' });
    root.renameAt('a', root, 'b');
    expect(textOf(root, 'b')).toBe('first');
    expect(codeOf(() => root.renameAt('folder', root, 'folder/inner'))).toBe('invalid');
    expect(codeOf(() => root.renameAt('b', root, 'folder'))).toBe('is-directory');
    expect(codeOf(() => root.renameAt('folder', root, 'b'))).toBe('not-directory');
    const folder = root.openAt(none, 'folder', none);
    root.renameAt('b', folder, 'd');
    expect(list(folder)).toEqual([
      { name: 'c', type: 'regular-file' },
      { name: 'd', type: 'regular-file' },
    ]);
  });

  it('have several names by links', () => {
    const { root } = open({ a: 'text' });
    root.linkAt(none, 'a', root, 'b');
    expect(root.statAt(none, 'b').linkCount).toBe(2n);
    root.unlinkFileAt('a');
    expect(textOf(root, 'b')).toBe('text');
    root.createDirectoryAt('folder');
    expect(codeOf(() => root.linkAt(none, 'folder', root, 'c'))).toBe('not-permitted');
  });

  it('are read and written by streams', () => {
    const { root } = open({ a: 'abcdef' });
    const file = root.openAt(none, 'a', none);
    const input = file.readViaStream(2n);
    expect(new TextDecoder().decode(input.blockingRead(3n))).toBe('cde');
    expect(new TextDecoder().decode(input.blockingRead(30n))).toBe('f');
    expect(codeOf(() => input.blockingRead(1n))).toEqual({ tag: 'closed' });
    const output = file.appendViaStream();
    output.blockingWriteAndFlush(encode('gh'));
    output.blockingWriteAndFlush(encode('i'));
    expect(textOf(root, 'a')).toBe('abcdefghi');
  });
});
