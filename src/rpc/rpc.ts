import type { WasiNNError } from '../standard/error.js';
import { isObjectWith } from '../standard/is-object-with.js';
import { fromPlainError, type PlainError, toPlainError } from '../standard/plain-error.js';

/** Captured: the worker of a guest loses it before guest code runs (`guest/confine.ts`). */
const { AbortController } = globalThis;

/** One end of a channel of messages: a MessagePort, a worker, or a worker's own scope. */
export interface Endpoint {
  post(message: unknown, transfer: Transferable[]): void;
  /** Sets the one listener. */
  listen(listener: (message: unknown) => void): void;
}

/** Answers the requests of one method. What it throws is the error of the request. */
export type Handler = (parameters: unknown, request: IncomingRequest) => unknown;

export type Handlers = Readonly<Record<string, Handler>>;

export interface IncomingRequest {
  /** Aborts when the other end gives the request up. */
  readonly signal: AbortSignal;
}

export interface RequestOptions {
  readonly transfer?: Transferable[];
  /** Gives the request up: it rejects with the signal's reason, and the other end's signal aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** Requests and responses over one channel, in both directions. */
export interface Rpc {
  /** @throws WasiNNError what the handler at the other end throws, or the cause that `close` got */
  request(method: string, parameters: unknown, options?: RequestOptions): Promise<unknown>;
  /** Sends a request that gets no response. */
  notify(method: string, parameters: unknown, transfer?: Transferable[]): void;
  /** Rejects every request that is under way, and all that follow. */
  close(cause: WasiNNError): void;
}

/** A result together with the buffers that are transferred with it. */
export class Transferring {
  readonly result: unknown;
  readonly transfer: Transferable[];

  constructor(result: unknown, transfer: Transferable[]) {
    this.result = result;
    this.transfer = transfer;
  }
}

interface RequestMessage {
  /** Absent for a request that gets no response. */
  readonly request?: number;
  readonly method: string;
  readonly parameters: unknown;
}

interface CancelMessage {
  readonly cancel: number;
}

type ResponseMessage = { readonly response: number } & ({ readonly result: unknown } | { readonly error: PlainError });

interface Pending {
  resolve(result: unknown): void;
  reject(cause: unknown): void;
  /** Stops listening to the request's signal. */
  readonly settled: (() => void) | undefined;
}

/** @param handlers the methods that the other end may call; any other method is refused */
export function openRpc(endpoint: Endpoint, handlers: Handlers = {}): Rpc {
  const pending = new Map<number, Pending>();
  const incoming = new Map<number, AbortController>();
  let nextId = 0;
  let closed: WasiNNError | undefined;

  endpoint.listen((message) => {
    if (isResponse(message)) settle(message);
    else if (isRequest(message)) void answer(message);
    else if (isCancel(message)) incoming.get(message.cancel)?.abort();
  });

  function settle(message: ResponseMessage): void {
    const call = pending.get(message.response);
    pending.delete(message.response);
    call?.settled?.();
    if ('error' in message) call?.reject(fromPlainError(message.error));
    else call?.resolve(message.result);
  }

  function cancel(id: number, reason: unknown): void {
    const call = pending.get(id);
    pending.delete(id);
    if (!call || closed) return;
    const message: CancelMessage = { cancel: id };
    endpoint.post(message, []);
    call.reject(reason);
  }

  async function answer({ request, method, parameters }: RequestMessage): Promise<void> {
    const controller = new AbortController();
    if (request !== undefined) incoming.set(request, controller);
    try {
      const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
      if (!handler) throw new TypeError(`there is no method "${method}"`);
      const value = await handler(parameters, controller);
      const { result, transfer } = value instanceof Transferring ? value : new Transferring(value, []);
      if (request !== undefined && !closed) endpoint.post({ response: request, result }, transfer);
    } catch (cause) {
      const error = toPlainError(cause, method);
      if (request !== undefined && !closed) endpoint.post({ response: request, error }, []);
    } finally {
      if (request !== undefined) incoming.delete(request);
    }
  }

  return {
    request(method, parameters, { transfer = [], signal } = {}) {
      return new Promise((resolve, reject) => {
        if (closed) return reject(closed);
        if (signal?.aborted) return reject(signal.reason);
        const id = nextId++;
        const message: RequestMessage = { request: id, method, parameters };
        // Before the request is known: what cannot be posted rejects here.
        endpoint.post(message, transfer);
        pending.set(id, { resolve, reject, settled: signal && onAbort(signal, () => cancel(id, signal.reason)) });
      });
    },
    notify(method, parameters, transfer = []) {
      const message: RequestMessage = { method, parameters };
      if (!closed) endpoint.post(message, transfer);
    },
    close(cause) {
      closed = cause;
      for (const { reject, settled } of pending.values()) {
        settled?.();
        reject(cause);
      }
      pending.clear();
      for (const controller of incoming.values()) controller.abort(cause);
    },
  };
}

/** @returns stops listening */
function onAbort(signal: AbortSignal, action: () => void): () => void {
  signal.addEventListener('abort', action, { once: true });
  return () => signal.removeEventListener('abort', action);
}

/** The endpoint of a port, or of a worker that this thread has started. */
export function endpointOf(port: MessagePort | Worker): Endpoint {
  return {
    post: (message, transfer) => port.postMessage(message, transfer),
    listen(listener) {
      port.onmessage = ({ data }: MessageEvent<unknown>) => listener(data);
    },
  };
}

/** The endpoint of this worker, whose other end is the thread that has started it. */
export function parentEndpoint(): Endpoint {
  const { postMessage, addEventListener } = globalThis;
  return {
    post: (message, transfer) => postMessage(message, { transfer }),
    listen(listener) {
      addEventListener('message', ({ data }: MessageEvent<unknown>) => listener(data));
    },
  };
}

function isRequest(message: unknown): message is RequestMessage {
  return isObjectWith(message, 'method') && typeof message.method === 'string' && 'parameters' in message;
}

function isResponse(message: unknown): message is ResponseMessage {
  return isObjectWith(message, 'response') && typeof message.response === 'number';
}

function isCancel(message: unknown): message is CancelMessage {
  return isObjectWith(message, 'cancel') && typeof message.cancel === 'number';
}
