// Rebuilds the guests: guests/<crate>/ -> guests/<crate>.component.wasm. What this needs: docs/guests.md.
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { componentNew, componentWit } from '@bytecodealliance/jco';

const GUESTS = [
  { crate: 'classify', kind: 'library' },
  { crate: 'probe', kind: 'library' },
];

const KINDS = {
  /** Exports functions of its own world and may import nothing but wasi:nn. */
  library: { target: 'wasm32-unknown-unknown', imports: /^wasi:nn\// },
};

const folder = fileURLToPath(new URL('../guests/', import.meta.url));
const rustFlags = ['-Ctarget-feature=+simd128', ...withoutPathsOfThisMachine()];

for (const { crate, kind } of GUESTS) {
  const component = await build(crate, KINDS[kind]);
  const file = `${crate}.component.wasm`;
  await writeFile(join(folder, file), component);
  console.log(`guests/${file}: ${component.length} bytes`);
}

async function build(crate, { target, imports }) {
  execFileSync(
    'cargo',
    ['build', '--release', '--locked', '--package', crate, '--target', target, '--target-dir', 'target'],
    { cwd: folder, stdio: 'inherit', env: { ...process.env, CARGO_ENCODED_RUSTFLAGS: rustFlags.join('\x1f') } },
  );
  // wit-bindgen has left the world in the core module.
  const core = await readFile(join(folder, 'target', target, 'release', `${crate}.wasm`));
  const component = await componentNew(core, []);
  const imported = [...(await componentWit(component)).matchAll(/^ {2}import ([^;]+);$/gm)].map(([, name]) => name);
  const unwanted = imported.filter((name) => !imports.test(name));
  if (unwanted.length > 0) throw new Error(`${crate} may import ${imports} only; it imports ${unwanted.join(', ')}`);
  return component;
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
