import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { FilesByVariant } from './runtimes.js';

/** LiteRT.js for tests in Node, which runs its `compat` build, or `relaxed` where Node has relaxed SIMD. */
const require = createRequire(import.meta.url);
const folder = new URL('./wasm/', `file://${require.resolve('@litertjs/core/package.json')}`);

/** What LiteRT.js's loaders take for granted in Node, and modules do not have. */
const commonJS = { require, __filename: fileURLToPath(import.meta.url), __dirname: fileURLToPath(folder) };

/** Tests of one process share its globals. */
export function defineCommonJS(): void {
  Object.assign(globalThis, commonJS);
}

export function removeCommonJS(): void {
  for (const name of Object.keys(commonJS)) Reflect.deleteProperty(globalThis, name);
}

/** Node fetches no files. */
const filesOf = (name: string) => ({
  loader: new URL(`${name}.js`, folder),
  wasm: new URL(`data:application/wasm;base64,${readFileSync(new URL(`${name}.wasm`, folder), 'base64')}`),
});

const compat = filesOf('litert_wasm_compat_internal');
const relaxed = filesOf('litert_wasm_internal');

/** Without isolated pages and devices, the others are not asked for. */
export const nodeFiles: FilesByVariant = { compat, relaxed, threaded: relaxed, jspi: relaxed };
