import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { FilesByVariant } from './runtimes.js';

/**
 * LiteRT.js for tests in Node, which runs its `compat` build. Its loader takes Node's CommonJS for granted, of which the
 * modules that tests are know nothing.
 */
const require = createRequire(import.meta.url);
const folder = new URL('./wasm/', `file://${require.resolve('@litertjs/core/package.json')}`);

Object.assign(globalThis, { require, __filename: fileURLToPath(import.meta.url), __dirname: fileURLToPath(folder) });

/** Node fetches no files. */
const filesOf = (name: string) => ({
  loader: new URL(`${name}.js`, folder),
  wasm: new URL(`data:application/wasm;base64,${readFileSync(new URL(`${name}.wasm`, folder), 'base64')}`),
});

const compat = filesOf('litert_wasm_compat_internal');
const relaxed = filesOf('litert_wasm_internal');

/** Without isolated pages and devices, the others are not asked for. */
export const nodeFiles: FilesByVariant = { compat, relaxed, threaded: relaxed, jspi: relaxed };
