/** What the library keeps of a guest that it has transpiled: see `transpile-cache.ts`. */
export interface KeptGuest {
  /** Stores it where the library has stored nothing. */
  store(): Promise<void>;
}

declare global {
  var keptGuest: KeptGuest | undefined;
}

/** Has the library transpile a guest for each way to wait, and leaves {@link keptGuest} on the page. Runs in the page. */
export async function keepGuest(url: string): Promise<void> {
  const library = new URL('lib/wasi-nn-web.js', document.baseURI).href;
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN();
  for (const waiting of ['suspend', 'block'] as const) await nn.instantiate(url, { waiting });
  nn.dispose();

  const databaseName = 'wasi-nn-web guests';
  const storeName = 'components';
  const done = <Result>(request: IDBRequest<Result>) =>
    new Promise<Result>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const database = await done(indexedDB.open(databaseName));
  const store = database.transaction(storeName).objectStore(storeName);
  const { version } = database;
  const { keyPath } = store;
  const indexes = Array.from(store.indexNames, (name) => [name, store.index(name).keyPath] as const);
  const entries: readonly unknown[] = await done(store.getAll());
  database.close();

  globalThis.keptGuest = {
    async store() {
      const opened = indexedDB.open(databaseName, version);
      opened.onupgradeneeded = () => {
        const made = opened.result.createObjectStore(storeName, { keyPath });
        for (const [name, path] of indexes) made.createIndex(name, path);
      };
      const restored = await done(opened);
      const target = restored.transaction(storeName, 'readwrite').objectStore(storeName);
      await Promise.all(entries.map((entry) => done(target.put(entry))));
      restored.close();
    },
  };
}
