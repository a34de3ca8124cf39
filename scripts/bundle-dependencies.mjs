// Bundles what browsers cannot load, or other bundlers cannot bundle, as it is installed.
import { build } from 'vite';

const common = { configFile: false, logLevel: 'warn', publicDir: false };
const output = { outDir: 'dist/transpiler', emptyOutDir: false, minify: false, target: 'es2022' };

/** The check of jco's glue with its parser and scope analysis: one package among these is CommonJS. */
await build({
  ...common,
  build: {
    ...output,
    lib: { entry: 'dist/transpiler/check-glue.js', formats: ['es'], fileName: () => 'check-glue.js' },
  },
});

/** WASI preview 2 with jco's files for browsers (`src/guest/preview2-shim.ts`). */
await build({
  ...common,
  build: {
    ...output,
    outDir: 'dist/guest',
    lib: { entry: 'dist/guest/preview2-shim.js', formats: ['es'], fileName: () => 'preview2-shim.js' },
  },
});

/** jco's transpiler without what it imports of Node (`src/transpiler/jco.ts`). Its WebAssembly files come along. */
await build({
  ...common,
  base: './',
  plugins: [
    {
      name: 'without-node',
      enforce: 'pre',
      transform: { filter: { id: /js-component-bindgen-component\.js$/ }, handler: withoutNode },
      generateBundle: (_, files) => {
        for (const file of Object.values(files)) if (file.type === 'chunk') file.code = plainUrls(file.code);
      },
    },
  ],
  build: {
    ...output,
    reportCompressedSize: false,
    rolldownOptions: {
      input: { jco: 'dist/transpiler/jco.js' },
      preserveEntrySignatures: 'strict',
      output: { entryFileNames: '[name].js', assetFileNames: '[name][extname]' },
    },
  },
});

/** @param {string} code */
function withoutNode(code) {
  const forNode = [
    /if \(isNode\) \{\s*_fs = [^}]*\}/,
    /typeof Buffer !== 'undefined'\s*\? Buffer\.from\(str, 'base64'\)\s*:/,
  ];
  for (const branch of forNode) {
    if (!branch.test(code)) throw new Error(`jco-transpile has no branch for Node like ${branch}`);
    code = code.replace(branch, '');
  }
  return code.replace('"use components";', '');
}

/**
 * Vite nests the URLs of files. Turbopack finds `new URL('file', import.meta.url)` alone.
 *
 * @param {string} code
 */
function plainUrls(code) {
  const nested = /new URL\((new URL\("[^"]+\.wasm", import\.meta\.url\))\.href, "" \+ import\.meta\.url\)/g;
  if (code.match(nested)?.length !== 2) throw new Error('Vite writes the URLs of WebAssembly files in another form');
  return code.replace(nested, '$1');
}
