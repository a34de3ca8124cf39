import 'fake-indexeddb/auto';
import { readFileSync } from 'node:fs';
import { deleteDB, openDB } from 'idb';
import { describe, expect, it, vi } from 'vitest';
import type { TranspiledComponent } from './transpile.js';
import { transpileOnce, transpiler } from './transpile-cache.js';

const result: TranspiledComponent = { script: 'export {}', coreModules: new Map([['core', Uint8Array.of(1, 2)]]) };
const databaseName = 'wasi-nn-web guests';

function countedTranspile() {
  return vi.fn(async () => result);
}

function once(
  bytes: readonly number[],
  transpile: () => Promise<TranspiledComponent>,
  variant = 'block',
): Promise<TranspiledComponent> {
  return transpileOnce(Uint8Array.from(bytes), variant, { transpile, load: async (component) => component });
}

/** Changes all entries that are kept. */
async function changeEntries(change: (entry: Record<string, unknown>) => void): Promise<void> {
  const database = await openDB(databaseName);
  for (const entry of await database.getAll('components')) {
    change(entry);
    await database.put('components', entry);
  }
  database.close();
}

describe('transpileOnce', () => {
  it('transpiles a component the first time alone', async () => {
    const transpile = countedTranspile();
    expect(await once([1], transpile)).toEqual(result);
    expect(await once([1], transpile)).toEqual(result);
    expect(transpile).toHaveBeenCalledTimes(1);
  });

  it('tells components and variants apart', async () => {
    const transpile = countedTranspile();
    await once([2], transpile, 'suspend');
    await once([2], transpile, 'block');
    await once([3], transpile, 'block');
    expect(transpile).toHaveBeenCalledTimes(3);
  });

  it('keeps nothing of a component that cannot be transpiled', async () => {
    const transpile = countedTranspile().mockRejectedValueOnce(new Error('no component'));
    await expect(once([4], transpile)).rejects.toThrow('no component');
    expect(await once([4], transpile)).toEqual(result);
  });

  it('forgets the components that were used longest ago', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const transpile = countedTranspile();
    for (let index = 0; index < 40; index++) {
      vi.setSystemTime(1000 * index);
      await once([100, index], transpile);
    }
    expect(transpile).toHaveBeenCalledTimes(40);
    await once([100, 39], transpile);
    expect(transpile).toHaveBeenCalledTimes(40);
    await once([100, 0], transpile);
    expect(transpile).toHaveBeenCalledTimes(41);
    vi.useRealTimers();
  });
});

describe('an entry that is damaged is transpiled again, and replaced', () => {
  it.each([
    ['another script', (entry: Record<string, unknown>) => Object.assign(entry, { script: 'attack()' })],
    ['another core module', (entry) => Object.assign(entry, { coreModules: new Map([['core', Uint8Array.of(1, 3)]]) })],
    [
      'a core module of another name',
      (entry) => Object.assign(entry, { coreModules: new Map([['c', Uint8Array.of(1, 2)]]) }),
    ],
    ['no script', (entry) => delete entry.script],
    ['modules that are none', (entry) => Object.assign(entry, { coreModules: 'none' })],
    ['no digest', (entry) => delete entry.digest],
  ] satisfies [string, (entry: Record<string, unknown>) => void][])('%s', async (_what, damage) => {
    const transpile = countedTranspile();
    await once([5], transpile);
    await changeEntries(damage);
    transpile.mockClear();
    expect(await once([5], transpile)).toEqual(result);
    expect(transpile).toHaveBeenCalledTimes(1);
    expect(await once([5], transpile)).toEqual(result);
    expect(transpile).toHaveBeenCalledTimes(1);
  });

  it('the entry of another component', async () => {
    const transpile = countedTranspile();
    await once([6], transpile);
    const others = { script: 'others', coreModules: new Map() };
    await once([7], async () => others);
    const database = await openDB(databaseName);
    const entries = await database.getAll('components');
    const [first, second] = ['export {}', 'others'].map((script) =>
      entries.findLast((entry) => entry.script === script),
    );
    await database.put('components', { ...second, key: first.key });
    database.close();
    transpile.mockClear();
    for (const bytes of [[6], [5]]) expect(await once(bytes, transpile)).toEqual(result);
  });

  it('one that cannot be loaded', async () => {
    const transpile = countedTranspile();
    await once([8], transpile);
    const load = vi.fn(async (component: TranspiledComponent) => component.script);
    load.mockRejectedValueOnce(new Error('cannot be compiled'));
    expect(await transpileOnce(Uint8Array.of(8), 'block', { transpile, load })).toBe(result.script);
    expect(transpile).toHaveBeenCalledTimes(2);
  });
});

describe('a database', () => {
  it('that was deleted is made again', async () => {
    const transpile = countedTranspile();
    await once([9], transpile);
    await deleteDB(databaseName);
    await once([9], transpile);
    await once([9], transpile);
    expect(transpile).toHaveBeenCalledTimes(2);
  });

  it('without its store is made again', async () => {
    await deleteDB(databaseName);
    (await openDB(databaseName, 2)).close();
    const transpile = countedTranspile();
    await once([10], transpile);
    await once([10], transpile);
    expect(transpile).toHaveBeenCalledTimes(1);
  });

  it('of the version before loses its entries, which nobody has checked', async () => {
    await deleteDB(databaseName);
    const before = await openDB(databaseName, 1, {
      upgrade(upgrading) {
        upgrading.createObjectStore('components', { keyPath: 'key' }).createIndex('lastUsed', 'lastUsed');
      },
    });
    await before.put('components', { key: 'old', script: 'attack()', coreModules: new Map(), lastUsed: 0 });
    before.close();
    await once([11], countedTranspile());
    const database = await openDB(databaseName);
    expect(await database.getAllKeys('components')).not.toContain('old');
    database.close();
  });

  it('that cannot be opened is done without', async () => {
    vi.stubGlobal('indexedDB', {
      open: () => {
        throw new Error('no storage');
      },
    });
    const transpile = countedTranspile();
    expect(await once([12], transpile)).toEqual(result);
    expect(await once([12], transpile)).toEqual(result);
    expect(transpile).toHaveBeenCalledTimes(2);
    vi.unstubAllGlobals();
  });
});

it('the transpiler that results are kept under is the one that is installed', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  expect(transpiler).toBe(`jco-transpile ${lock.packages['node_modules/@bytecodealliance/jco-transpile'].version}`);
});
