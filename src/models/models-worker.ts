import { holdWorkerLock } from '../standard/worker-watch.js';
import { openModelCache } from './cache.js';
import { createConvertedFiles } from './converted-files.js';
import { createModelStore } from './model-store.js';
import { createModels, type Models } from './models.js';
import { isModelsPageMessage, type ModelsConfiguration, type ModelsEvent, type ModelsReady } from './protocol.js';
import { createRegistry } from './registry.js';
import { fetchDocument } from './registry-document.js';
import { serveModels } from './serve-models.js';

/**
 * The models' own thread: downloads go on, and are checked, while the engine computes, and while it is replaced by
 * another.
 */

let models: Models | undefined;

globalThis.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  if (!isModelsPageMessage(data)) return;
  if (data.type === 'connect') {
    if (models) serveModels(data.port, models);
    return;
  }
  models = configure(data.configuration);
  void holdWorkerLock(data.lock).then(() => emit({ type: 'ready' }));
});

function configure({ registry, budget }: ModelsConfiguration): Models {
  const cache = openModelCache();
  const store = createModelStore({ cache, budget, onNotice: (notice) => emit({ type: 'cache', ...notice }) });
  return createModels({
    registry: createRegistry(registry, fetchDocument),
    store,
    converted: createConvertedFiles({ cache, store, budget }),
    budget,
    onProgress: (progress) => emit({ type: 'progress', ...progress }),
  });
}

function emit(event: ModelsEvent | ModelsReady): void {
  globalThis.postMessage(event);
}
