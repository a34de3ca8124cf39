import { createHash } from 'node:crypto';
import type { ModelOptions, ModelProgress } from '../src/index.js';
import { runIn, type Tab } from './browsers/browser.js';

/** A model in a form that can be passed to a page. */
export type PlainModel = Omit<ModelOptions, 'data' | 'url' | 'urls' | 'parts'> & { readonly url: string };

/** How preloading a model has ended, and what the cache has then. */
export interface Preloaded {
  /** The code and the text of the error; absent where all went well. */
  readonly error?: { readonly code: string; readonly message: string };
  readonly progress: readonly ModelProgress[];
  readonly notices: readonly string[];
  readonly stored: readonly StoredModel[];
}

/** A file in the cache, by the database itself. */
export interface StoredModel {
  readonly complete: boolean;
  readonly received: number;
  /** The digest of its chunks, put together. */
  readonly sha256: string;
}

/**
 * Preloads a model on the page that a tab has open.
 *
 * @param reportAt how many bytes must have come before the page asks for `/came`
 */
export async function preload(tab: Tab, model: PlainModel, reportAt?: number): Promise<Preloaded> {
  return (await runIn(tab, preloadInPage, { model, reportAt })) as Preloaded;
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What the cache has of a file that is all there. */
export function whole(bytes: Uint8Array): StoredModel {
  return { complete: true, received: bytes.byteLength, sha256: sha256Of(bytes) };
}

interface Preloading {
  readonly model: PlainModel;
  readonly reportAt?: number | undefined;
}

async function preloadInPage({ model, reportAt }: Preloading): Promise<Preloaded> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN, WasiNNError }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN({ models: { model } });
  const notices: string[] = [];
  nn.addEventListener('cache', ({ detail }) => notices.push(detail.reason));
  const progress: ModelProgress[] = [];
  let hasReported = reportAt === undefined;
  const onProgress = (step: ModelProgress) => {
    progress.push(step);
    if (hasReported || step.loaded < (reportAt ?? 0)) return;
    hasReported = true;
    void fetch('/came');
  };
  const error = await nn.models.preload('model', { onProgress }).then(
    () => undefined,
    (cause) => (cause instanceof WasiNNError ? { code: cause.code, message: cause.message } : Promise.reject(cause)),
  );
  nn.dispose();

  const request = indexedDB.open('wasi-nn-web');
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const getAll = (store: string, range?: IDBKeyRange) =>
    new Promise<unknown[]>((resolve, reject) => {
      const request = database.transaction(store).objectStore(store).getAll(range);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const stored: StoredModel[] = [];
  for (const record of (await getAll('files')) as { key: string; received: number; complete: boolean }[]) {
    const chunks = await getAll('chunks', IDBKeyRange.bound([record.key, 0], [record.key, Number.POSITIVE_INFINITY]));
    const bytes = await new Blob(chunks as BlobPart[]).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    stored.push({ complete: record.complete, received: record.received, sha256 });
  }
  database.close();
  return { ...(error ? { error } : {}), progress, notices, stored };
}
