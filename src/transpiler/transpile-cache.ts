import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from 'idb';
import type { TranspiledComponent } from './transpile.js';

/** What transpiled a component; another version may do it otherwise. */
export const transpiler = 'jco-transpile 0.15.0';

/** Counts the ways in which names are checked and changed, and what the transpiler gives is amended and checked. */
const amendments = 6;

const databaseName = 'wasi-nn-web guests';

/** Raised where entries have another form: those that are there are dropped then. */
const databaseVersion = 2;

/** How many components are kept: pages have few, and each takes as much room as the component itself. */
const maxComponents = 32;

/** How long the database may take to open, in ms. It waits for whoever deletes it, or has it open in another version. */
const openMilliseconds = 5000;

interface Kept extends TranspiledComponent {
  readonly key: string;
  /** Of the key, the script and the core modules. */
  readonly digest: string;
  /** In ms since 1970; the component that was used longest ago goes first. */
  readonly lastUsed: number;
}

interface Schema extends DBSchema {
  components: { key: string; value: Kept; indexes: { lastUsed: number } };
}

type Database = IDBPDatabase<Schema>;

export interface TranspileSteps<Loaded> {
  transpile(): Promise<TranspiledComponent>;
  /** Makes what is wanted of the result. What was kept, and fails here, is transpiled again. */
  load(component: TranspiledComponent): Promise<Loaded>;
}

/**
 * Transpiles a component, unless an earlier visit has: then what it kept in IndexedDB is taken, and the transpiler is
 * not even loaded. What is damaged there is transpiled again, and replaced. Where nothing can be kept, it transpiles
 * every time.
 *
 * @param variant what of the result depends on besides the component
 */
export async function transpileOnce<Loaded>(
  bytes: Uint8Array<ArrayBuffer>,
  variant: string,
  { transpile, load }: TranspileSteps<Loaded>,
): Promise<Loaded> {
  // Digests exist in secure contexts alone.
  if (!globalThis.crypto?.subtle) return load(await transpile());
  const key = `${transpiler}, amended ${amendments}, ${variant}, ${await digest([bytes])}`;
  const database = await open();
  try {
    const kept = await readKept(database, key);
    const loaded = kept && (await load(kept).then((value) => ({ value }), ignore));
    if (loaded) {
      await keep(database, key, kept);
      return loaded.value;
    }
    const component = await transpile();
    const value = await load(component);
    await keep(database, key, component);
    return value;
  } finally {
    database?.close();
  }
}

const ignore = (): undefined => undefined;

/** Opens the database for each component: it may have been deleted in between. */
async function open(): Promise<Database | undefined> {
  const opened = openCurrent().catch(ignore);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), openMilliseconds);
  });
  const database = await Promise.race([opened, late]);
  clearTimeout(timer);
  if (!database) void opened.then((tooLate) => tooLate?.close());
  return database;
}

async function openCurrent(): Promise<Database> {
  const database = await openDatabase();
  if (database.objectStoreNames.contains('components')) return database;
  database.close();
  await deleteDB(databaseName);
  return openDatabase();
}

function openDatabase(): Promise<Database> {
  return openDB<Schema>(databaseName, databaseVersion, {
    upgrade(upgrading) {
      for (const store of upgrading.objectStoreNames) upgrading.deleteObjectStore(store);
      upgrading.createObjectStore('components', { keyPath: 'key' }).createIndex('lastUsed', 'lastUsed');
    },
    blocking(_current, _blocked, event) {
      if (event.target instanceof IDBDatabase) event.target.close();
    },
  });
}

/** What is kept of a component, where it is whole. */
async function readKept(database: Database | undefined, key: string): Promise<TranspiledComponent | undefined> {
  const kept: unknown = await database?.get('components', key).catch(ignore);
  if (typeof kept !== 'object' || kept === null || !('script' in kept && 'coreModules' in kept && 'digest' in kept)) {
    return undefined;
  }
  const { script, coreModules } = kept;
  if (typeof script !== 'string' || !isModules(coreModules)) return undefined;
  const component = { script, coreModules };
  return (await digestOf(key, component)) === kept.digest ? component : undefined;
}

function isModules(value: unknown): value is ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  if (!(value instanceof Map)) return false;
  return [...value].every(([name, bytes]) => typeof name === 'string' && bytes instanceof Uint8Array);
}

async function keep(database: Database | undefined, key: string, component: TranspiledComponent): Promise<void> {
  if (!database) return;
  const { script, coreModules } = component;
  const entry = { key, script, coreModules, digest: await digestOf(key, component), lastUsed: Date.now() };
  await put(database, entry).catch(ignore);
}

async function put(database: Database, entry: Kept): Promise<void> {
  const transaction = database.transaction('components', 'readwrite');
  await transaction.store.put(entry);
  const keys = await transaction.store.index('lastUsed').getAllKeys();
  await Promise.all(keys.slice(0, -maxComponents).map((old) => transaction.store.delete(old)));
  await transaction.done;
}

/** A digest in which nothing can move from one part to the next. */
function digestOf(key: string, { script, coreModules }: TranspiledComponent): Promise<string> {
  const modules = [...coreModules].flatMap(([name, bytes]) => [encode(name), bytes]);
  return digest([encode(key), encode(script), ...modules]);
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** The SHA-256 of parts, in hexadecimal digits; of several, that of theirs. */
async function digest(parts: readonly Uint8Array<ArrayBuffer>[]): Promise<string> {
  const digests = await Promise.all(parts.map((part) => crypto.subtle.digest('SHA-256', part)));
  const [only = new ArrayBuffer(), ...others] = digests;
  const whole =
    others.length === 0 ? only : await crypto.subtle.digest('SHA-256', await new Blob(digests).arrayBuffer());
  return Array.from(new Uint8Array(whole), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
