import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { isCoreModule, transpileGuest } from './transpile-guest.js';

const guests = path.resolve(import.meta.dirname, '../../guests');

it('makes glue for both ways of waiting, and small where it is wanted', async () => {
  const bytes = await read('classify.component.wasm');
  const { glue, coreModules, component } = await transpileGuest(bytes, false);
  expect(component.functions).toEqual(['classify']);
  expect([...coreModules.keys()]).toEqual(['guest.core.wasm', 'guest.core2.wasm', 'guest.core3.wasm']);
  expect(glue.suspend).toContain('new WebAssembly.Suspending');
  expect(glue.suspend).not.toBe(glue.block);

  const small = await transpileGuest(bytes, true);
  expect(small.glue.block.length).toBeLessThan(glue.block.length * 0.6);
  expect(await exportsOf(small.glue.block)).toEqual(await exportsOf(glue.block));
});

it('refuses what is no component', async () => {
  await expect(transpileGuest(new Uint8Array([1, 2, 3]), false)).rejects.toThrow(/expected a WebAssembly component/);
});

it('knows core modules', async () => {
  expect(isCoreModule(await read('cat.wasm'))).toBe(true);
  expect(isCoreModule(await read('cat.component.wasm'))).toBe(false);
});

async function read(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(path.join(guests, name)));
}

async function exportsOf(script: string): Promise<string[]> {
  return Object.keys(await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(script)}`));
}
