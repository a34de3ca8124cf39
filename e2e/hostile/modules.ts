import { quoteName } from './assemble.js';

/** A core module that imports a function by any names and exports it as `run`. */
export function importingModule(from: string, name: string): string {
  return `(module
  (import ${quoteName(from)} ${quoteName(name)} (func $imported))
  (memory (export "memory") 1)
  (func (export "run") (call $imported)))`;
}

/** A core module whose functions have any names. The first answers 0, the second 1, and so on. */
export function exportingModule(names: readonly string[]): string {
  const functions = names.map((name, index) => `(func (export ${quoteName(name)}) (result i32) (i32.const ${index}))`);
  return `(module ${functions.join('\n')})`;
}

const i32 = 'i32';
const i64 = 'i64';

/** Functions of preview 1 with the types of their parameters. */
const preview1 = {
  fd_allocate: [i32, i64, i64],
  fd_filestat_get: [i32, i32],
  fd_filestat_set_size: [i32, i64],
  fd_pwrite: [i32, i32, i32, i64, i32],
  fd_read: [i32, i32, i32, i32],
  fd_readdir: [i32, i32, i32, i64, i32],
  fd_seek: [i32, i64, i32, i32],
  fd_write: [i32, i32, i32, i32],
  path_create_directory: [i32, i32, i32],
  path_filestat_get: [i32, i32, i32, i32, i32],
  path_open: [i32, i32, i32, i32, i32, i64, i64, i32, i32],
  path_rename: [i32, i32, i32, i32, i32, i32],
  path_symlink: [i32, i32, i32, i32, i32],
  path_unlink_file: [i32, i32, i32],
  proc_raise: [i32],
  random_get: [i32, i32],
  sock_accept: [i32, i32, i32],
  sock_send: [i32, i32, i32, i32, i32],
} as const;

/** A core module that exports functions of preview 1 as they are, so that a page can call them with any arguments. */
export function preview1Module(): string {
  const imports = Object.entries(preview1).map(
    ([name, parameters]) =>
      `(import "wasi_snapshot_preview1" "${name}" (func $${name} (param ${parameters.join(' ')}) (result i32)))`,
  );
  const exports = Object.keys(preview1).map((name) => `(export "${name}" (func $${name}))`);
  return `(module ${imports.join('\n')} (memory (export "memory") 1) ${exports.join('\n')})`;
}
