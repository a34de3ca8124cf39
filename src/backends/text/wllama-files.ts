/** Where wllama is: its script and its WebAssembly module, and those of the build for browsers without JSPI or Memory64. */
export interface WllamaFiles {
  readonly script: URL;
  readonly wasm: URL;
  readonly compat: { readonly worker: URL; readonly wasm: URL };
}

/**
 * The files of the packages. Bundlers look for exactly these expressions, which must have the paths as literals. Vite leaves
 * them as they are where a package is not installed.
 */
export const wllamaFiles: WllamaFiles = {
  script: new URL('@wllama/wllama/esm/index.min.js', import.meta.url),
  wasm: new URL('@wllama/wllama/esm/wasm/wllama.wasm', import.meta.url),
  compat: {
    worker: new URL('@wllama/wllama-compat/wasm/wllama.js', import.meta.url),
    wasm: new URL('@wllama/wllama-compat/wasm/wllama.wasm', import.meta.url),
  },
};
