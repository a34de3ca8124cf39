import { type HubConfiguration, type HubConnect, isEngineStats, isPageEvent, type PageEvent } from '../hub/protocol.js';
import type { ModelsOperation } from '../models/protocol.js';
import type { EngineStats } from '../rpc/events.js';
import type { Mailbox } from '../rpc/mailbox.js';
import { endpointOf, openRpc } from '../rpc/rpc.js';
import { WasiNNError } from '../standard/error.js';
import { watchWorker } from '../standard/worker-watch.js';
import type { PageWorkers } from './page-workers.js';

/** The hub's worker, as the page has it. */
export interface RemoteHub {
  /** Has the hub start an engine, before a client needs it. */
  startEngine(): void;
  /**
   * Makes a client of the hub.
   *
   * @param mailbox for a guest whose thread blocks. It goes to both ends by messages to workers: Firefox has been seen to lose
   *   shared memory that is posted to a port
   */
  connect(mailbox?: Mailbox): HubPort;
  stats(): Promise<EngineStats>;
  requestModels(operation: ModelsOperation, signal?: AbortSignal): Promise<unknown>;
  /** Ends the hub with all engines, and every call that is under way. */
  terminate(cause: WasiNNError): void;
}

/** A client's way to the hub. */
export interface HubPort {
  readonly port: MessagePort;
  /** Gives back all that the client has. */
  close(): void;
}

export interface RemoteHubOptions {
  readonly configuration: Omit<HubConfiguration, 'workerLock'>;
  readonly workers: PageWorkers;
  onEvent(event: PageEvent): void;
  /** The hub could not be started, or has ended by itself. Nothing is called after that. */
  onEnd(cause: WasiNNError): void;
}

export function startHub({ configuration, workers, onEvent, onEnd }: RemoteHubOptions): RemoteHub {
  let hasEnded = false;
  let nextClient = 0;

  const worker = workers.start('hub');
  const watch = watchWorker('hub', configuration.startMilliseconds, (cause) => end(workers.error('hub', cause)));
  worker.onerror = ({ message }) => end(workers.error('hub', message));
  const rpc = openRpc(endpointOf(worker), {
    event(event) {
      if (!hasEnded && isPageEvent(event)) onEvent(event);
    },
  });
  rpc.request('configure', { ...configuration, workerLock: watch.lock }).then(
    () => watch.started(),
    () => undefined,
  );

  function terminate(cause: WasiNNError): void {
    hasEnded = true;
    watch.stop();
    worker.terminate();
    rpc.close(cause);
  }

  function end(cause: WasiNNError): void {
    if (hasEnded) return;
    terminate(cause);
    onEnd(cause);
  }

  return {
    startEngine: () => rpc.notify('startEngine', undefined),
    connect(mailbox) {
      const client = nextClient++;
      const { port1, port2 } = new MessageChannel();
      const parameters: HubConnect = { client, port: port2, mailbox };
      rpc.notify('connect', parameters, [port2]);
      return { port: port1, close: () => rpc.notify('disconnect', client) };
    },
    async stats() {
      const stats = await rpc.request('stats', undefined);
      if (isEngineStats(stats)) return stats;
      throw new WasiNNError('runtime-error', 'stats: the hub gave an answer of the wrong kind');
    },
    requestModels: (operation, signal) => rpc.request('models', operation, { signal }),
    terminate,
  };
}
