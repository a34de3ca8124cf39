import wasiNN from 'wasi-nn-web/vite';

export default { plugins: [wasiNN()], build: { rollupOptions: { input: 'plugin.html' } } };
