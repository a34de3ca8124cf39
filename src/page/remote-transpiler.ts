import type { GuestSource, PreparationOptions, PreparedGuest } from '../rpc/prepared-guest.js';
import { isTranspilerMessage, type PageMessage, type TranspilerMessage } from '../rpc/transpiler-protocol.js';
import { WasiNNError } from '../standard/error.js';
import { fromPlainError } from '../standard/plain-error.js';
import { type WorkerWatch, watchWorker } from '../standard/worker-watch.js';
import type { PageWorkers } from './page-workers.js';

/** The transpiler worker, as the page holds it. It starts when the first guest needs it. */
export interface RemoteTranspiler {
  /**
   * Makes a guest ready to be instantiated.
   *
   * @throws WasiNNError where the guest is no guest, cannot be fetched, or takes longer than its time limit (`timeout`);
   *   the signal's reason
   */
  prepare(source: GuestSource, options: PreparationOptions, signal?: AbortSignal): Promise<PreparedGuest>;
  /** @param cause what preparations that are under way end with */
  dispose(cause: WasiNNError): void;
}

interface Preparation {
  readonly source: GuestSource;
  readonly options: PreparationOptions;
  resolve(guest: PreparedGuest): void;
  reject(reason: unknown): void;
}

/**
 * @param workers start the transpiler's worker
 * @param milliseconds how long the work on one component may take
 * @param startMilliseconds how long the worker may take to start
 */
export function createRemoteTranspiler(
  workers: PageWorkers,
  milliseconds: number,
  startMilliseconds: number,
): RemoteTranspiler {
  const preparations = new Map<number, Preparation>();
  let worker: Worker | undefined;
  let watch: WorkerWatch | undefined;
  let nextId = 0;
  /** The preparation that the worker works on, and the end of its time. */
  let work: { readonly id: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

  function start(): Worker {
    const started = workers.start('transpiler');
    started.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (started === worker && isTranspilerMessage(data)) receive(data);
    };
    started.onerror = ({ message }) => {
      if (started === worker) fail(workers.error('transpiler', message));
    };
    watch = watchWorker('transpiler', startMilliseconds, (cause) => fail(workers.error('transpiler', cause)));
    const message: PageMessage = { type: 'hold', lock: watch.lock };
    started.postMessage(message);
    return started;
  }

  function tell(message: PageMessage): void {
    worker ??= start();
    worker.postMessage(message);
  }

  function receive(message: TranspilerMessage): void {
    switch (message.type) {
      case 'ready':
        watch?.started();
        return;
      case 'working':
        endWork();
        work = { id: message.id, timer: setTimeout(() => giveUp(message.id), milliseconds) };
        return;
      case 'prepared':
        take(message.id)?.resolve(message.guest);
        return;
      case 'refused':
        take(message.id)?.reject(fromPlainError(message.error));
        if (message.isBroken) restart();
    }
  }

  function take(id: number): Preparation | undefined {
    if (work?.id === id) endWork();
    const preparation = preparations.get(id);
    preparations.delete(id);
    return preparation;
  }

  function endWork(): void {
    clearTimeout(work?.timer);
    work = undefined;
  }

  function giveUp(id: number): void {
    const explanation = `instantiate: the component took longer than ${milliseconds} ms to transpile: transpile it in a build step, or set limits.transpileMilliseconds`;
    take(id)?.reject(new WasiNNError('timeout', explanation));
    restart();
  }

  function stop(): void {
    endWork();
    watch?.stop();
    worker?.terminate();
    worker = undefined;
  }

  /** Has a fresh worker go on with the preparations that are left. */
  function restart(): void {
    stop();
    for (const [id, { source, options }] of preparations) tell({ type: 'prepare', id, source, options });
  }

  function fail(cause: WasiNNError): void {
    stop();
    for (const { reject } of preparations.values()) reject(cause);
    preparations.clear();
  }

  function abort(id: number, reason: unknown): void {
    if (!preparations.has(id)) return;
    const isWorkedOn = work?.id === id;
    take(id)?.reject(reason);
    // jco cannot be interrupted.
    if (isWorkedOn) restart();
    else tell({ type: 'abort', id });
  }

  return {
    async prepare(source, options, signal) {
      signal?.throwIfAborted();
      const id = nextId++;
      const { promise, resolve, reject } = Promise.withResolvers<PreparedGuest>();
      const onAbort = () => abort(id, signal?.reason);
      preparations.set(id, { source, options, resolve, reject });
      signal?.addEventListener('abort', onAbort);
      tell({ type: 'prepare', id, source, options });
      return promise.finally(() => signal?.removeEventListener('abort', onAbort));
    },
    dispose: fail,
  };
}
