import { baseURL } from './base-url.js';
import { startWorker, workerError } from './engine/start-worker.js';
import type { ModelListing, ModelsUsage } from './models/models.js';
import type { ModelProgress } from './models/progress.js';
import {
  isModelsEvent,
  isModelsReady,
  type ModelsConfiguration,
  type ModelsEvent,
  type ModelsPageMessage,
} from './models/protocol.js';
import { type ModelsTable, parseTable } from './models/registry.js';
import { createRemoteModels, type RemoteModels } from './models/remote-models.js';
import type { WasiNNError } from './standard/error.js';
import type { ExecutionTarget } from './standard/graph.js';
import { untilAborted } from './standard/until-aborted.js';
import { type WorkerWatch, watchWorker } from './standard/worker-watch.js';

export interface PreloadOptions {
  /** Ends the download; what has come stays in the cache, and the next one goes on from there. */
  readonly signal?: AbortSignal;
  onProgress?(progress: ModelProgress): void;
}

/** The registered models, and what the browser keeps of them. */
export interface PageModels {
  /**
   * Registers models, in place of those of the same names. Graphs that are loaded stay as they are.
   *
   * @throws WasiNNError `invalid-argument` that names the entry and what is wrong with it
   */
  add(models: ModelsTable): void;
  /** All registered models, with what the cache has of each. */
  list(): Promise<ModelListing[]>;
  /**
   * Downloads a model into the cache, unless it is there and current.
   *
   * @throws WasiNNError `not-found` for an unknown name, and where a file cannot be had or kept; the signal's reason
   */
  preload(name: string, options?: PreloadOptions): Promise<void>;
  /** Deletes what the cache has of a model. Graphs that are loaded stay. */
  delete(name: string): Promise<void>;
  /** Deletes all models from the cache. */
  clear(): Promise<void>;
  usage(): Promise<ModelsUsage>;
  /**
   * Asks the browser not to delete this site's storage by itself when it runs short of room; it may ask the visitor.
   *
   * @returns whether it grants that
   */
  persist(): Promise<boolean>;
}

export interface ModelsHostOptions {
  readonly configuration: ModelsConfiguration;
  /** How long the worker may take to start. */
  readonly startMilliseconds: number;
  onEvent(event: ModelsEvent): void;
  /** The worker broke down or ended: ports to it are dead. */
  onLoss(cause: WasiNNError): void;
  /** Once this is aborted, every call rejects and no worker starts. */
  readonly disposed: AbortSignal;
}

/** The models worker, as the page holds it. It starts when it is first needed. */
export interface ModelsHost {
  readonly models: PageModels;
  /** Opens a port for another thread, where `createRemoteModels` makes models of it. */
  connect(): MessagePort;
  /** Whether a model may leave its outputs on a device, as far as is known now. */
  outputsMayStay(): boolean;
  /** @throws WasiNNError as `Models.targetOf` */
  targetOf(name: string): Promise<ExecutionTarget>;
  /** @param cause what calls that are under way end with */
  dispose(cause: WasiNNError): void;
}

interface RunningModels {
  readonly worker: Worker;
  readonly watch: WorkerWatch;
  readonly remote: RemoteModels;
}

export function hostModels(options: ModelsHostOptions): ModelsHost {
  const { configuration, startMilliseconds, onEvent, onLoss, disposed } = options;
  const entries = new Map(configuration.registry.entries);
  const listeners = new Set<(progress: ModelProgress) => void>();
  let running: RunningModels | undefined;

  function start(): RunningModels {
    const worker = startWorker(
      () =>
        new Worker(new URL('./models/models-worker.js', import.meta.url), { type: 'module', name: 'wasi-nn models' }),
    );
    const watch = watchWorker('models', startMilliseconds, (cause) => lose(workerError('models', cause)));
    worker.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isModelsReady(data)) watch.started();
      if (!isModelsEvent(data)) return;
      if (data.type === 'progress') for (const listener of listeners) listener(data);
      onEvent(data);
    };
    worker.onerror = ({ message }) => lose(workerError('models', message));
    const registry = { ...configuration.registry, entries };
    tell(worker, { type: 'configure', configuration: { ...configuration, registry }, lock: watch.lock });
    return { worker, watch, remote: createRemoteModels(open(worker)) };
  }

  /** Gives up a worker that can do no more. The next call starts another. */
  function lose(cause: WasiNNError): void {
    stop(cause);
    onLoss(cause);
  }

  function stop(cause: WasiNNError): void {
    const stopped = running;
    running = undefined;
    stopped?.watch.stop();
    stopped?.worker.terminate();
    stopped?.remote.fail(cause);
  }

  function current(): RunningModels {
    disposed.throwIfAborted();
    running ??= start();
    return running;
  }

  /** Asks the worker, for a caller on the page. */
  function ask<Answer>(question: (remote: RemoteModels) => Promise<Answer>): Promise<Answer> {
    return untilAborted(disposed, async () => question(current().remote));
  }

  return {
    models: {
      add(models) {
        disposed.throwIfAborted();
        const added = parseTable(models, baseURL());
        for (const [name, entry] of added) entries.set(name, entry);
        running?.remote.add(added);
      },
      list: () => ask((remote) => remote.list()),
      preload: (name, { signal, onProgress } = {}) =>
        ask(async (remote) => {
          const listener = (progress: ModelProgress) => progress.name === name && onProgress?.(progress);
          listeners.add(listener);
          await remote.preload(name, signal).finally(() => listeners.delete(listener));
        }),
      delete: (name) => ask((remote) => remote.delete(name)),
      clear: () => ask((remote) => remote.clear()),
      usage: () => ask((remote) => remote.usage()),
      persist: () => untilAborted(disposed, async () => (await navigator.storage?.persist?.()) ?? false),
    },
    connect: () => open(current().worker),
    // What a document says is not known here.
    outputsMayStay: () =>
      configuration.registry.document !== undefined ||
      [...entries.values()].some(({ outputs }) => outputs === 'device'),
    // Only what a document registers must be asked for.
    targetOf: async (name) => entries.get(name)?.target ?? current().remote.targetOf(name),
    dispose: stop,
  };
}

function open(worker: Worker): MessagePort {
  const { port1, port2 } = new MessageChannel();
  tell(worker, { type: 'connect', port: port2 }, [port2]);
  return port1;
}

function tell(worker: Worker, message: ModelsPageMessage, transfer: Transferable[] = []): void {
  worker.postMessage(message, transfer);
}
