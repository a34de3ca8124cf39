import { isModelsEvent, type ModelsConfiguration, type ModelsEvent, type ModelsOperation } from '../models/protocol.js';
import type { Entries } from '../models/registry.js';
import { endpointOf, openRpc, type Rpc } from '../rpc/rpc.js';
import { startWorker, workerError } from '../rpc/start-worker.js';
import type { WasiNNError } from '../standard/error.js';
import { type WorkerWatch, watchWorker } from '../standard/worker-watch.js';

export interface ModelsProcessOptions {
  readonly configuration: ModelsConfiguration;
  /** How long the worker may take to start. */
  readonly startMilliseconds: number;
  onEvent(event: ModelsEvent): void;
}

/** The models worker, as the hub has it. It starts when it is first needed, and again when it has ended. */
export interface ModelsProcess {
  /** Starts the worker before it is needed, where models are registered. */
  start(): void;
  /** The registered models, but for those of a registry document. */
  entries(): Entries;
  /** @throws WasiNNError as the method of `Models`; where the worker ends, the cause of that */
  request(operation: ModelsOperation, signal?: AbortSignal): Promise<unknown>;
}

interface RunningModels {
  readonly worker: Worker;
  readonly watch: WorkerWatch;
  readonly rpc: Rpc;
}

export function createModelsProcess({
  configuration,
  startMilliseconds,
  onEvent,
}: ModelsProcessOptions): ModelsProcess {
  /** The registry as it is now: a worker that is started again gets it. */
  const entries = new Map(configuration.registry.entries);
  let running: RunningModels | undefined;

  function start(): RunningModels {
    const worker = startWorker(
      () =>
        new Worker(new URL('../models/models-worker.js', import.meta.url), { type: 'module', name: 'wasi-nn models' }),
    );
    const end = (cause: string) => {
      // A worker that was given up may still report errors.
      if (running?.worker === worker) lose(workerError('models', cause));
    };
    const watch = watchWorker('models', startMilliseconds, end);
    worker.onerror = (event) => {
      // Otherwise it is an error of the hub as well.
      event.preventDefault();
      end(event.message);
    };
    const rpc = openRpc(endpointOf(worker), {
      event(event) {
        if (isModelsEvent(event)) onEvent(event);
      },
    });
    const registry = { ...configuration.registry, entries };
    rpc.request('configure', { configuration: { ...configuration, registry }, lock: watch.lock }).then(
      () => watch.started(),
      () => undefined,
    );
    return { worker, watch, rpc };
  }

  /** Gives up a worker that can do no more. The next request starts another. */
  function lose(cause: WasiNNError): void {
    const lost = running;
    running = undefined;
    lost?.watch.stop();
    lost?.worker.terminate();
    lost?.rpc.close(cause);
  }

  return {
    start() {
      if (entries.size === 0 && configuration.registry.document === undefined) return;
      try {
        running ??= start();
      } catch {
        // The first request tries again, and its client gets the error.
      }
    },
    entries: () => entries,
    async request(operation, signal) {
      if (operation.operation === 'add') for (const [name, entry] of operation.entries) entries.set(name, entry);
      running ??= start();
      const transfer = operation.operation === 'keepConverted' ? [operation.piece.bytes.buffer] : [];
      return running.rpc.request('models', operation, { transfer, signal });
    },
  };
}
