export default { vite: { worker: { format: 'es' } } };
