import { execFile } from 'node:child_process';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
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

/** The paths of the files that npm would publish. */
async function publishedFiles(): Promise<string[]> {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    maxBuffer: 1 << 24,
    shell: process.platform === 'win32',
  });
  const [packed]: { files: { path: string }[] }[] = JSON.parse(stdout);
  if (!packed) throw new Error(`npm pack listed no package: ${stdout}`);
  return packed.files.map((file) => file.path);
}
