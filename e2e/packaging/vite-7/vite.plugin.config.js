import wasiNN from 'wasi-nn-web/vite';

export default {
  plugins: [wasiNN()],
  build: { target: 'es2022', rollupOptions: { input: 'plugin.html' } },
};
