import type { ModelListing } from '../src/index.js';

// Functions that travel to a page as their source: each reaches its argument and what the page has.

/** What befalls the database under a running page. */
export type Damage = 'delete' | 'replace' | 'record' | 'delete-meanwhile';

export interface PreloadingAround {
  /** The models by their names; `model` is there before and after. */
  readonly urls: Readonly<Record<string, string>>;
  readonly damage: Damage;
}

type Cached = Readonly<Record<string, ModelListing['cached']>>;

/** Preloads a model, damages the database, and preloads it again and all others, in one page life. */
export async function preloadAround({ urls, damage }: PreloadingAround): Promise<{ before: Cached; after: Cached }> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN({ models: urls });

  const settled = <Result>(request: IDBRequest<Result>) =>
    new Promise<Result>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  async function apply(): Promise<void> {
    if (damage !== 'record') await settled(indexedDB.deleteDatabase('wasi-nn-web'));
    if (damage === 'replace') {
      const request = indexedDB.open('wasi-nn-web', 2);
      request.onupgradeneeded = () => request.result.createObjectStore('other');
      (await settled(request)).close();
    }
    if (damage === 'record') {
      const database = await settled(indexedDB.open('wasi-nn-web'));
      const files = database.transaction('files', 'readwrite').objectStore('files');
      for (const key of await settled(files.getAllKeys())) await settled(files.put({ key, complete: 'yes' }));
      database.close();
    }
  }
  async function list(): Promise<Cached> {
    const kept = (await nn.models.list()).filter(({ cached }) => cached !== 'no');
    return Object.fromEntries(kept.map(({ name, cached }) => [name, cached]));
  }

  let damaged: Promise<void> | undefined;
  const onProgress = ({ loaded }: { readonly loaded: number }) => {
    if (damage !== 'delete-meanwhile' || loaded < 6 << 20) return;
    damaged ??= apply().then(async () => void (await fetch('/deleted')));
  };
  await nn.models.preload('model', { onProgress });
  const before = await list();
  await (damaged ?? apply());
  for (const name of Object.keys(urls)) await nn.models.preload(name);
  const after = await list();
  nn.dispose();
  return { before, after };
}

/** Changes a byte of what the cache has, and no length. */
export async function tamper(): Promise<void> {
  const settled = <Result>(request: IDBRequest<Result>) =>
    new Promise<Result>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const database = await settled(indexedDB.open('wasi-nn-web'));
  const chunks = () => database.transaction('chunks', 'readwrite').objectStore('chunks');
  const [key] = await settled(chunks().getAllKeys());
  if (!key) throw new Error('nothing is kept');
  // A browser that keeps no Blobs has typed arrays.
  const chunk: Blob | Uint8Array<ArrayBuffer> = await settled(chunks().get(key));
  const bytes = new Uint8Array(await new Blob([chunk]).arrayBuffer());
  bytes[7] = (bytes[7] ?? 0) ^ 1;
  await settled(chunks().put(bytes, key));
  database.close();
}

export interface UrlLoading {
  readonly name: string;
  readonly allowedUrls: readonly string[];
}

/** Loads a URL in the place of a name. @returns the device, or the error */
export async function loadUrl({ name, allowedUrls }: UrlLoading): Promise<unknown> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN, WasiNNError }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN({ allowedUrls });
  try {
    return { device: (await nn.loadByName(name)).device.target };
  } catch (cause) {
    if (cause instanceof WasiNNError) return { code: cause.code, message: cause.message };
    throw cause;
  } finally {
    nn.dispose();
  }
}

/** Computes with two models, one after the other, on typed arrays of an iframe. @returns the outputs of each */
export async function computeNamed(models: readonly number[][]): Promise<unknown> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const frame = document.body.appendChild(document.createElement('iframe'));
  const realm: typeof globalThis = Object(frame.contentWindow);
  const [model, back] = models.map((bytes) => realm.Uint8Array.from(bytes));
  if (!model || !back) throw new Error('two models were expected');
  // One by its name, the other by its parts.
  const nn = createWasiNN({ models: { model: { data: model } } });
  const there = await nn.loadByName('model');
  const again = await nn.load([back]);
  const data = realm.Float32Array.of(1.5, -2);
  const outputs = await there.compute({ constructor: { dimensions: [2], data } });
  const output = Object.entries(outputs)[0]?.[1];
  if (!output) throw new Error('no output came');
  const ends = await again.compute({ ['__proto__']: output });
  nn.dispose();
  return [outputs, ends].flatMap((record) =>
    Object.entries(record).map(([name, { data }]) => [name, Array.from(data, Number)]),
  );
}
