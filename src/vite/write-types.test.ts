import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { writeTypes } from './write-types.js';

const component = path.resolve(import.meta.dirname, '../../guests/classify.component.wasm');

it('writes the types of the components in a folder, but not those of installed packages', async () => {
  const folder = await temporaryFolder();
  for (const inner of ['src/guests', 'node_modules/other', '.cache']) {
    await mkdir(path.join(folder, inner), { recursive: true });
    await copyFile(component, path.join(folder, inner, 'classify.component.wasm'));
  }
  const written = await writeTypes(folder);
  expect(written).toEqual([path.join(folder, 'src/guests/classify.component.wasm')]);
  const types = await readFile(path.join(folder, 'src/guests/classify.component.d.wasm.ts'), 'utf8');
  expect(types).toContain('classify');
  await expect(readFile(path.join(folder, '.cache/classify.component.d.wasm.ts'))).rejects.toThrow('ENOENT');
});

it('names the file that is no component', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'broken.component.wasm');
  await writeFile(file, 'text');
  await expect(writeTypes(folder)).rejects.toThrow(file);
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'wasi-nn-web-types-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}
