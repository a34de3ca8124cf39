// Bundles the check of jco's glue with the parser and the scope analysis that it uses. One package among these is CommonJS,
// and a bundler's dev server serves a worker's imports as they are: browsers cannot load them.
import { build } from 'vite';

await build({
  configFile: false,
  logLevel: 'warn',
  // Else the demo's public folder comes along.
  publicDir: false,
  build: {
    lib: { entry: 'dist/transpiler/check-glue.js', formats: ['es'], fileName: () => 'check-glue.js' },
    outDir: 'dist/transpiler',
    emptyOutDir: false,
    minify: false,
    target: 'es2022',
  },
});
