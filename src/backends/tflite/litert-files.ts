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
 * The files of each build. Bundlers look for exactly these expressions, which must have the paths as literals. Vite leaves
 * them as they are where `@litertjs/core` is not installed.
 */
export const litertFiles: Readonly<Record<Variant, LiteRtFiles>> = {
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
