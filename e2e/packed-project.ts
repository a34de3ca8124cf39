import { execFile } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '..');
const run = promisify(execFile);

/**
 * Makes an empty project that has this package installed as it would be published; the package's own dependencies are
 * found further up, in those of this repository.
 */
export async function makeProject(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(folder, 'node_modules'), { recursive: true });
  // Without a package of its own around it, the repository's own name would be found before what is installed.
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', pack, { cwd: root });
  await run('tar', ['-xzf', path.join(folder, stdout.trim())], { cwd: folder });
  await rename(path.join(folder, 'package'), path.join(folder, 'node_modules/wasi-nn-web'));
}
