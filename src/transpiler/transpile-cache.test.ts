import 'fake-indexeddb/auto';
import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { TranspiledComponent } from './transpile.js';
import { transpileOnce, transpiler } from './transpile-cache.js';

const result: TranspiledComponent = { script: 'export {}', coreModules: new Map([['core', Uint8Array.of(1, 2)]]) };

describe('transpileOnce', () => {
  it('transpiles a component the first time alone', async () => {
    const bytes = Uint8Array.of(1);
    const transpile = vi.fn(async () => result);
    expect(await transpileOnce(bytes, 'suspends', transpile)).toEqual(result);
    expect(await transpileOnce(bytes, 'suspends', transpile)).toMatchObject(result);
    expect(transpile).toHaveBeenCalledTimes(1);
  });

  it('tells components and variants apart', async () => {
    const transpile = vi.fn(async () => result);
    await transpileOnce(Uint8Array.of(2), 'suspends', transpile);
    await transpileOnce(Uint8Array.of(2), 'blocks', transpile);
    await transpileOnce(Uint8Array.of(3), 'blocks', transpile);
    expect(transpile).toHaveBeenCalledTimes(3);
  });

  it('keeps nothing of a component that cannot be transpiled', async () => {
    const transpile = vi.fn(async () => result).mockRejectedValueOnce(new Error('no component'));
    await expect(transpileOnce(Uint8Array.of(4), 'blocks', transpile)).rejects.toThrow('no component');
    expect(await transpileOnce(Uint8Array.of(4), 'blocks', transpile)).toEqual(result);
  });

  it('forgets the components that were used longest ago', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const transpile = vi.fn(async () => result);
    for (let index = 0; index < 40; index++) {
      vi.setSystemTime(1000 * index);
      await transpileOnce(Uint8Array.of(100, index), 'blocks', transpile);
    }
    expect(transpile).toHaveBeenCalledTimes(40);
    await transpileOnce(Uint8Array.of(100, 39), 'blocks', transpile);
    expect(transpile).toHaveBeenCalledTimes(40);
    await transpileOnce(Uint8Array.of(100, 0), 'blocks', transpile);
    expect(transpile).toHaveBeenCalledTimes(41);
    vi.useRealTimers();
  });
});

it('the transpiler that results are kept under is the one that is installed', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  expect(transpiler).toBe(`jco-transpile ${lock.packages['node_modules/@bytecodealliance/jco-transpile'].version}`);
});
