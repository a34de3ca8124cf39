import { WasiNNError } from '../../standard/error.js';
import { installation } from './litert-module.js';

/**
 * The builds of LiteRT.js: `compat` needs WebAssembly SIMD, the others relaxed SIMD too; `threaded` needs a cross-origin
 * isolated page; `jspi` a browser that can suspend WebAssembly. It is the only one that drives WebNN.
 */
export type Variant = 'compat' | 'relaxed' | 'threaded' | 'jspi';

export interface LiteRtFiles {
  readonly loader: URL;
  readonly wasm: URL;
}

/**
 * The files of each build, where a bundler has put them. Bundlers look for exactly these expressions, with the paths as literals.
 * Where `@litertjs/core` is not installed, Vite leaves them as they are. To webpack and Turbopack, what is missing within `try` is
 * no error.
 *
 * @throws WasiNNError `unsupported-operation` where the bundler has found no `@litertjs/core`
 */
export function litertFiles(): Readonly<Record<Variant, LiteRtFiles>> {
  try {
    return {
      compat: {
        loader: new URL('@litertjs/core/wasm/litert_wasm_compat_internal.js', import.meta.url),
        wasm: new URL('@litertjs/core/wasm/litert_wasm_compat_internal.wasm', import.meta.url),
      },
      relaxed: {
        loader: new URL('@litertjs/core/wasm/litert_wasm_internal.js', import.meta.url),
        wasm: new URL('@litertjs/core/wasm/litert_wasm_internal.wasm', import.meta.url),
      },
      threaded: {
        loader: new URL('@litertjs/core/wasm/litert_wasm_threaded_internal.js', import.meta.url),
        wasm: new URL('@litertjs/core/wasm/litert_wasm_threaded_internal.wasm', import.meta.url),
      },
      jspi: {
        loader: new URL('@litertjs/core/wasm/litert_wasm_jspi_internal.js', import.meta.url),
        wasm: new URL('@litertjs/core/wasm/litert_wasm_jspi_internal.wasm', import.meta.url),
      },
    };
  } catch (cause) {
    throw new WasiNNError('unsupported-operation', `load: the bundler has found no LiteRT.js; ${installation}`, {
      cause,
    });
  }
}
