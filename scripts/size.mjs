// Checks how much a page downloads, as a server sends it with Brotli, against budgets: `npm run size`, after a build.
import { readdirSync, readFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';

const standalone = 'dist/standalone';
const assets = `${standalone}/assets`;
const names = readdirSync(assets);
/** The workers that a page has as soon as a guest runs on the CPU. */
const workers = ['engine', 'guest', 'hub', 'models', 'transpiler'];

const page = withImports([`${standalone}/wasi-nn-web.js`]);
const guest = withImports([only(/^guests-/), ...workers.map((worker) => only(new RegExp(`^${worker}-worker-`)))]);
const runtime = [only(/^ort\.wasm\.bundle\.min-/), only(/^ort-wasm-simd-threaded\.wasm$/)];
const transpiler = withImports([only(/^check-glue-/), only(/^(js-component-bindgen-component|jco)-.*\.js$/)]);
const transpilerCode = [
  only(/^js-component-bindgen-component\.core-/),
  only(/^js-component-bindgen-component\.core2-/),
];

const prepared = [...page, ...guest, ...runtime];
const budgets = [
  ['before first use', page, 12_000],
  ['a component on cpu, transpiled by the plugin', prepared, 3_200_000],
  ['a component on cpu, transpiled in the page', [...prepared, ...transpiler, ...transpilerCode], 4_200_000],
];

for (const [what, files, budget] of budgets) {
  const size = [...new Set(files)].reduce((total, file) => total + compressedSize(file), 0);
  const verdict = size <= budget ? 'within' : 'OVER';
  console.log(`${size.toLocaleString('en').padStart(9)} bytes, ${verdict} ${budget.toLocaleString('en')}: ${what}`);
  if (size > budget) process.exitCode = 1;
}

/** The one file of a name: a worker that was bundled twice would be two. */
function only(pattern) {
  const found = names.filter((name) => pattern.test(name));
  if (found.length === 1) return `${assets}/${found[0]}`;
  throw new Error(`expected one file like ${pattern} in ${assets}, and not ${found.length}: ${found.join(', ')}`);
}

/** Files with all that they import statically. */
function withImports(files, seen = new Set()) {
  for (const file of files) {
    if (seen.has(file)) continue;
    seen.add(file);
    const imports = readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*["'`]\.\/(?:assets\/)?([\w.-]+\.js)["'`]/g);
    withImports(
      Array.from(imports, ([, name]) => `${assets}/${name}`),
      seen,
    );
  }
  return [...seen];
}

function compressedSize(file) {
  // The best quality takes half a minute for a runtime, and saves 3 %.
  const quality = file.endsWith('.wasm') ? 9 : 11;
  return brotliCompressSync(readFileSync(file), { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }).byteLength;
}
