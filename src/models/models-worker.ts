import { openRpc, parentEndpoint } from '../rpc/rpc.js';
import { holdWorkerLock } from '../standard/worker-watch.js';
import { openModelCache } from './cache.js';
import { createConvertedFiles } from './converted-files.js';
import { createModelStore } from './model-store.js';
import { createModels, type Models } from './models.js';
import type { ModelsConfiguration, ModelsEvent, ModelsOperation } from './protocol.js';
import { createRegistry } from './registry.js';
import { fetchDocument } from './registry-document.js';
import { serveModels } from './serve-models.js';

/**
 * The models' own thread: downloads go on, and are checked, while engines compute, and while one is replaced by another.
 * The hub is its only client, and one program with it.
 */

const configured = Promise.withResolvers<Models>();

const rpc = openRpc(parentEndpoint(), {
  async configure(parameters) {
    const { configuration, lock } = parameters as {
      readonly configuration: ModelsConfiguration;
      readonly lock: string;
    };
    configured.resolve(configure(configuration));
    await holdWorkerLock(lock);
  },
  models: async (operation, { signal }) => serveModels(await configured.promise, operation as ModelsOperation, signal),
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

function emit(event: ModelsEvent): void {
  rpc.notify('event', event);
}
