import { readFile } from 'node:fs/promises';
import { componentNew, parse, preview1AdapterCommandPath } from '@bytecodealliance/jco';
import type { Site } from '../site.js';

/** What guests that are written as WebAssembly text import, with the names that their code calls the functions by. */
const imports = {
  $fd_write: '(import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))',
  $load_by_name: '(import "wasi_ephemeral_nn" "load_by_name" (func $load_by_name (param i32 i32 i32) (result i32)))',
  $compute: '(import "wasi_ephemeral_nn" "compute" (func $compute (param i32) (result i32)))',
} as const;

/**
 * Makes a core module of its fields. It imports the functions that it calls, and has two pages of memory.
 *
 * @param otherImports fields that import more
 */
export function moduleOf(fields: string, otherImports = ''): Promise<Uint8Array> {
  const used = Object.entries(imports).filter(([name]) => fields.includes(`call ${name}`));
  const declared = used.map(([, declaration]) => declaration).join('\n');
  return parse(`(module ${declared} ${otherImports} (memory (export "memory") 2) ${fields})`);
}

/** Makes a component of such a module that is a program and calls nothing but WASI. */
export async function componentOf(fields: string): Promise<Uint8Array> {
  const adapter = await readFile(preview1AdapterCommandPath());
  return componentNew(await moduleOf(fields), [['wasi_snapshot_preview1', adapter]]);
}

/** Serves a guest on a site. */
export function serveGuest(site: Site, pathname: string, wasm: Uint8Array): void {
  site.answer(pathname, (_, response) => response.end(wasm));
}
