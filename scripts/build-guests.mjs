// Rebuilds the guests into guests/: all, or those whose file names begin as the argument. What this needs, and what each
// of them is: docs/guests.md.
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { componentNew, componentWit, parse, preview1AdapterCommandPath } from '@bytecodealliance/jco';

const GUESTS = [
  { file: 'classifiers.component.wasm', kind: 'library', crate: 'classifiers' },
  { file: 'classify.component.wasm', kind: 'library', crate: 'classify' },
  { file: 'probe.component.wasm', kind: 'library', crate: 'probe' },
  { file: 'probe-08-19.component.wasm', kind: 'library', crate: 'probe-older' },
  { file: 'probe-06-25.component.wasm', kind: 'library', crate: 'probe-older', features: ['wasi-nn-06-25'] },
  { file: 'prompt.component.wasm', kind: 'library', crate: 'prompt' },
  { file: 'generate.wasm', kind: 'commandModule', crate: 'generate' },
  { file: 'example-wit-10-28.component.wasm', kind: 'command', crate: 'example' },
  { file: 'example-wit-08-19.component.wasm', kind: 'command', crate: 'example' },
  { file: 'example-witx-0-6.wasm', kind: 'commandModule', crate: 'example' },
  { file: 'example-witx-0-4.wasm', kind: 'commandModule', crate: 'example' },
  { file: 'conformance-wit-10-28.component.wasm', kind: 'command', crate: 'conformance' },
  { file: 'conformance-wit-08-19.component.wasm', kind: 'command', crate: 'conformance' },
  { file: 'conformance-wit-06-25.component.wasm', kind: 'command', crate: 'conformance' },
  { file: 'conformance-witx.wasm', kind: 'commandModule', crate: 'conformance' },
  { file: 'conformance-wasmedge.wasm', kind: 'commandModule', crate: 'conformance' },
  { file: 'conformance-wamr.wasm', kind: 'commandModule', crate: 'conformance' },
  ...['cat', 'exit', 'loop', 'trap'].flatMap((name) => [
    { file: `${name}.component.wasm`, kind: 'command', crate: 'commands' },
    { file: `${name}.wasm`, kind: 'commandModule', crate: 'commands' },
  ]),
  { file: 'witx-probe.wasm', kind: 'rawModule', texts: ['witx-probe.wat', 'memory.wat'] },
  { file: 'witx-probe-no-memory.wasm', kind: 'rawModule', texts: ['witx-probe.wat'] },
  { file: 'wamr-probe.wasm', kind: 'rawModule', texts: ['wamr-probe.wat', 'memory.wat'] },
];

const KINDS = {
  /** A component with functions of its own world. It may import nothing but wasi:nn. */
  library: { build: buildLibrary, imports: /^wasi:nn\// },
  /** A component with `wasi:cli/run`. */
  command: { build: buildCommand, imports: /^wasi:(cli|clocks|filesystem|io|nn|random)\// },
  /** A core module with `_start`. */
  commandModule: { build: buildCommandModule, imports: /^(wasi_snapshot_preview1|wasi_ephemeral_nn|wasi_nn)\./ },
  /** A core module with functions of its own, in WebAssembly text. It may import nothing but wasi-nn. */
  rawModule: { build: buildRawModule, imports: /^(wasi_ephemeral_nn|wasi_nn)\./ },
};

const folder = fileURLToPath(new URL('../guests/', import.meta.url));
const withoutPaths = withoutPathsOfThisMachine();

const [prefix = ''] = process.argv.slice(2);
for (const guest of GUESTS.filter(({ file }) => file.startsWith(prefix))) {
  const { build, imports } = KINDS[guest.kind];
  const wasm = await build(guest);
  await checkImports(guest, wasm, imports);
  await writeFile(join(folder, guest.file), wasm);
  console.log(`guests/${guest.file}: ${wasm.length} bytes`);
}

async function buildLibrary({ crate, features }) {
  const core = cargo(crate, { target: 'wasm32-unknown-unknown', flags: ['-Ctarget-feature=+simd128'], features });
  // wit-bindgen has left the world in the core module.
  return componentNew(await core(crate.replaceAll('-', '_')), []);
}

async function buildCommand(guest) {
  const adapter = await readFile(preview1AdapterCommandPath());
  return componentNew(await buildCommandModule(guest), [['wasi_snapshot_preview1', adapter]]);
}

async function buildCommandModule({ crate, file }) {
  const core = cargo(crate, { target: 'wasm32-wasip1' });
  return core(file.split('.')[0]);
}

/** Fields of a module make a module, wherever they come from. */
async function buildRawModule({ texts }) {
  const fields = await Promise.all(texts.map((text) => readFile(join(folder, 'raw', text), 'utf8')));
  return parse(fields.join('\n'));
}

/** Builds a crate. @returns reads one of the modules that it consists of */
function cargo(crate, { target, flags = [], features = [] }) {
  execFileSync(
    'cargo',
    ['build', '--release', '--locked', '--target-dir=target', '--target', target, '--package', crate].concat(
      features.map((feature) => `--features=${feature}`),
    ),
    {
      cwd: folder,
      stdio: 'inherit',
      env: { ...process.env, CARGO_ENCODED_RUSTFLAGS: [...flags, ...withoutPaths].join('\x1f') },
    },
  );
  return (name) => readFile(join(folder, 'target', target, 'release', `${name}.wasm`));
}

async function checkImports({ file }, wasm, allowed) {
  const imports = file.endsWith('.component.wasm')
    ? [...(await componentWit(wasm)).matchAll(/^ {2}import ([^;]+);$/gm)].map(([, name]) => name)
    : WebAssembly.Module.imports(new WebAssembly.Module(wasm)).map(({ module, name }) => `${module}.${name}`);
  const unwanted = imports.filter((name) => !allowed.test(name));
  if (unwanted.length > 0) throw new Error(`${file} may import ${allowed} only; it imports ${unwanted.join(', ')}`);
}

/** The text of a panic names its source file: without the folders above it, every machine builds the same bytes. */
function withoutPathsOfThisMachine() {
  const metadata = execFileSync('cargo', ['metadata', '--format-version=1', '--locked'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const fetched = JSON.parse(metadata).packages.filter(({ source }) => source !== null);
  const folders = fetched.map(({ manifest_path: manifest }) => dirname(manifest));
  return folders.map((path) => `--remap-path-prefix=${path}=${basename(path)}`);
}
