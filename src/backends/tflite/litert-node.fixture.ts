import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Variant } from './litert-files.js';
import type { FilesByVariant } from './runtimes.js';

/**
 * LiteRT.js for tests in Node, which runs its `compat` build. Its loader takes Node's CommonJS for granted, of which the
 * modules that tests are know nothing.
 */
const require = createRequire(import.meta.url);
const folder = new URL('./wasm/', `file://${require.resolve('@litertjs/core/package.json')}`);

Object.assign(globalThis, { require, __filename: fileURLToPath(import.meta.url), __dirname: fileURLToPath(folder) });

const fileNames: Readonly<Record<Variant, string>> = {
  compat: 'litert_wasm_compat_internal',
  relaxed: 'litert_wasm_internal',
  threaded: 'litert_wasm_threaded_internal',
  jspi: 'litert_wasm_jspi_internal',
};

const filesOf = (name: string) => ({
  loader: new URL(`${name}.js`, folder),
  wasm: new URL(`${name}.wasm`, folder),
});

export const nodeFiles: FilesByVariant = {
  compat: filesOf(fileNames.compat),
  relaxed: filesOf(fileNames.relaxed),
  threaded: filesOf(fileNames.threaded),
  jspi: filesOf(fileNames.jspi),
};
