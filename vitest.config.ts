import path from 'node:path';
import { defineConfig } from 'vitest/config';

const shim = path.resolve(import.meta.dirname, 'node_modules/@bytecodealliance/preview2-shim/dist/browser');

/** These replace modules by others, which all tests of one process would get. */
const mocking = [
  'src/backends/onnx/onnx-move.test.ts',
  'src/transpiler/check-glue.test.ts',
  'src/vite/broken-transpiler.test.ts',
];

export default defineConfig({
  // What runs in a guest's worker is tested with what it is built with for browsers.
  resolve: {
    alias: [{ find: /^@bytecodealliance\/preview2-shim\/(cli|clocks|io|random)$/, replacement: `${shim}/$1.js` }],
  },
  test: {
    // Only what hangs is to fail by the clock, not what shares its machine with others.
    testTimeout: 60_000,
    // Most WebAssembly runs a few times here. V8 is to compile a function again, and better, only when it has run much longer
    // than by default.
    execArgv: ['--wasm-tiering-budget=100000000'],
    // By default Vitest leaves one core unused, which is half of two.
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: {
          name: 'shared processes',
          include: ['{src,demo,e2e,bench,conformance}/**/*.test.ts'],
          exclude: mocking,
          // A process for each file takes a quarter of the time of all tests to start.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'own processes', include: mocking } },
    ],
  },
});
