import { type EngineConfiguration, type EngineStatus, isEngineResponse } from '../rpc/engine-protocol.js';
import { endpointOf, type Handlers, openRpc, type Rpc } from '../rpc/rpc.js';
import { startWorker, workerError } from '../rpc/start-worker.js';
import { countDown } from '../standard/countdown.js';
import { WasiNNError } from '../standard/error.js';
import { fromPlainError } from '../standard/plain-error.js';
import { watchWorker } from '../standard/worker-watch.js';

/** A method of an engine (`engine/serve-engine.ts`). */
export type EngineMethod =
  | 'load'
  | 'compute'
  | 'unload'
  | 'readTensor'
  | 'releaseTensors'
  | 'startText'
  | 'readText'
  | 'stopText';

export interface EngineRequestOptions {
  readonly transfer?: Transferable[];
  /** How long the engine may work on it, in ms. What takes longer ends the engine. */
  readonly limit: number;
}

/** One engine worker, from its start to its end. */
export interface EngineProcess {
  /** Has the engine start the runtime that ONNX models on the CPU need. It may do so while it works on a request. */
  prepare(): void;
  /**
   * Has the engine do something. One request at a time.
   *
   * @throws WasiNNError what the backend throws; where the engine ends meanwhile, the cause of that
   */
  request(method: EngineMethod, parameters: unknown, options: EngineRequestOptions): Promise<unknown>;
  /** Aborts when the engine has ended, with the cause. */
  readonly ended: AbortSignal;
  /** What the engine last said of itself. */
  status(): EngineStatus;
  terminate(cause: WasiNNError): void;
}

/** An engine whose worker runs, or starts. */
export interface EngineWorker {
  readonly rpc: Rpc;
  /** Resolves when the engine has started. */
  readonly started: Promise<unknown>;
  terminate(): void;
}

/** Starts an engine's worker. @param onEnd called with the cause where the worker ends by itself, or cannot start */
export type StartEngineWorker = (handlers: Handlers, onEnd: (cause: WasiNNError) => void) => EngineWorker;

/** @param handlers the methods of the hub that the engine calls */
export function startEngineProcess(start: StartEngineWorker, handlers: Handlers): EngineProcess {
  const ending = new AbortController();
  const { signal: ended } = ending;
  let status: EngineStatus = { heapBytes: 0, milliseconds: 0 };

  const end = (cause: WasiNNError) => {
    if (ended.aborted) return;
    ending.abort(cause);
    worker.terminate();
    worker.rpc.close(cause);
  };
  const worker = start({ ...handlers, fault: (reason) => end(brokenDown(String(reason))) }, end);
  worker.started.catch(() => undefined);

  return {
    prepare: () => worker.rpc.notify('prepare', undefined),
    ended,
    status: () => status,
    terminate: end,
    async request(method, parameters, { transfer, limit }) {
      await worker.started;
      const stopCountdown = countDown(limit, () => end(timedOut(method, limit)));
      try {
        const response = await worker.rpc.request('call', [method, parameters], transfer ? { transfer } : {});
        if (!isEngineResponse(response)) throw new TypeError('the engine gave an answer of the wrong kind');
        status = response;
        if ('error' in response) throw fromPlainError(response.error);
        return response.result;
      } finally {
        stopCountdown();
        if (status.fault !== undefined) end(brokenDown(status.fault));
      }
    },
  };
}

export interface EngineWorkerOptions {
  readonly configuration: Omit<EngineConfiguration, 'workerLock'>;
  /** How long it may take to start. */
  readonly startMilliseconds: number;
}

/** Starts real workers. */
export function engineWorkerStarter({ configuration, startMilliseconds }: EngineWorkerOptions): StartEngineWorker {
  return (handlers, onEnd) => {
    const worker = startWorker(
      () =>
        new Worker(new URL('../engine/engine-worker.js', import.meta.url), { type: 'module', name: 'wasi-nn engine' }),
    );
    const watch = watchWorker('engine', startMilliseconds, (cause) => onEnd(brokenDown(cause)));
    worker.onerror = (event) => {
      // Otherwise it is an error of the hub as well.
      event.preventDefault();
      onEnd(workerError('engine', event.message));
    };
    const rpc = openRpc(endpointOf(worker), handlers);
    const started = rpc.request('configure', { ...configuration, workerLock: watch.lock });
    started.then(
      () => watch.started(),
      () => undefined,
    );
    return {
      rpc,
      started,
      terminate() {
        watch.stop();
        worker.terminate();
      },
    };
  };
}

function timedOut(method: EngineMethod, limit: number): WasiNNError {
  const operation = method === 'load' ? 'load' : 'compute';
  return new WasiNNError('timeout', `${operation}: it took more than the ${limit} ms that the page allows`);
}

function brokenDown(cause: string): WasiNNError {
  return new WasiNNError('runtime-error', `the engine broke down while it worked on this call: ${cause}`);
}
