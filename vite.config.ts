import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createLogger, defineConfig, type Logger, type Plugin, type UserConfig } from 'vite';
import { layoutPlugin, pageFiles } from './demo/layout/html-plugin.js';
import { offlinePlugin } from './demo/offline/build-plugin.js';
import { thirdPartyLicences } from './scripts/third-party.js';
import { version } from './src/standard/version.js';

/** A page that these headers come with is cross-origin isolated, which WebAssembly threads need. */
export const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The demo: a site of its own, which also serves as the dev server's root. */
const demo: UserConfig = {
  root: 'demo',
  base: './',
  publicDir: '../public',
  build: {
    outDir: '../build/demo',
    emptyOutDir: true,
    target: 'es2023',
    reportCompressedSize: false,
    rolldownOptions: { input: pageFiles },
  },
  plugins: [layoutPlugin(), offlinePlugin()],
};

const onnxruntime = new URL('node_modules/onnxruntime-web/dist/', import.meta.url);

/**
 * Puts onnxruntime's own loader scripts beside its WebAssembly files. It asks for them, by these names, where its code
 * comes from another origin than the page's.
 */
const onnxruntimeLoaders: Plugin = {
  name: 'onnxruntime-loaders',
  generateBundle() {
    for (const build of ['', '.jspi', '.asyncify']) {
      const name = `ort-wasm-simd-threaded${build}.mjs`;
      this.emitFile({ type: 'asset', fileName: `assets/${name}`, source: readFileSync(new URL(name, onnxruntime)) });
    }
  },
};

/**
 * Has the library find its workers by URLs that no bundler recognizes: the folder is whole, and is served as it is. A bundler
 * that bundles `wasi-nn-web/standalone` takes the page's part of it alone.
 */
const unrecognizedWorkers: Plugin = {
  name: 'unrecognized-workers',
  generateBundle(_, files) {
    const entry = files['wasi-nn-web.js'];
    if (entry?.type !== 'chunk') throw new Error('the build has no wasi-nn-web.js');
    const urls = /new URL\((["'`]assets\/\w+-worker-[^"'`]+["'`]),/g;
    if (entry.code.match(urls)?.length !== 3) throw new Error('wasi-nn-web.js starts its workers in another form');
    entry.code = entry.code.replace(urls, 'new URL(String($1),');
  },
};

/** The files of the README's examples, by their names in the package. */
const exampleFiles = {
  'index.html': 'examples/index.html',
  'program.html': 'examples/program.html',
  'seven.js': 'examples/seven.js',
  'classify.component.wasm': 'guests/classify.component.wasm',
  'program.wasm': 'guests/example-witx-0-6.wasm',
  'digits.onnx': 'public/models/digits.onnx',
};

/** Puts the README's examples beside the library. */
const examples: Plugin = {
  name: 'examples',
  generateBundle() {
    for (const [name, file] of Object.entries(exampleFiles)) {
      const source = readFileSync(path.join(import.meta.dirname, file));
      this.emitFile({ type: 'asset', fileName: `examples/${name}`, source });
    }
  },
};

const licences = thirdPartyLicences();

/** The library for a script tag: one module with its workers and WebAssembly files beside it, nothing left to resolve. */
const standalone: UserConfig = {
  base: './',
  publicDir: false,
  build: {
    outDir: 'dist/standalone',
    emptyOutDir: true,
    target: 'es2023',
    // Its code needs a document, which a worker that imports the library lacks.
    modulePreload: false,
    // To compress the files of the runtimes takes longer than the rest of the build.
    reportCompressedSize: false,
    rolldownOptions: {
      input: { 'wasi-nn-web': 'src/index.ts' },
      preserveEntrySignatures: 'strict',
      output: { entryFileNames: '[name].js' },
    },
  },
  plugins: [onnxruntimeLoaders, unrecognizedWorkers, examples, licences.page],
  worker: { plugins: () => [licences.worker] },
};

/**
 * Puts what a test may switch off in the place of the checks of components, which are always made otherwise. So a test
 * can try what holds where a check fails. Nothing of this is in the package.
 */
const switchableChecks: Plugin = {
  name: 'switchable-checks',
  enforce: 'pre',
  load: {
    filter: { id: /\/src\/transpiler\/checks\.ts$/ },
    handler: () => "export * from './checks.fixture.js';",
  },
};

/** The library as a script tag loads it, with checks of components that a test may switch off. */
const unchecked: UserConfig = {
  ...standalone,
  build: { ...standalone.build, outDir: 'build/unchecked' },
  worker: { plugins: () => [switchableChecks] },
};

const configurations: Readonly<Record<string, UserConfig>> = { standalone, unchecked };

/** What several chunks of a worker import is in these: one file for each purpose, not one for each way of sharing. */
const workerChunks = [
  // Only the engine for language models loads it.
  { name: 'text', test: /backends.text.(?!text\.)/ },
  // A chunk that imports a worker's own script has WebKit run that script once more.
  { name: 'shared', test: /src.(standard|backends|importers.versions)\b/ },
  { name: 'onnx-operations', test: /importers.onnx.(average-pool|operations|webnn-refusals)\./ },
  { name: 'onnx-graph', test: /importers.(onnx.|fetch-code\.|limits\.|operator-groups\.|unsupported\.)/ },
  {
    name: 'tensorflow-common',
    test: /tensorflow.(layout|operators.(binary|call|common|convolution|matrix|normalization|pooling|reduction|tensor|unary))\./,
  },
  {
    name: 'pytorch-conversion',
    test: /pytorch.(conversion|operator|operator-calls|python-operators|stored-tensor|tensor|tensor-graph|values|operators.index)\./,
  },
  {
    name: 'pytorch-common',
    test: /pytorch.operators.(activations|batch-norm|common|convolution|elementwise|linear-maps|matrices|pooling|promotion|shapes)\./,
  },
];

/**
 * Warnings that nobody can act on: the transpiler has a directive that browsers pass over and an import that only Node uses, and
 * plugins take most of a build's time.
 */
const expectedWarnings =
  /module level directive "use components"|"node:fs\/promises" has been externalized|PLUGIN_TIMINGS/;

/** Prints what went wrong, and not the hundred files of a build. */
function createBuildLogger(): Logger {
  const logger = createLogger('warn');
  return {
    ...logger,
    warn: (message, options) => {
      if (!expectedWarnings.test(message)) logger.warn(message, options);
    },
  };
}

export default defineConfig(({ mode, command }) => ({
  ...(configurations[mode] ?? demo),
  ...(command === 'build' && { customLogger: createBuildLogger() }),
  server: { headers: isolationHeaders },
  preview: { headers: isolationHeaders },
  worker: {
    ...configurations[mode]?.worker,
    format: 'es',
    rolldownOptions: {
      output: {
        // A page that is served from elsewhere finds them by these names (`src/page/page-workers.ts`).
        entryFileNames: `assets/[name]-${version}.js`,
        assetFileNames: ({ names }) => `assets/${isOnnxruntime(names) ? '[name]' : '[name]-[hash]'}[extname]`,
        codeSplitting: { includeDependenciesRecursively: false, groups: workerChunks },
      },
    },
  },
}));

/** The loader scripts know these files by their plain names. */
function isOnnxruntime(names: readonly string[]): boolean {
  return names.some((name) => name.startsWith('ort-wasm-'));
}
