import { version } from 'vite';

/** Vite makes workers classic scripts (`iife`) by default. For that, Vite 7 needs these settings, and Vite 8 none. */
const forVite7 = {
  worker: { rollupOptions: { output: { inlineDynamicImports: true } } },
  optimizeDeps: { exclude: ['wasi-nn-web'] },
};

export default version.startsWith('7.') ? forVite7 : {};
