import { countDown } from '../standard/countdown.js';
import type { WasiNNError } from '../standard/error.js';
import { watchWorker } from '../standard/worker-watch.js';
import type { EngineEvent, EngineStats } from './engine.js';
import { type EngineConfiguration, type EngineMessage, isEngineMessage, type PageMessage } from './protocol.js';
import { startWorker, workerError } from './start-worker.js';
import { createBoard, lastTurn, readTurns, type Turn, updateBoard, watchTurns } from './turns.js';

/** One engine worker, from its start to its end. */
export interface RunningEngine {
  tell(message: PageMessage, transfer?: Transferable[]): void;
  /** What the engine has; resolves to nothing where it ends before it can tell. */
  stats(): Promise<EngineStats | undefined>;
  /** Checks that the engine's thread still takes messages. Where it does not, the listener's `onUnresponsive` follows. */
  probe(): void;
  /** The turns that are under way, or were when it ended by itself. */
  turns(): readonly Turn[];
  end(): void;
}

/** What a page gives a worker to start with. */
export type RunningEngineOptions = Omit<EngineConfiguration, 'board' | 'workerLock'>;

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
  /** Its thread takes no messages, though no call is under way that may block it. */
  onUnresponsive(reason: string): void;
  /** Nothing is under way, and a fresh worker would take far less memory. */
  onOutgrown(reason: string): void;
}

export function startRunningEngine(options: RunningEngineOptions, listener: RunningEngineListener): RunningEngine {
  const { loadMilliseconds: load, computeMilliseconds: compute, startMilliseconds } = options.limits;
  const board = createBoard();
  const turnWatch = watchTurns(board, { load, compute, read: compute }, listener.onOverdue);
  const workerWatch = watchWorker('engine', startMilliseconds, listener.onBroken);
  let isReady = false;
  let hasEnded = false;
  const questions: ((stats: EngineStats | undefined) => void)[] = [];
  let stopCountdown: (() => void) | undefined;

  const worker = startWorker(
    () => new Worker(new URL('./engine-worker.js', import.meta.url), { type: 'module', name: 'wasi-nn engine' }),
  );
  const tell = (message: PageMessage, transfer: Transferable[] = []) => worker.postMessage(message, transfer);

  function ask(): Promise<EngineStats | undefined> {
    return new Promise((resolve) => {
      questions.push(resolve);
      tell({ type: 'stats' });
      expectAnswer();
    });
  }

  function takeAnswer(stats: EngineStats): void {
    questions.shift()?.(stats);
    stopCountdown?.();
    stopCountdown = undefined;
    expectAnswer();
  }

  /** Limits how long the thread may leave a question open. A runtime that computes blocks it: other limits hold then. */
  function expectAnswer(): void {
    if (!isReady || stopCountdown || questions.length === 0) return;
    const isBusy = readTurns(board).length > 0;
    const turn = lastTurn(board);
    stopCountdown = countDown(startMilliseconds, () => {
      stopCountdown = undefined;
      const wasBusy = isBusy || lastTurn(board) !== turn || readTurns(board).length > 0;
      if (wasBusy) expectAnswer();
      else listener.onUnresponsive(`its thread took no message for ${startMilliseconds} ms, though no call ran on it`);
    });
  }

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
        workerWatch.started();
        expectAnswer();
        return;
      case 'stats':
        takeAnswer(message.stats);
        return;
      case 'outgrown':
        listener.onOutgrown(message.reason);
        return;
      case 'broken':
        listener.onBroken(message.reason);
        return;
      case 'busy':
        turnWatch.wake();
        return;
      case 'turn':
        updateBoard(board, message.place, message.words);
        turnWatch.wake();
    }
  }

  worker.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (!hasEnded && isEngineMessage(data)) receive(data);
  };
  worker.onerror = ({ message }) => {
    if (hasEnded) return;
    if (isReady) listener.onBroken(message);
    else listener.onUnstartable(workerError('engine', message));
  };
  tell({ type: 'configure', configuration: { ...options, board, workerLock: workerWatch.lock } });

  return {
    tell,
    stats: ask,
    probe() {
      if (questions.length === 0) void ask();
    },
    turns: () => readTurns(board),
    end() {
      hasEnded = true;
      workerWatch.stop();
      stopCountdown?.();
      turnWatch.stop();
      worker.terminate();
      for (const resolve of questions.splice(0)) resolve(undefined);
    },
  };
}
