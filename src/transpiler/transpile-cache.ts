import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { TranspiledComponent } from './transpile.js';

/** What transpiled a component; another version may do it otherwise. */
export const transpiler = 'jco-transpile 0.15.0';

/** Counts the ways in which what the transpiler gives is amended before it is kept (`amend-glue.ts`). */
const amendments = 2;

/** How many components are kept: pages have few, and each takes as much room as the component itself. */
const maxComponents = 32;

interface Kept extends TranspiledComponent {
  readonly key: string;
  /** In ms since 1970; the component that was used longest ago goes first. */
  readonly lastUsed: number;
}

interface Schema extends DBSchema {
  components: { key: string; value: Kept; indexes: { lastUsed: number } };
}

/**
 * Transpiles a component, unless an earlier visit has: then what it kept in IndexedDB is taken, and the transpiler is
 * not even loaded. Where nothing can be kept, it transpiles every time.
 *
 * @param variant what of the result depends on besides the component
 */
export async function transpileOnce(
  bytes: Uint8Array<ArrayBuffer>,
  variant: string,
  transpile: () => Promise<TranspiledComponent>,
): Promise<TranspiledComponent> {
  // Digests exist in secure contexts alone.
  if (!globalThis.crypto?.subtle) return transpile();
  const ignore = () => undefined;
  const key = `${transpiler}, amended ${amendments}, ${variant}, ${await digest(bytes)}`;
  const database = await open().catch(ignore);
  try {
    const kept = await database?.get('components', key).catch(ignore);
    const component = kept ?? (await transpile());
    await (database && keep(database, key, component).catch(ignore));
    return component;
  } finally {
    database?.close();
  }
}

function open(): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>('wasi-nn-web guests', 1, {
    upgrade(upgrading) {
      upgrading.createObjectStore('components', { keyPath: 'key' }).createIndex('lastUsed', 'lastUsed');
    },
  });
}

async function keep(database: IDBPDatabase<Schema>, key: string, component: TranspiledComponent): Promise<void> {
  const { script, coreModules } = component;
  const transaction = database.transaction('components', 'readwrite');
  await transaction.store.put({ key, script, coreModules, lastUsed: Date.now() });
  const keys = await transaction.store.index('lastUsed').getAllKeys();
  await Promise.all(keys.slice(0, -maxComponents).map((old) => transaction.store.delete(old)));
  await transaction.done;
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
