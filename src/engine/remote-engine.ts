import { WasiNNError } from '../standard/error.js';
import type { EngineEvent } from './engine.js';
import { type EngineConfiguration, isEngineMessage, type PageMessage } from './protocol.js';
import { startWorker } from './start-worker.js';

/** The engine worker, as the page holds it. */
export interface RemoteEngine {
  /** Opens a link for a guest; the port goes to the guest's thread, where `createMessageLink` makes a link of it. */
  connect(): RemoteConnection;
  /** Ends the worker, and with it every call that is under way. */
  dispose(): void;
}

export interface RemoteConnection {
  readonly port: MessagePort;
  /** Gives back all graphs of the guest. */
  close(): void;
}

export interface RemoteEngineOptions extends EngineConfiguration {
  onEvent(event: EngineEvent): void;
  /** The worker could not be started or broke down: no call will be answered any more. */
  onFailure(error: WasiNNError): void;
}

export function startEngine({ onEvent, onFailure, ...configuration }: RemoteEngineOptions): RemoteEngine {
  const worker = startWorker(
    () => new Worker(new URL('./engine-worker.js', import.meta.url), { type: 'module', name: 'wasi-nn engine' }),
  );
  const tell = (message: PageMessage, transfer: Transferable[] = []) => worker.postMessage(message, transfer);
  let nextGuest = 0;

  worker.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (isEngineMessage(data)) onEvent(data.event);
  };
  worker.onerror = ({ message }) => {
    const cause = message || 'its script could not be loaded: check that it is served, and the Content-Security-Policy';
    onFailure(new WasiNNError('runtime-error', `the engine worker failed: ${cause}`));
  };
  tell({ type: 'configure', configuration });

  return {
    connect() {
      const guest = nextGuest++;
      const { port1, port2 } = new MessageChannel();
      tell({ type: 'connect', guest, port: port2 }, [port2]);
      return { port: port1, close: () => tell({ type: 'disconnect', guest }) };
    },
    dispose: () => worker.terminate(),
  };
}
