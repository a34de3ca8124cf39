import { toWasiNNError, WasiNNError } from '../standard/error.js';
import type { EngineLink } from './link.js';
import { fromPlainError, isGraphInfo, isNamedTensors, isReply, type Operation, type Result } from './protocol.js';
import { buffersOf, whole, wholeTensors } from './transfer.js';

interface Pending {
  resolve(result: Result): void;
  reject(cause: WasiNNError): void;
}

export interface MessageLink extends EngineLink {
  /** Rejects every call that is under way: the engine is gone and will not answer. */
  fail(cause: WasiNNError): void;
}

/** The link over a MessagePort, whose other end `serve` serves. Answers are promises. */
export function createMessageLink(port: MessagePort): MessageLink {
  const pending = new Map<number, Pending>();
  let nextId = 0;

  port.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (!isReply(data)) return;
    const call = pending.get(data.id);
    pending.delete(data.id);
    if ('error' in data) call?.reject(fromPlainError(data.error));
    else call?.resolve(data.result);
  };

  function request(operation: Operation, transfer: Transferable[] = []): Promise<Result> {
    return new Promise((resolve, reject) => {
      const id = nextId++;
      try {
        port.postMessage({ ...operation, id }, transfer);
        pending.set(id, { resolve, reject });
      } catch (cause) {
        reject(toWasiNNError(cause, `${operation.operation}: the values cannot be passed on`, 'invalid-argument'));
      }
    });
  }

  return {
    async load(parts, encoding, target) {
      const owned = parts.map(whole);
      const buffers = [...new Set(owned.map(({ buffer }) => buffer))];
      return expect(isGraphInfo, await request({ operation: 'load', parts: owned, encoding, target }, buffers));
    },
    async loadByName(name) {
      return expect(isGraphInfo, await request({ operation: 'loadByName', name }));
    },
    async compute(graph, inputs) {
      const owned = wholeTensors(inputs);
      return expect(isNamedTensors, await request({ operation: 'compute', graph, inputs: owned }, buffersOf(owned)));
    },
    async unload(graph) {
      await request({ operation: 'unload', graph });
    },
    fail(cause) {
      for (const call of pending.values()) call.reject(cause);
      pending.clear();
    },
  };
}

function expect<Wanted extends Result>(is: (result: Result) => result is Wanted, result: Result): Wanted {
  if (is(result)) return result;
  throw new WasiNNError(
    'runtime-error',
    'the engine gave an answer of the wrong kind: are its scripts of one version?',
  );
}
