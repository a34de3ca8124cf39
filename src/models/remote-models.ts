import { WasiNNError } from '../standard/error.js';
import { isExecutionTarget } from '../standard/graph.js';
import { fromPlainError } from '../standard/plain-error.js';
import type { Models } from './models.js';
import {
  isAnswer,
  isConverted,
  isListing,
  isModelsReply,
  isOpenModel,
  isUsage,
  type ModelsAbort,
  type ModelsOperation,
  type ModelsRequest,
  type ModelsResult,
} from './protocol.js';

interface Pending {
  resolve(result: ModelsResult): void;
  reject(cause: unknown): void;
}

/** The models, as another thread than theirs reaches them. */
export interface RemoteModels extends Models {
  /** Rejects every call that is under way: their worker is gone and will not answer. */
  fail(cause: WasiNNError): void;
}

/** @param port the other end of one that `serveModels` serves */
export function createRemoteModels(port: MessagePort): RemoteModels {
  const pending = new Map<number, Pending>();
  let nextId = 0;

  port.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (!isModelsReply(data)) return;
    const call = pending.get(data.id);
    pending.delete(data.id);
    if ('error' in data) call?.reject(fromPlainError(data.error));
    else call?.resolve(data.result);
  };

  async function request(operation: ModelsOperation, signal?: AbortSignal): Promise<ModelsResult> {
    signal?.throwIfAborted();
    const id = nextId++;
    const abort = () => {
      const message: ModelsAbort = { abort: id };
      port.postMessage(message);
      pending.get(id)?.reject(signal?.reason);
      pending.delete(id);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject });
        const message: ModelsRequest = { ...operation, id };
        port.postMessage(message, operation.operation === 'keepConverted' ? [operation.piece.bytes.buffer] : []);
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  return {
    open: async (name, signal) => expect(await request({ operation: 'open', name }, signal), isOpenModel),
    async forget(name) {
      await request({ operation: 'forget', name });
    },
    add(entries) {
      // What was checked before it was posted is not refused; a worker that is gone is started anew with all entries.
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
    fail(cause) {
      for (const call of pending.values()) call.reject(cause);
      pending.clear();
    },
  };
}

function expect<Expected extends ModelsResult>(
  result: ModelsResult,
  isExpected: (result: ModelsResult) => result is Expected,
): Expected {
  if (isExpected(result)) return result;
  throw new WasiNNError(
    'runtime-error',
    'the models worker gave an answer of the wrong kind: are its scripts of one version?',
  );
}
