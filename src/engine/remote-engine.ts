import { WasiNNError } from '../standard/error.js';
import type { EngineEvent, EngineStats } from './engine.js';
import type { Limits } from './limits.js';
import { type FailedCall, writeNotice } from './loss.js';
import { closeMailbox } from './mailbox.js';
import {
  isOpenMessage,
  isSpareMessage,
  type LossMessage,
  type OpenMessage,
  toPlainError,
  type WaitingPlace,
} from './protocol.js';
import { type RunningEngine, type RunningEngineOptions, startRunningEngine } from './running-engine.js';
import type { Turn } from './turns.js';

/** The engine, as the page holds it: a worker, and after it others, as often as one breaks or has to be ended. */
export interface RemoteEngine {
  /** Opens a line for a guest; its port goes to the guest's thread, where a steady link is made of it. */
  connect(): RemoteConnection;
  /** Tells the worker that its port to the models is dead. */
  loseModels(cause: WasiNNError): void;
  /** What the engine has; nothing where none runs. */
  stats(): Promise<EngineStats>;
  /** Ends the worker, and with it every call that is under way. */
  dispose(): void;
}

export interface RemoteConnection {
  readonly port: MessagePort;
  /** Gives back all graphs of the guest. */
  close(): void;
}

/** The engine's worker was ended or broke down. Another takes over when it is next needed, and loads anew what it needs. */
export interface ReplaceEvent {
  readonly type: 'replace';
  readonly reason: string;
}

export interface RemoteEngineOptions extends RunningEngineOptions {
  /** Opens a port to the models worker. */
  connectModels(): MessagePort;
  onEvent(event: EngineEvent | ReplaceEvent): void;
  /** The worker could not be started: no call will be answered. */
  onFailure(error: WasiNNError): void;
}

/** A guest of the page, and how to reach it. */
interface Guest {
  readonly line: MessagePort;
  /** Ports for engines to come. */
  readonly spares: MessagePort[];
  /** Where its thread waits, if it blocks; what it last told. */
  waitingPlace?: WaitingPlace | undefined;
}

export function startEngine({ onEvent, onFailure, connectModels, ...options }: RemoteEngineOptions): RemoteEngine {
  const guests = new Map<number, Guest>();
  /** The guests that the running engine serves. */
  const served = new Set<number>();
  let running: RunningEngine | undefined = run();
  let nextGuest = 0;

  function run(): RunningEngine {
    const engine = startRunningEngine(options, {
      onEvent,
      onModelsWanted: () => attachModels(engine),
      onUnstartable: onFailure,
      onOverdue: (turn) => replaceAfter(overdue(turn, options.limits), [turn]),
      onBroken: (cause) => replaceAfter(broken(cause), engine.turns()),
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
    for (const id of served) {
      const guest = guests.get(id);
      if (guest) tellOfLoss(guest, failedCalls(id));
    }
    served.clear();
    onEvent({ type: 'replace', reason });
  }

  function attach(id: number, guest: Guest, message: OpenMessage): void {
    const port = 'port' in message ? message.port : guest.spares.shift();
    if (!port) return;
    running ??= run();
    served.add(id);
    guest.waitingPlace = 'waitingPlace' in message ? message.waitingPlace : undefined;
    running.tell({ type: 'connect', guest: id, port }, [port]);
  }

  return {
    connect() {
      const id = nextGuest++;
      const { port1: line, port2: port } = new MessageChannel();
      const guest: Guest = { line, spares: [] };
      guests.set(id, guest);
      line.onmessage = ({ data }: MessageEvent<unknown>) => {
        if (isOpenMessage(data)) attach(id, guest, data);
        if (isSpareMessage(data)) keepSpare(guest, data.spare);
      };
      return {
        port,
        close() {
          guests.delete(id);
          closePorts(guest);
          served.delete(id);
          running?.tell({ type: 'disconnect', guest: id });
        },
      };
    },
    loseModels: (cause) => running?.tell({ type: 'models-lost', error: toPlainError(cause) }),
    stats: async () => (await running?.stats()) ?? noStats,
    dispose() {
      running?.end();
      running = undefined;
      for (const guest of guests.values()) closePorts(guest);
      guests.clear();
    },
  };
}

/** Those of an engine that does not run. */
export const noStats: EngineStats = { guests: 0, graphs: 0, calls: 0, heapBytes: 0, deviceBytes: 0 };

function keepSpare({ spares }: Guest, spare: MessagePort): void {
  spares.push(spare);
  spare.postMessage('connected');
}

function closePorts({ line, spares }: Guest): void {
  for (const port of [line, ...spares]) port.close();
}

function tellOfLoss({ line, waitingPlace }: Guest, failed: readonly FailedCall[]): void {
  if (waitingPlace) {
    writeNotice(waitingPlace.notice, failed);
    closeMailbox(waitingPlace.mailbox);
    return;
  }
  const message: LossMessage = { failed };
  line.postMessage(message);
}

function overdue({ kind }: Turn, { loadMilliseconds, computeMilliseconds }: Limits): WasiNNError {
  const limit = kind === 'load' ? loadMilliseconds : computeMilliseconds;
  return new WasiNNError('timeout', `${kind}: it took more than the ${limit} ms that the page allows`);
}

function broken(cause: string): WasiNNError {
  return new WasiNNError('runtime-error', `the engine broke down while it worked on this call: ${cause}`);
}
