import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { inspectGuest } from './inspect-guest.js';

const guest = async (name: string) => new Uint8Array(await readFile(new URL(`../../guests/${name}`, import.meta.url)));

describe('inspectGuest', () => {
  it.each([
    ['example-wit-10-28.component.wasm', 'component', true, 'wasi:nn 0.2.0-rc-2024-10-28'],
    ['classify.component.wasm', 'component', false, 'wasi:nn 0.2.0-rc-2024-10-28'],
    ['example-witx-0-6.wasm', 'core module', true, 'wasi_ephemeral_nn'],
    ['witx-probe.wasm', 'core module', false, "wasi_ephemeral_nn, with WasmEdge's additions"],
    ['wamr-probe.wasm', 'core module', false, "WAMR's wasi_nn"],
    ['cat.wasm', 'core module', true, 'no wasi-nn'],
  ])('says what %s is', async (name, kind, isProgram, speaks) => {
    expect(await inspectGuest(await guest(name))).toMatchObject({ kind, isProgram, speaks });
  });

  it('lists imports and exports', async () => {
    const { imports, exports } = await inspectGuest(await guest('classify.component.wasm'));
    expect(imports).toContain('wasi:nn/graph@0.2.0-rc-2024-10-28');
    expect(exports).toEqual(['classify']);
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47)],
    ['a component that is cut short', Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 10, 200)],
  ])('refuses %s', async (_what, bytes) => {
    await expect(inspectGuest(bytes)).rejects.toThrow();
  });
});
