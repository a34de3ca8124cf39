import { WasiNNError } from '../standard/error.js';
import type { EngineEvent, EngineStats } from './engine.js';
import type { Limits } from './limits.js';
import type { FailedCall } from './loss.js';
import { toPlainError } from './protocol.js';
import { type RunningEngine, type RunningEngineOptions, startRunningEngine } from './running-engine.js';
import type { Turn } from './turns.js';

/** An engine, as the page holds it: a worker, and after it others, as often as one breaks or has to be ended. */
export interface RemoteEngine {
  /** Starts the worker, where none runs, before it is needed. */
  start(): void;
  /** Connects a guest with the worker; where none runs one is started. */
  attach(guest: number, port: MessagePort): void;
  /** Gives back all graphs of a guest. */
  detach(guest: number): void;
  /** Those that the worker serves. */
  guests(): readonly number[];
  /** Checks that the worker's thread still takes messages, and replaces the worker where it does not. */
  probe(): void;
  /** Tells the worker that its port to the models is dead. */
  loseModels(cause: WasiNNError): void;
  /** What the engine has; nothing where none runs. */
  stats(): Promise<EngineStats | undefined>;
  /** Ends the worker, and with it every call that is under way. */
  dispose(): void;
}

export interface RemoteEngineOptions extends RunningEngineOptions {
  /** Opens a port to the models worker. */
  connectModels(): MessagePort;
  onEvent(event: EngineEvent): void;
  /** The worker is gone from under a guest, and these of its calls failed with it. */
  onLoss(guest: number, failed: readonly FailedCall[]): void;
  /** The worker is gone; another is started when it is needed. */
  onReplace(reason: string): void;
  /** The worker could not be started: no call will be answered. */
  onFailure(error: WasiNNError): void;
}

export function createRemoteEngine({
  onEvent,
  onLoss,
  onReplace,
  onFailure,
  connectModels,
  ...options
}: RemoteEngineOptions): RemoteEngine {
  /** The guests that the running engine serves. */
  const served = new Set<number>();
  let running: RunningEngine | undefined;

  function current(): RunningEngine {
    running ??= run();
    return running;
  }

  function run(): RunningEngine {
    const engine = startRunningEngine(options, {
      onEvent,
      onModelsWanted: () => attachModels(engine),
      onUnstartable: onFailure,
      onOverdue: (turn) => replaceAfter(overdue(turn, options.limits), [turn]),
      onBroken: (cause) => replaceAfter(broken(cause), engine.turns()),
      onUnresponsive: (reason) => replace(reason),
      onOutgrown: (reason) => replace(reason),
    });
    return engine;
  }

  function attachModels(engine: RunningEngine): void {
    const port = connectModels();
    engine.tell({ type: 'models', port }, [port]);
  }

  /** Ends a worker for the fault of some calls, which get the error. */
  function replaceAfter(cause: WasiNNError, turns: readonly Turn[]): void {
    const error = toPlainError(cause);
    replace(cause.message, (id) => turns.filter(({ guest }) => guest === id).map(({ call }) => ({ call, error })));
  }

  /** Ends a worker. Its guests open ports to the next one as soon as they need it. */
  function replace(reason: string, failedCalls: (guest: number) => readonly FailedCall[] = () => []): void {
    running?.end();
    running = undefined;
    for (const guest of served) onLoss(guest, failedCalls(guest));
    served.clear();
    onReplace(reason);
  }

  return {
    start: () => void current(),
    attach(guest, port) {
      const engine = current();
      served.add(guest);
      engine.tell({ type: 'connect', guest, port }, [port]);
    },
    detach(guest) {
      if (served.delete(guest)) running?.tell({ type: 'disconnect', guest });
    },
    guests: () => [...served],
    probe: () => running?.probe(),
    loseModels: (cause) => running?.tell({ type: 'models-lost', error: toPlainError(cause) }),
    stats: async () => running?.stats(),
    dispose() {
      running?.end();
      running = undefined;
      served.clear();
    },
  };
}

function overdue({ kind }: Turn, { loadMilliseconds, computeMilliseconds }: Limits): WasiNNError {
  const limit = kind === 'load' ? loadMilliseconds : computeMilliseconds;
  return new WasiNNError('timeout', `${kind}: it took more than the ${limit} ms that the page allows`);
}

function broken(cause: string): WasiNNError {
  return new WasiNNError('runtime-error', `the engine broke down while it worked on this call: ${cause}`);
}
