export default { vite: { worker: { format: 'es' }, optimizeDeps: { exclude: ['wasi-nn-web'] } } };
