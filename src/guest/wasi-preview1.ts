import { ConsoleStdout, type Fd, type Inode, WASI, WASIProcExit, wasi } from '@bjorn3/browser_wasi_shim';
import type { OutputSink, ProgramEnvironment } from '../rpc/program-environment.js';
import { FileSpace, OutOfSpaceError } from './memory-file.js';
import { emptyInput } from './page-input.js';
import { contentOf, createRoot, PreopenedFolder, readFile } from './preview1-files.js';
import { createStandardInput, StreamInput } from './preview1-input.js';
import { createTransfers, type Preview1Function, viewOf } from './preview1-transfers.js';
import { toFolder } from './program.js';
import { collectWritten } from './written-files.js';

/** WASI preview 1 for one core module. */
export interface Preview1 {
  /** The functions of the import module `wasi_snapshot_preview1`, by their names. */
  readonly functions: ReadonlyMap<string, Preview1Function>;
  /** What a guest that is suspended must wait for before it reads from a descriptor, if it must. */
  awaitInput(fd: unknown): Promise<void> | undefined;
  /** Must be called with the instance before it runs. */
  attach(memory: WebAssembly.Memory): void;
  /** The exit code, where what was thrown is the guest's way out; otherwise nothing. */
  exitCode(thrown: unknown): number | undefined;
  /** The bytes of a file, by its path in the guest's tree; nothing where there is none. */
  readFile(path: string): Uint8Array<ArrayBuffer> | undefined;
  /** The files that the guest has made or changed, by their paths. @throws WasiNNError `too-large` */
  writtenFiles(): ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** The most descriptors that are open at a time. */
const maxDescriptors = 1024;

/** No path is longer, in bytes. */
const maxPathBytes = 4096;

/** Random bytes come in pieces of this size. */
const maxRandomBytes = 65536;

/** What the library answers. */
const shimFunctions = [
  ...['args_get', 'clock_res_get', 'clock_time_get', 'environ_get', 'environ_sizes_get', 'fd_advise', 'fd_allocate'],
  ...['fd_close', 'fd_datasync', 'fd_fdstat_get', 'fd_fdstat_set_flags', 'fd_fdstat_set_rights', 'fd_filestat_get'],
  ...['fd_filestat_set_size', 'fd_filestat_set_times', 'fd_prestat_dir_name', 'fd_prestat_get', 'fd_readdir'],
  ...['fd_renumber', 'fd_seek', 'fd_sync', 'fd_tell', 'path_create_directory', 'path_filestat_get'],
  ...['path_filestat_set_times', 'path_link', 'path_readlink', 'path_remove_directory', 'path_rename', 'path_symlink'],
  ...['path_unlink_file', 'poll_oneoff', 'sched_yield'],
];

/** There are no sockets. Programs that never use any import these functions all the same. */
const socketFunctions = ['sock_accept', 'sock_recv', 'sock_send', 'sock_shutdown'];

/** Where among their arguments functions take the lengths of paths; each follows its pointer. */
const pathLengths: Readonly<Record<string, readonly number[]>> = {
  path_create_directory: [2],
  path_filestat_get: [3],
  path_filestat_set_times: [3],
  path_link: [3, 6],
  path_open: [3],
  path_readlink: [2],
  path_remove_directory: [2],
  path_rename: [2, 5],
  path_symlink: [1, 4],
  path_unlink_file: [2],
};

/** @param input the standard input where the environment leaves it to the page */
export function createPreview1(environment: ProgramEnvironment, output: OutputSink, input = emptyInput): Preview1 {
  const space = new FileSpace();
  // One tree under two names: which of them a relative path is looked up in depends on the guest's C library.
  const root = createRoot(toFolder(environment.files), space);
  const shim = new WASI(
    [...environment.args],
    Object.entries(environment.env).map(([name, value]) => `${name}=${value}`),
    [
      createStandardInput(environment.stdin, space, input),
      new ConsoleStdout((bytes) => output('stdout', bytes.slice())),
      new ConsoleStdout((bytes) => output('stderr', bytes.slice())),
      new PreopenedFolder('/', root),
      new PreopenedFolder('.', root),
    ],
    { debug: false },
  );
  const functions = new Map<string, Preview1Function>();
  for (const name of shimFunctions) functions.set(name, (...values) => Number(shim.wasiImport[name]?.(...values) ?? 0));
  for (const [name, call] of Object.entries(createOwnFunctions(shim))) functions.set(name, call);
  for (const [name, call] of functions) functions.set(name, guard(call, checkPaths(shim, pathLengths[name] ?? [])));
  return {
    functions,
    awaitInput(fd) {
      const source = shim.fds[Number(fd) >>> 0];
      return source instanceof StreamInput ? source.ready() : undefined;
    },
    attach(memory) {
      shim.inst = { exports: { memory } };
    },
    exitCode: (thrown) => (thrown instanceof WASIProcExit ? thrown.code : undefined),
    readFile: (path) => readFile(root, path),
    writtenFiles: () => collectWritten<Inode>(root, contentOf),
  };
}

/** What the library answers without a limit, or in a way that a guest could misuse. */
function createOwnFunctions(shim: WASI): Record<string, Preview1Function> {
  const buffer = () => shim.inst.exports.memory.buffer;
  const refuse: Preview1Function = (fd) => (shim.fds[Number(fd)] ? wasi.ERRNO_NOTSOCK : wasi.ERRNO_BADF);
  return {
    ...createTransfers(shim),
    ...Object.fromEntries(socketFunctions.map((name) => [name, refuse])),
    /** The library counts UTF-16 code units, and then writes UTF-8. */
    args_sizes_get(count, byteLength) {
      const lengths = shim.args.map((argument) => new TextEncoder().encode(argument).byteLength + 1);
      const view = new DataView(buffer());
      view.setUint32(Number(count), lengths.length, true);
      view.setUint32(
        Number(byteLength),
        lengths.reduce((sum, length) => sum + length, 0),
        true,
      );
      return wasi.ERRNO_SUCCESS;
    },
    path_open(fd, lookupFlags, path, pathLength, flags, rights, inheritedRights, fdFlags, fdOut) {
      const folder = shim.fds[Number(fd)];
      if (!folder) return wasi.ERRNO_BADF;
      const place = new DataView(buffer(), Number(fdOut), Uint32Array.BYTES_PER_ELEMENT);
      const free = findFree(shim.fds);
      if (free >= maxDescriptors) return wasi.ERRNO_MFILE;
      const name = new TextDecoder().decode(viewOf(buffer(), Number(path), Number(pathLength)).slice());
      const { ret, fd_obj: opened } = folder.path_open(
        Number(lookupFlags),
        name,
        Number(flags),
        BigInt(rights ?? 0),
        BigInt(inheritedRights ?? 0),
        Number(fdFlags),
      );
      if (ret !== wasi.ERRNO_SUCCESS || !opened) return ret;
      shim.fds[free] = opened;
      place.setUint32(0, free, true);
      return wasi.ERRNO_SUCCESS;
    },
    proc_exit(code) {
      throw new WASIProcExit(Number(code));
    },
    proc_raise(signal) {
      throw new Error(`the guest raised signal ${signal}`);
    },
    random_get(address, length) {
      const target = viewOf(buffer(), Number(address), Number(length));
      for (let start = 0; start < target.byteLength; start += maxRandomBytes) {
        // Browsers do not fill shared memory.
        const piece = new Uint8Array(Math.min(maxRandomBytes, target.byteLength - start));
        target.set(crypto.getRandomValues(piece), start);
      }
      return wasi.ERRNO_SUCCESS;
    },
  };
}

/** The lowest number that no descriptor has. */
function findFree(fds: readonly (Fd | undefined)[]): number {
  const free = fds.indexOf(undefined);
  return free === -1 ? fds.length : free;
}

/** Looks at the paths among arguments, before the library does: it would take as much as there is of them. */
function checkPaths(shim: WASI, lengths: readonly number[]): Preview1Function {
  return (...values) => {
    for (const place of lengths) {
      const byteLength = Number(values[place]);
      if (byteLength > maxPathBytes) return wasi.ERRNO_NAMETOOLONG;
      viewOf(shim.inst.exports.memory.buffer, Number(values[place - 1]), byteLength);
    }
    return wasi.ERRNO_SUCCESS;
  };
}

/** Takes numbers as unsigned, as WASI means them, and answers with an errno where the guest's pointers lead nowhere. */
function guard(call: Preview1Function, check: Preview1Function): Preview1Function {
  return (...values) => {
    const unsigned = values.map((value) => (typeof value === 'number' ? value >>> 0 : value));
    try {
      return check(...unsigned) || call(...unsigned);
    } catch (cause) {
      if (cause instanceof OutOfSpaceError) return wasi.ERRNO_NOSPC;
      if (cause instanceof RangeError || cause instanceof TypeError) return wasi.ERRNO_FAULT;
      throw cause;
    }
  };
}
