import type { Plugin } from 'vite';

const stub = '\0wasi-nn-web:no-transpiler';

/** The module that imports jco (`src/transpiler/transpile.ts`). */
const importing = /[\\/]transpiler[\\/]transpile\.js(\?|$)/;

/** What a guest worker without a transpiler answers a component with that comes as bytes or from a URL. */
const source = `export const $init = undefined;
export function generate() {
  throw new Error(
    "instantiate: there is no transpiler here: import the component ('./guest.component.wasm'), or set wasiNN({ transpiler: true })",
  );
}
`;

/** Keeps jco's transpiler out of the guest worker, whose guests have been transpiled. */
export function leaveOutTranspiler(): Plugin {
  return {
    name: 'wasi-nn-web:leave-out-transpiler',
    enforce: 'pre',
    // A build makes workers with plugins of their own, the dev server with those of the page.
    config: () => ({ worker: { plugins: () => [leaveOutTranspiler()] } }),
    resolveId: {
      filter: { id: /^\.\/jco\.js$/ },
      handler: (_, importer) => (importer !== undefined && importing.test(importer) ? stub : undefined),
    },
    load: {
      filter: { id: /^\0wasi-nn-web:no-transpiler$/ },
      handler: () => source,
    },
  };
}
