import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '..');
const run = promisify(execFile);

/**
 * Makes an empty project that has this package installed as npm would publish it. The package's own dependencies are found
 * further up, in those of this repository.
 */
export async function makeProject(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const installed = path.join(folder, 'node_modules/wasi-nn-web');
  await mkdir(installed, { recursive: true });
  // Without a package of its own around it, Node finds the repository by its own name before what is installed.
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  for (const file of await publishedFiles()) {
    const target = path.join(installed, file);
    await mkdir(path.dirname(target), { recursive: true });
    await copyFile(path.join(root, file), target);
  }
}

/**
 * The paths of the files that npm would publish. npm is asked in a copy of this project whose files are empty: it compresses
 * them all to answer, which takes long for those of runtimes.
 */
async function publishedFiles(): Promise<string[]> {
  const copy = await mkdtemp(path.join(os.tmpdir(), 'wasi-nn-web-'));
  try {
    for (const entry of await readdir(root)) if (!unpublished.has(entry)) await copyNames(entry, copy);
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: copy,
      maxBuffer: 1 << 24,
      shell: process.platform === 'win32',
    });
    const [packed]: { files: { path: string }[] }[] = JSON.parse(stdout);
    if (!packed) throw new Error(`npm pack listed no package: ${stdout}`);
    return packed.files.map((file) => file.path);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** Folders that are large, or have projects of other tests in them. */
const unpublished: ReadonlySet<string> = new Set(['.git', 'build', 'e2e', 'node_modules']);
/** Files that tell npm what to publish. */
const rules: ReadonlySet<string> = new Set(['package.json', '.gitignore', '.npmignore']);

/** Copies what stands at a path of this project: folders with all in them, files without their bytes. */
async function copyNames(relativePath: string, copy: string): Promise<void> {
  const [from, to] = [path.join(root, relativePath), path.join(copy, relativePath)];
  if ((await stat(from)).isDirectory()) {
    await mkdir(to);
    for (const entry of await readdir(from)) await copyNames(path.join(relativePath, entry), copy);
    return;
  }
  if (rules.has(path.basename(from))) await copyFile(from, to);
  else await writeFile(to, '');
}
