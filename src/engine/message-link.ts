import type { WasiNNError } from '../standard/error.js';
import {
  type Call,
  computeCall,
  expectGraph,
  expectTensors,
  expectValue,
  loadByNameCall,
  loadCall,
  notPosted,
  readTensorCall,
  releaseTensorCall,
  unloadCall,
} from './calls.js';
import type { RemoteLink } from './link.js';
import { fromPlainError, isReply, type Move, type Result, unansweredMilliseconds } from './protocol.js';

interface Pending {
  resolve(result: Result): void;
  reject(cause: WasiNNError): void;
}

export interface MessageLink extends RemoteLink {
  /** Rejects every call that is under way, and all that follow: the engine is gone and will not answer. */
  fail(causeOf: (call: number) => WasiNNError): void;
}

/** What a message link reports beside its answers. */
export interface MessageLinkListener {
  /** For another second a call has had no answer. */
  onUnanswered(): void;
  /** A graph was computed on another device than before. */
  onMoved(move: Move): void;
}

const unheard: MessageLinkListener = { onUnanswered: () => undefined, onMoved: () => undefined };

/** The link over a MessagePort, whose other end `serve` serves. Answers are promises. */
export function createMessageLink(port: MessagePort, listener: MessageLinkListener = unheard): MessageLink {
  const pending = new Map<number, Pending>();
  let nextId = 0;
  let lost: ((call: number) => WasiNNError) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  port.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (!isReply(data)) return;
    const call = pending.get(data.id);
    pending.delete(data.id);
    if (data.moved) listener.onMoved(data.moved);
    if ('error' in data) call?.reject(fromPlainError(data.error));
    else call?.resolve(data.result);
  };

  /** One timer serves all calls, so that short ones cost none. */
  function watch(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (pending.size === 0) return;
      listener.onUnanswered();
      watch();
    }, unansweredMilliseconds);
  }

  function request(call: Call): Promise<Result> {
    return new Promise((resolve, reject) => {
      const id = nextId++;
      if (lost) return reject(lost(id));
      try {
        port.postMessage({ ...call.operation, id }, call.transfer);
        pending.set(id, { resolve, reject });
        watch();
      } catch (cause) {
        reject(notPosted(call, cause));
      }
    });
  }

  return {
    async load(parts, encoding, target) {
      return expectGraph(await request(loadCall(parts, encoding, target)));
    },
    async loadByName(name) {
      return expectGraph(await request(loadByNameCall(name)));
    },
    async compute(graph, inputs) {
      return expectTensors(await request(computeCall(graph, inputs)));
    },
    async unload(graph) {
      await request(unloadCall(graph));
    },
    async readTensor(resident) {
      return expectValue(await request(readTensorCall(resident)));
    },
    async releaseTensor(resident) {
      await request(releaseTensorCall(resident));
    },
    fail(causeOf) {
      lost = causeOf;
      port.close();
      for (const [id, call] of pending) call.reject(causeOf(id));
      pending.clear();
      clearTimeout(timer);
    },
  };
}
