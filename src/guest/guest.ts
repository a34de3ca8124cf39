import { fromPlainError } from '../engine/protocol.js';
import type { RemoteConnection } from '../engine/remote-engine.js';
import { messageOf, WasiNNError } from '../standard/error.js';
import { type Failure, type GuestMessage, type GuestSource, isGuestMessage, type PageMessage } from './protocol.js';

/** The functions that a guest exports, by their names in camel case. */
export type GuestExports = Readonly<Record<string, (...values: never[]) => Promise<unknown>>>;

/** A running guest. */
export interface Guest<Exports extends object = GuestExports> {
  /**
   * Calls into the guest, which answers from its own thread. Values follow jco's mapping of WIT: records are objects,
   * enums strings, `list<u8>` a Uint8Array. A WIT result resolves to its value or rejects with a {@link GuestError}.
   */
  readonly exports: Exports;
  /** Ends the guest's thread, and gives back its graphs. Calls under way are rejected; disposing twice is harmless. */
  dispose(): void;
}

/** A guest's function answered with the error that its WIT type declares. */
export class GuestError extends Error {
  override readonly name = 'GuestError';
  /** The error value, as its WIT type says. */
  readonly payload: unknown;

  constructor(payload: unknown) {
    super(`the guest answered with an error: ${JSON.stringify(payload)}`);
    this.payload = payload;
  }
}

/** A guest trapped; its instance should not be used any more. `stack` has the WebAssembly frames. */
export class GuestTrap extends Error {
  override readonly name = 'GuestTrap';

  constructor(message: string, stack: string) {
    super(message);
    this.stack = stack;
  }
}

interface Call {
  resolve(value: unknown): void;
  reject(cause: Error): void;
}

/** A guest on its way, and the means to end it from outside, when the engine it depends on fails. */
export interface StartedGuest<Exports extends object = GuestExports> {
  readonly guest: Promise<Guest<Exports>>;
  fail(cause: WasiNNError): void;
}

/**
 * Starts a guest in a worker of its own.
 *
 * @throws WasiNNError what `instantiateComponent` throws, or `runtime-error` where the worker cannot be started
 */
export function startGuest<Exports extends object>(
  source: GuestSource,
  connection: RemoteConnection,
  onEnd: () => void,
): StartedGuest<Exports> {
  const worker = new Worker(new URL('./guest-worker.js', import.meta.url), { type: 'module', name: 'wasi-nn guest' });
  const calls = new Map<number, Call>();
  let nextId = 0;
  let ended: WasiNNError | undefined;
  const { promise, resolve, reject } = Promise.withResolvers<Guest<Exports>>();

  const tell = (message: PageMessage, transfer: Transferable[] = []) => worker.postMessage(message, transfer);

  function fail(cause: WasiNNError): void {
    if (ended) return;
    ended = cause;
    worker.terminate();
    connection.close();
    reject(cause);
    for (const call of calls.values()) call.reject(cause);
    calls.clear();
    onEnd();
  }

  function call(name: string, values: readonly unknown[]): Promise<unknown> {
    if (ended) return Promise.reject(ended);
    return new Promise((resolve, reject) => {
      const id = nextId++;
      tell({ type: 'call', id, name, values });
      calls.set(id, { resolve, reject });
    });
  }

  function receive(message: GuestMessage): void {
    switch (message.type) {
      case 'started': {
        const functions = message.functions.map(
          (name) => [name, (...values: unknown[]) => call(name, values)] as const,
        );
        // What the functions take and return is the caller's word: the component's types are not known here.
        resolve({ exports: Object.fromEntries(functions) as Exports, dispose: () => fail(disposed()) });
        return;
      }
      case 'refused':
        fail(fromPlainError(message.error));
        return;
      case 'returned':
        take(message.id)?.resolve(message.value);
        return;
      case 'failed':
        take(message.id)?.reject(toError(message.failure));
    }
  }

  function take(id: number): Call | undefined {
    const call = calls.get(id);
    calls.delete(id);
    return call;
  }

  worker.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (isGuestMessage(data)) receive(data);
  };
  worker.onerror = ({ message }) => {
    fail(new WasiNNError('runtime-error', `the guest worker failed: ${message || 'its script could not be loaded'}`));
  };
  worker.onmessageerror = (event) => {
    fail(
      new WasiNNError('runtime-error', `the guest's answer cannot be passed between threads: ${messageOf(event.data)}`),
    );
  };
  tell({ type: 'start', source, port: connection.port }, [connection.port]);

  return { guest: promise, fail };
}

function toError(failure: Failure): Error {
  return failure.kind === 'result' ? new GuestError(failure.payload) : new GuestTrap(failure.message, failure.stack);
}

function disposed(): WasiNNError {
  return new WasiNNError('runtime-error', 'the guest has been disposed of: instantiate it again');
}
