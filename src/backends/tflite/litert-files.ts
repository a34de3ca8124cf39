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
 * The files of each build, where a bundler has put them. The paths must be literals for that. `@litertjs/core` may be missing:
 *
 * - Vite leaves the expressions as they are then. It reads only modules whose text has `new URL('file', import.meta.url)`
 *   somewhere without a comment in it, as this line does.
 * - webpack makes an error of a missing file. So it leaves these expressions alone, and the files come from `assets`.
 * - Turbopack makes an error of a missing file too, but not within `try`.
 *
 * @throws WasiNNError `unsupported-operation` where the bundler has found no `@litertjs/core`
 */
export function litertFiles(): Readonly<Record<Variant, LiteRtFiles>> {
  try {
    return {
      compat: {
        loader: new URL(
          /* webpackIgnore: true */ '@litertjs/core/wasm/litert_wasm_compat_internal.js',
          import.meta.url,
        ),
        wasm: new URL(
          /* webpackIgnore: true */ '@litertjs/core/wasm/litert_wasm_compat_internal.wasm',
          import.meta.url,
        ),
      },
      relaxed: {
        loader: new URL(/* webpackIgnore: true */ '@litertjs/core/wasm/litert_wasm_internal.js', import.meta.url),
        wasm: new URL(/* webpackIgnore: true */ '@litertjs/core/wasm/litert_wasm_internal.wasm', import.meta.url),
      },
      threaded: {
        loader: new URL(
          /* webpackIgnore: true */ '@litertjs/core/wasm/litert_wasm_threaded_internal.js',
          import.meta.url,
        ),
        wasm: new URL(
          /* webpackIgnore: true */ '@litertjs/core/wasm/litert_wasm_threaded_internal.wasm',
          import.meta.url,
        ),
      },
      jspi: {
        loader: new URL(/* webpackIgnore: true */ '@litertjs/core/wasm/litert_wasm_jspi_internal.js', import.meta.url),
        wasm: new URL(/* webpackIgnore: true */ '@litertjs/core/wasm/litert_wasm_jspi_internal.wasm', import.meta.url),
      },
    };
  } catch (cause) {
    throw new WasiNNError('unsupported-operation', `load: the bundler has found no LiteRT.js; ${installation}`, {
      cause,
    });
  }
}
