import { WasiNNError } from '../../standard/error.js';

/** The releases whose answers this backend parses. */
export const wllamaVersion = '~3.8.1';

/** What to do where wllama is missing. */
export const installation = `install it (npm install @wllama/wllama@${wllamaVersion} @wllama/wllama-compat@${wllamaVersion}) and build the page again`;

/** Where wllama is: its script and its WebAssembly module, and those of the build for browsers without JSPI or Memory64. */
export interface WllamaFiles {
  readonly script: URL;
  readonly wasm: URL;
  readonly compat: { readonly worker: URL; readonly wasm: URL };
}

/**
 * The files of the packages, where a bundler has put them. The paths must be literals for that. The packages may be missing:
 *
 * - Vite leaves the expressions as they are then. It reads only modules whose text has `new URL('file', import.meta.url)`
 *   somewhere without a comment in it, as this line does.
 * - webpack makes an error of a missing file. So it leaves these expressions alone, and the files come from `assets`.
 * - Turbopack makes an error of a missing file too, but not within `try`.
 *
 * @throws WasiNNError `unsupported-operation` where the bundler has found no wllama
 */
export function wllamaFiles(): WllamaFiles {
  try {
    return {
      script: new URL(/* webpackIgnore: true */ '@wllama/wllama/esm/index.min.js', import.meta.url),
      wasm: new URL(/* webpackIgnore: true */ '@wllama/wllama/esm/wasm/wllama.wasm', import.meta.url),
      compat: {
        worker: new URL(/* webpackIgnore: true */ '@wllama/wllama-compat/wasm/wllama.js', import.meta.url),
        wasm: new URL(/* webpackIgnore: true */ '@wllama/wllama-compat/wasm/wllama.wasm', import.meta.url),
      },
    };
  } catch (cause) {
    const text = `load: the bundler has found no wllama, which runs GGUF models; ${installation}`;
    throw new WasiNNError('unsupported-operation', text, { cause });
  }
}
