import type { RequestListener } from 'node:http';
import { openDB } from 'idb';
import { type ModelCache, openModelCache } from './cache.js';
import { patternBytes } from './file-server.fixture.js';
import type { ModelsOption } from './model-options.js';
import { openTestModels, type TestModelsOptions, type TestServer } from './models.fixture.js';

export const bytes = patternBytes(5000);

export const answerModel: RequestListener = (_request, response) => {
  response.setHeader('cache-control', 'max-age=60').setHeader('etag', '"1"').end(bytes);
};

/** Models whose URLs are relative to a site. */
export function open(models: ModelsOption, site: TestServer, options: TestModelsOptions = {}) {
  return openTestModels(models, site.url, options);
}

/** A cache of which some operations fail. */
export async function faultyCache(faults: Partial<ModelCache>): Promise<ModelCache> {
  return { ...(await openModelCache()), ...faults };
}

/** A cache that had to give way to another tab. */
export async function overtakenCache(): Promise<ModelCache> {
  const cache = await openModelCache();
  (await openDB('wasi-nn-web', 3)).close();
  return cache;
}

export const full = () => Promise.reject(new DOMException('the disk is full', 'QuotaExceededError'));
