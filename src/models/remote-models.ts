import { WasiNNError } from '../standard/error.js';
import { isExecutionTarget } from '../standard/graph.js';
import type { Models } from './models.js';
import { isAnswer, isConverted, isListing, isOpenModel, isUsage, type ModelsOperation } from './protocol.js';

/** Sends a request to the models' thread. @throws the signal's reason */
export type RequestModels = (operation: ModelsOperation, signal?: AbortSignal) => Promise<unknown>;

/** The models, as another thread than theirs reaches them. */
export function createRemoteModels(request: RequestModels): Models {
  return {
    open: async (name, signal) => expect(await request({ operation: 'open', name }, signal), isOpenModel),
    async forget(name) {
      await request({ operation: 'forget', name });
    },
    add(entries) {
      // What was checked before it was posted is not refused; a worker that is gone is started again with all entries.
      request({ operation: 'add', entries }).catch(() => undefined);
    },
    list: async () => [...expect(await request({ operation: 'list' }), isListing)],
    findConverted: async (conversion) => expect(await request({ operation: 'findConverted', conversion }), isConverted),
    async keepConverted(conversion, piece) {
      return expect(await request({ operation: 'keepConverted', conversion, piece }), isAnswer);
    },
    targetOf: async (name) => expect(await request({ operation: 'targetOf', name }), isExecutionTarget),
    async preload(name, signal) {
      await request({ operation: 'preload', name }, signal);
    },
    async delete(name) {
      await request({ operation: 'delete', name });
    },
    async clear() {
      await request({ operation: 'clear' });
    },
    usage: async () => expect(await request({ operation: 'usage' }), isUsage),
  };
}

function expect<Expected>(result: unknown, isExpected: (result: unknown) => result is Expected): Expected {
  if (isExpected(result)) return result;
  throw new WasiNNError(
    'runtime-error',
    'the models worker gave an answer of the wrong kind: are its scripts of one version?',
  );
}
