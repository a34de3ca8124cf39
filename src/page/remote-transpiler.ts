import type { GuestSource, PreparationOptions, PreparedGuest } from '../rpc/prepared-guest.js';
import { endpointOf, openRpc, type Rpc } from '../rpc/rpc.js';
import { startWorker, workerError } from '../rpc/start-worker.js';
import { isPreparedGuest, type Preparation } from '../rpc/transpiler-protocol.js';
import { WasiNNError } from '../standard/error.js';
import { type WorkerWatch, watchWorker } from '../standard/worker-watch.js';

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

interface TranspilerWorker {
  readonly worker: Worker;
  readonly watch: WorkerWatch;
  readonly rpc: Rpc;
  /** The number of the preparation that it works on, and the timer of its time limit. */
  work?: { readonly id: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;
  /** Whether it must be replaced. */
  isBroken: boolean;
}

/** What a request rejects with that another worker is to answer. */
const replaced = new WasiNNError('runtime-error', 'the transpiler worker was replaced');

/**
 * @param milliseconds how long the work on one component may take
 * @param startMilliseconds how long the worker may take to start
 */
export function createRemoteTranspiler(milliseconds: number, startMilliseconds: number): RemoteTranspiler {
  /** By the numbers of preparations: aborted when they exceed their time limit. */
  const timeLimits = new Map<number, AbortController>();
  let running: TranspilerWorker | undefined;
  let nextId = 0;

  function start(): TranspilerWorker {
    const worker = startWorker(
      () =>
        new Worker(new URL('../transpiler/transpiler-worker.js', import.meta.url), {
          type: 'module',
          name: 'wasi-nn transpiler',
        }),
    );
    const fail = (cause: string) => stop(transpiler, workerError('transpiler', cause));
    const watch = watchWorker('transpiler', startMilliseconds, fail);
    worker.onerror = ({ message }) => fail(message);
    const rpc = openRpc(endpointOf(worker), {
      working: (id) => beginWork(transpiler, Number(id)),
      broken() {
        transpiler.isBroken = true;
      },
    });
    const transpiler: TranspilerWorker = { worker, watch, rpc, isBroken: false };
    rpc.request('hold', watch.lock).then(watch.started, () => undefined);
    return transpiler;
  }

  function beginWork(transpiler: TranspilerWorker, id: number): void {
    endWork(transpiler);
    const timer = setTimeout(() => timeLimits.get(id)?.abort(tookTooLong(milliseconds)), milliseconds);
    transpiler.work = { id, timer };
  }

  function stop(transpiler: TranspilerWorker | undefined, cause: WasiNNError): void {
    if (!transpiler || transpiler !== running) return;
    running = undefined;
    endWork(transpiler);
    transpiler.watch.stop();
    transpiler.worker.terminate();
    transpiler.rpc.close(cause);
  }

  /** Requests a preparation, of the next worker too where the first is replaced meanwhile. */
  async function request(preparation: Preparation, signal: AbortSignal): Promise<unknown> {
    for (;;) {
      running ??= start();
      const transpiler = running;
      try {
        return await transpiler.rpc.request('prepare', preparation, { signal });
      } catch (cause) {
        if (cause === replaced) continue;
        // jco cannot be interrupted.
        const isWorkedOn = transpiler.work?.id === preparation.id;
        if (transpiler.isBroken || (signal.aborted && isWorkedOn)) stop(transpiler, replaced);
        throw cause;
      } finally {
        if (transpiler.work?.id === preparation.id) endWork(transpiler);
      }
    }
  }

  return {
    async prepare(source, options, signal) {
      signal?.throwIfAborted();
      const id = nextId++;
      const limit = new AbortController();
      timeLimits.set(id, limit);
      try {
        const givenUp = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
        const guest = await request({ id, source, options }, givenUp);
        if (isPreparedGuest(guest)) return guest;
        throw new WasiNNError('runtime-error', 'instantiate: the transpiler gave an answer of the wrong kind');
      } finally {
        timeLimits.delete(id);
      }
    },
    dispose: (cause) => stop(running, cause),
  };
}

function endWork(transpiler: TranspilerWorker): void {
  clearTimeout(transpiler.work?.timer);
  transpiler.work = undefined;
}

function tookTooLong(milliseconds: number): WasiNNError {
  const text = `instantiate: the component took longer than ${milliseconds} ms to transpile: transpile it in a build step, or set limits.transpileMilliseconds`;
  return new WasiNNError('timeout', text);
}
