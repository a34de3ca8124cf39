import { defineConfig, type UserConfig } from 'vite';

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
  build: { outDir: '../build/demo', emptyOutDir: true, target: 'es2023' },
};

/** The library for a script tag: one module with its workers and WebAssembly files beside it, nothing left to resolve. */
const standalone: UserConfig = {
  base: './',
  publicDir: false,
  build: {
    outDir: 'dist/standalone',
    emptyOutDir: true,
    target: 'es2023',
    rolldownOptions: {
      input: { 'wasi-nn-web': 'src/index.ts' },
      preserveEntrySignatures: 'strict',
      output: { entryFileNames: '[name].js' },
    },
  },
};

export default defineConfig(({ mode }) => ({
  ...(mode === 'standalone' ? standalone : demo),
  server: { headers: isolationHeaders },
  preview: { headers: isolationHeaders },
  worker: { format: 'es' },
}));
