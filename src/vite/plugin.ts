import { readFile } from 'node:fs/promises';
import type { Plugin, Rolldown } from 'vite';
import { messageOf } from '../standard/error.js';
import { generateDeclarations, writeDeclaration } from './declaration.js';
import { componentModule, coreModule, type Publish } from './guest-module.js';
import { leaveOutTranspiler } from './leave-out-transpiler.js';
import { createPartsServer, type PartsServer } from './parts-server.js';
import { isCoreModule, transpileGuest } from './transpile-guest.js';

export interface WasiNNPluginOptions {
  /**
   * Whether the dev and preview servers send the headers that make pages cross-origin isolated, which WebAssembly
   * threads and blocking guests need. Headers of the same names in the configuration win. Default: yes.
   */
  readonly isolate?: boolean;
  /**
   * Whether jco's transpiler (3.5 MB) stays within reach of guest workers, for components that the page starts from a
   * URL or from bytes in place of importing them. Default: no; starting such a component is an error that says so.
   */
  readonly transpiler?: boolean;
}

const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** What is imported as a guest: `*.component.wasm`, and any `.wasm` with the query `?guest`. */
const guestFile = /\.component\.wasm$|\.wasm\?guest$/;

/**
 * Lets a page import guests, which are transpiled in the build in place of in the browser:
 *
 * ```ts
 * import guest from './classify.component.wasm';
 * const { exports } = await guest.instantiate(nn);
 * ```
 *
 * `*.component.wasm` is a guest by its name; any other `.wasm`, component or core module, by the query `?guest`.
 *
 * The types of a component's exports are written beside it, as `classify.component.d.wasm.ts`, whenever the dev server
 * or a build meets it. TypeScript finds them where its configuration says `"allowArbitraryExtensions": true`. Commit
 * them, so that `tsc` can check a fresh checkout before the first build. For `?guest`, add `"wasi-nn-web/vite/client"`
 * to the configuration's `types`.
 */
export function wasiNN({ isolate = true, transpiler = false }: WasiNNPluginOptions = {}): Plugin[] {
  return [importGuests(isolate), ...(transpiler ? [] : [leaveOutTranspiler()])];
}

function importGuests(isolate: boolean): Plugin {
  let minifies = false;
  let devServer: PartsServer | undefined;

  return {
    name: 'wasi-nn-web',
    // Before Vite's own handling of .wasm, which wants core modules.
    enforce: 'pre',

    config({ server, preview }) {
      return {
        ...(losesWorkers(this.meta.viteVersion) && { optimizeDeps: { exclude: ['wasi-nn-web'] } }),
        // The guest worker loads parts of itself when they are needed, which only ES modules can.
        worker: { format: 'es' },
        ...(isolate
          ? {
              server: { headers: { ...isolationHeaders, ...server?.headers } },
              preview: { headers: { ...isolationHeaders, ...preview?.headers } },
            }
          : {}),
      };
    },

    configResolved({ command, build, base }) {
      minifies = command === 'build' && build.minify !== false;
      devServer = command === 'serve' ? createPartsServer(base) : undefined;
    },

    configureServer({ middlewares }) {
      if (devServer) middlewares.use(devServer.middleware);
    },

    load: {
      filter: { id: guestFile },
      async handler(id) {
        const file = id.replace(/\?.*$/, '');
        this.addWatchFile(file);
        const bytes = new Uint8Array(await readFile(file));
        const publish = () => devServer?.publisher(file) ?? emitter(this);
        if (isCoreModule(bytes)) return { code: coreModule(file, bytes, publish()), moduleType: 'js' };
        const parts = await transpileGuest(bytes, minifies);
        if (mayDeclare(id)) {
          await writeDeclaration(file, await generateDeclarations(bytes)).catch((cause) => {
            this.warn(`the types of ${file} could not be written beside it: ${messageOf(cause)}`);
          });
        }
        return { code: componentModule(file, parts, publish()), moduleType: 'js' };
      },
    },
  };
}

/** Whether the dev server of this Vite bundles a package without the workers that the package starts. */
function losesWorkers(viteVersion: string): boolean {
  return viteVersion.startsWith('7.');
}

/** The types of guests that others have packed are theirs to write. */
function mayDeclare(id: string): boolean {
  return /\.component\.wasm$/.test(id) && !id.includes('/node_modules/');
}

/** Makes files of the build. */
function emitter(context: Rolldown.PluginContext): Publish {
  return (name, source) => `import.meta.ROLLUP_FILE_URL_${context.emitFile({ type: 'asset', name, source })}`;
}
