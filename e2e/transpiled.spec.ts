import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { transpile } from '@bytecodealliance/jco';
import sirv from 'sirv';
import { build } from 'vite';
import { makeProject } from './packed-project.js';
import { expect, test } from './test.js';

const root = path.resolve(import.meta.dirname, '..');
const project = path.join(root, 'e2e/.output/transpiled');
const version = '@0.2.0-rc-2024-10-28';

/** A page that runs the guest on its own thread, with the first graph's failure on the way. */
const main = `
import { configure } from 'wasi-nn-web/wasi-nn';
import { load, loadByName, compute } from './guest/probe.js';

const nn = configure({ models: { digits: '/models/digits.onnx' } });
const faults = [];
nn.addEventListener('fault', ({ detail }) => faults.push([detail.functionName, detail.error.code, detail.omitted].join(':')));
const failure = await loadByName('nobody').catch(({ payload }) => payload.code);
const graph = await loadByName('digits');
const image = { name: 'image', dimensions: [1, 1, 28, 28], ty: 'FP32', data: new Uint8Array(28 * 28 * 4) };
const [scores] = await compute(graph, [image], true);
const { contexts } = await nn.stats();
document.title = [failure, scores.name, scores.ty, ...scores.dimensions, scores.data.byteLength, contexts, ...faults].join(' ');
nn.dispose();
`;

test('a component that jco transpiled finds wasi-nn in wasi-nn-web/wasi-nn', async ({ page, site }) => {
  await makeProject(project);
  const component = await readFile(path.join(root, 'guests/probe.component.wasm'));
  const { files } = await transpile(component, {
    name: 'probe',
    nodejsCompat: false,
    map: { 'wasi:nn/*': 'wasi-nn-web/wasi-nn#*' },
    asyncMode: 'jspi',
    asyncImports: [
      `wasi:nn/graph${version}#load`,
      `wasi:nn/graph${version}#load-by-name`,
      `wasi:nn/inference${version}#[method]graph-execution-context.compute`,
    ],
    asyncExports: ['load', 'load-by-name', 'compute'],
  });
  for (const [name, bytes] of Object.entries(files)) {
    const file = path.join(project, 'guest', name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  await writeFile(path.join(project, 'main.js'), main);
  await writeFile(path.join(project, 'index.html'), '<script type="module" src="./main.js"></script>');
  await build({
    root: project,
    configFile: false,
    logLevel: 'error',
    worker: { format: 'es' },
    build: { target: 'es2023' },
  });

  const serve = sirv(path.join(project, 'dist'), { dev: true });
  site.fallBack((request, response) => serve(request, response));
  await page.goto(`${site.origin}/index.html`);
  await expect(page).toHaveTitle('not-found scores FP32 1 10 40 1 load-by-name:not-found:0');
});
