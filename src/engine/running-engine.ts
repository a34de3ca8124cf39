import type { WasiNNError } from '../standard/error.js';
import type { EngineEvent, EngineStats } from './engine.js';
import { type EngineConfiguration, type EngineMessage, isEngineMessage, type PageMessage } from './protocol.js';
import { startWorker, workerError } from './start-worker.js';
import { createBoard, readTurns, type Turn, updateBoard, watchTurns } from './turns.js';

/** One engine worker, from its start to its end. */
export interface RunningEngine {
  tell(message: PageMessage, transfer?: Transferable[]): void;
  /** What the engine has; resolves to nothing where it ends before it can tell. */
  stats(): Promise<EngineStats | undefined>;
  /** The turns that are under way, or were when it ended by itself. */
  turns(): readonly Turn[];
  end(): void;
}

/** What a page gives a worker to start with. */
export type RunningEngineOptions = Omit<EngineConfiguration, 'board' | 'lifeLock'>;

/** What becomes of a worker; nothing is called after its `end`. */
export interface RunningEngineListener {
  onEvent(event: EngineEvent): void;
  /** It needs a port to the models, to be told. */
  onModelsWanted(): void;
  /** Its script could not be loaded, or failed before it was ready. */
  onUnstartable(error: WasiNNError): void;
  /** A turn takes longer than its limit. */
  onOverdue(turn: Turn): void;
  /** It has ended, or something in it has failed that nobody caught. */
  onBroken(cause: string): void;
  /** Nothing is under way, and a fresh worker would take far less memory. */
  onOutgrown(reason: string): void;
}

export function startRunningEngine(options: RunningEngineOptions, listener: RunningEngineListener): RunningEngine {
  const { loadMilliseconds: load, computeMilliseconds: compute, startMilliseconds } = options.limits;
  const board = createBoard();
  const watch = watchTurns(board, { load, compute, read: compute }, listener.onOverdue);
  const lifeLock = `wasi-nn engine ${Date.now()} ${Math.random()}`;
  const ended = new AbortController();
  let isReady = false;
  const questions: ((stats: EngineStats | undefined) => void)[] = [];
  const startLimit = setTimeout(
    () => listener.onBroken(`it did not start in ${startMilliseconds} ms`),
    startMilliseconds,
  );

  const worker = startWorker(
    () => new Worker(new URL('./engine-worker.js', import.meta.url), { type: 'module', name: 'wasi-nn engine' }),
  );
  const tell = (message: PageMessage, transfer: Transferable[] = []) => worker.postMessage(message, transfer);

  function receive(message: EngineMessage): void {
    switch (message.type) {
      case 'event':
        listener.onEvent(message.event);
        return;
      case 'models-wanted':
        listener.onModelsWanted();
        return;
      case 'ready':
        isReady = true;
        clearTimeout(startLimit);
        void awaitDeath(lifeLock, ended.signal).then(listener.onBroken, () => undefined);
        return;
      case 'stats':
        questions.shift()?.(message.stats);
        return;
      case 'outgrown':
        listener.onOutgrown(message.reason);
        return;
      case 'broken':
        listener.onBroken(message.reason);
        return;
      case 'busy':
        watch.wake();
        return;
      case 'turn':
        updateBoard(board, message.place, message.words);
        watch.wake();
    }
  }

  worker.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (!ended.signal.aborted && isEngineMessage(data)) receive(data);
  };
  worker.onerror = ({ message }) => {
    if (ended.signal.aborted) return;
    if (isReady) listener.onBroken(message);
    else listener.onUnstartable(workerError('engine', message));
  };
  tell({ type: 'configure', configuration: { ...options, board, lifeLock } });

  return {
    tell,
    stats: () =>
      new Promise((resolve) => {
        questions.push(resolve);
        tell({ type: 'stats' });
      }),
    turns: () => readTurns(board),
    end() {
      ended.abort();
      clearTimeout(startLimit);
      watch.stop();
      worker.terminate();
      for (const resolve of questions.splice(0)) resolve(undefined);
    },
  };
}

/**
 * Resolves, to a text, when a worker that holds a lock has ended, for whatever reason: browsers tell of that in no other
 * way. Never where there are no locks.
 */
async function awaitDeath(lock: string, signal: AbortSignal): Promise<string> {
  if (!('locks' in navigator)) return new Promise(() => undefined);
  return navigator.locks.request(lock, { signal }, async () => 'its worker was ended');
}
