import { wasi } from '@bjorn3/browser_wasi_shim';
import { describe, expect, it } from 'vitest';
import { emptyEnvironment, type OutputStream } from '../rpc/program-environment.js';
import { maxFileBytes } from './memory-file.js';
import { createPreview1 } from './wasi-preview1.js';

const iovec = 0;
const out = 64;
const path = 256;
const data = 4096;

/** A guest's functions of preview 1, with a memory of 4 MiB. */
function open(files: Record<string, string> = {}) {
  const output: [OutputStream, number][] = [];
  const entries = Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)] as const);
  const preview1 = createPreview1(
    { ...emptyEnvironment, args: ['guest', 'drei ☃'], files: new Map(entries) },
    (stream, bytes) => output.push([stream, bytes.byteLength]),
  );
  const memory = new WebAssembly.Memory({ initial: 64 });
  preview1.attach(memory);
  const view = new DataView(memory.buffer);
  const call = (name: string, ...values: readonly (number | bigint)[]) => preview1.functions.get(name)?.(...values);
  const buffers = (...list: readonly (readonly [number, number])[]) => {
    for (const [index, [address, length]] of list.entries()) {
      view.setUint32(iovec + index * 8, address, true);
      view.setUint32(iovec + index * 8 + 4, length, true);
    }
  };
  /** Opens a path from the folder 3. @returns the errno, and the descriptor */
  const openPath = (name: string, flags = wasi.OFLAGS_CREAT) => {
    const bytes = new TextEncoder().encode(name);
    new Uint8Array(memory.buffer).set(bytes, path);
    const errno = call('path_open', 3, 0, path, bytes.byteLength, flags, 0n, 0n, 0, out);
    return { errno, fd: view.getUint32(out, true) };
  };
  return { preview1, memory, view, call, buffers, openPath, output };
}

describe('preview 1', () => {
  it('has the functions of WASI and no others', () => {
    const { preview1 } = open();
    expect(preview1.functions.size).toBe(46);
    for (const name of ['constructor', '__proto__', 'toString', 'fetch'])
      expect(preview1.functions.has(name)).toBe(false);
  });

  it('gives the sizes of arguments in bytes', () => {
    const { call, view } = open();
    expect(call('args_sizes_get', 0, 4)).toBe(0);
    expect([view.getUint32(0, true), view.getUint32(4, true)]).toEqual([2, 6 + 9]);
  });

  it('writes at most 1 MiB at a time, from as many buffers as one call takes', () => {
    const { call, buffers, view, output } = open();
    buffers(...Array.from({ length: 8 }, () => [data, 3 << 20] as const));
    expect(call('fd_write', 1, iovec, 8, out)).toBe(0);
    expect(view.getUint32(out, true)).toBe(1 << 20);
    expect(output).toEqual([['stdout', 1 << 20]]);
    expect(call('fd_write', 1, iovec, 1025, out)).toBe(wasi.ERRNO_INVAL);
  });

  it('lets a guest fill its space and no more', () => {
    const { call, buffers, openPath } = open();
    const { fd } = openPath('large');
    buffers([data, 1 << 20]);
    let errno = 0;
    let calls = 0;
    for (; errno === 0 && calls < 1000; calls++) errno = call('fd_write', fd, iovec, 1, out) ?? -1;
    expect(errno).toBe(wasi.ERRNO_NOSPC);
    expect(calls).toBeGreaterThan(maxFileBytes / (1 << 20) / 2);
    expect(calls).toBeLessThanOrEqual(maxFileBytes / (1 << 20) + 1);
  });

  it('gives space back when a file is gone and closed', () => {
    const { call, openPath } = open();
    const bytes = BigInt(maxFileBytes / 2 + 1);
    for (let round = 0; round < 3; round++) {
      const { fd } = openPath('large');
      expect(call('fd_allocate', fd, 0n, bytes)).toBe(0);
      expect(call('path_unlink_file', 3, path, 5)).toBe(0);
      // It is still open: its bytes are there, and count.
      const other = openPath('other');
      expect(call('fd_allocate', other.fd, 0n, bytes)).toBe(wasi.ERRNO_NOSPC);
      expect(call('fd_close', fd)).toBe(0);
      expect(call('fd_close', other.fd)).toBe(0);
    }
  });

  it('keeps a file that is renamed', () => {
    const { call, openPath, memory, view } = open({ 'a.txt': 'text' });
    const text = new TextEncoder().encode('a.txtb.txt');
    new Uint8Array(memory.buffer).set(text, path);
    expect(call('path_rename', 3, path, 5, 3, path + 5, 5)).toBe(0);
    expect(openPath('a.txt', 0).errno).toBe(wasi.ERRNO_NOENT);
    const { fd } = openPath('b.txt', 0);
    view.setUint32(iovec, data, true);
    view.setUint32(iovec + 4, 100, true);
    expect(call('fd_read', fd, iovec, 1, out)).toBe(0);
    expect(view.getUint32(out, true)).toBe(4);
  });

  it.each(['constructor', '__proto__', 'toString', 'a/../constructor'])('has files of any name: %s', (name) => {
    const { openPath } = open();
    expect(openPath(name, 0).errno).toBe(wasi.ERRNO_NOENT);
    expect(openPath(name).errno).toBe(0);
    expect(openPath(name, wasi.OFLAGS_CREAT | wasi.OFLAGS_EXCL).errno).toBe(wasi.ERRNO_EXIST);
  });

  it.each(['../x', 'a/../../x', '/x'])('does not leave the tree by %s', (name) => {
    expect(open().openPath(name).errno).toBe(wasi.ERRNO_NOTCAPABLE);
  });

  it('uses the numbers of descriptors again', () => {
    const { call, openPath } = open();
    const { fd } = openPath('a');
    for (let round = 0; round < 5000; round++) {
      expect(call('fd_close', fd)).toBe(0);
      expect(openPath('a').fd).toBe(fd);
    }
  });

  it('has no more than 1024 descriptors', () => {
    const { openPath } = open();
    const errnos = Array.from({ length: 1025 }, () => openPath('a').errno);
    expect(errnos.filter((errno) => errno === 0)).toHaveLength(1024 - 5);
    expect(errnos.at(-1)).toBe(wasi.ERRNO_MFILE);
  });

  it('bounds how many files there are', () => {
    const { call, openPath } = open();
    let errno = 0;
    let count = 0;
    for (; errno === 0 && count < 400_000; count++) {
      const opened = openPath(`file ${count}`);
      errno = opened.errno ?? -1;
      if (errno === 0) call('fd_close', opened.fd);
    }
    expect(errno).toBe(wasi.ERRNO_NOSPC);
    expect(count).toBeLessThan(maxFileBytes / 1024);
  });

  it('fills memory with random bytes, and nothing beyond it', () => {
    const { call, memory } = open();
    const size = memory.buffer.byteLength;
    expect(call('random_get', 0, size)).toBe(0);
    const last = new Uint8Array(memory.buffer, size - 64);
    expect(last.some((byte) => byte !== 0)).toBe(true);
    expect(call('random_get', size - 4, 8)).toBe(wasi.ERRNO_FAULT);
    expect(call('random_get', 0, -1)).toBe(wasi.ERRNO_FAULT);
  });

  it('reads files by their paths, as the guest has left them', () => {
    const { preview1, call, buffers, view, openPath } = open({ 'folder/file': 'text', '/other': 'more' });
    const read = (name: string) => {
      const bytes = preview1.readFile(name);
      return bytes && new TextDecoder().decode(bytes);
    };
    for (const name of ['folder/file', '/folder/file', './folder/../folder//file']) expect(read(name)).toBe('text');
    expect(read('other')).toBe('more');
    for (const name of ['', '/', 'folder', 'file', 'folder/file/x', '../other', 'constructor']) {
      expect(read(name)).toBeUndefined();
    }
    view.setUint8(data, 0x41);
    buffers([data, 1]);
    expect(call('fd_write', openPath('folder/file').fd, iovec, 1, out)).toBe(0);
    expect(read('folder/file')).toBe('Aext');
  });

  it('does not let a guest write to its input', () => {
    const { call, buffers } = open();
    buffers([data, 10]);
    for (const name of ['fd_write']) expect(call(name, 0, iovec, 1, out)).toBe(wasi.ERRNO_BADF);
    expect(call('fd_pwrite', 0, iovec, 1, 0n, out)).toBe(wasi.ERRNO_BADF);
    expect(call('fd_allocate', 0, 0n, 10n)).toBe(wasi.ERRNO_BADF);
    expect(call('fd_filestat_set_size', 0, 10n)).toBe(wasi.ERRNO_BADF);
  });

  it('ends the guest that raises a signal or exits', () => {
    const { preview1, call } = open();
    expect(() => call('proc_raise', 6)).toThrow(/signal 6/);
    let thrown: unknown;
    try {
      call('proc_exit', 7);
    } catch (cause) {
      thrown = cause;
    }
    expect(preview1.exitCode(thrown)).toBe(7);
  });
});
