// Makes the conformance suite for other engines, as the folder build/conformance-suite: see docs/conformance.md.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = `${root}build/conformance-suite`;
const { module } = await runnerImport(`${root}conformance/pack.ts`, { configFile: false, root, logLevel: 'error' });
const { cases, files } = await module.pack(folder);
console.log(`build/conformance-suite: ${cases.length} cases, ${files.length} files`);
