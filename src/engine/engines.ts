import type { WasiNNError } from '../standard/error.js';
import type { ExecutionTarget } from '../standard/graph.js';
import type { EngineEvent, EngineStats } from './engine.js';
import { type Lane, lanes } from './lanes.js';
import { type FailedCall, writeNotice } from './loss.js';
import { closeMailbox } from './mailbox.js';
import {
  isOpenMessage,
  isSpareMessage,
  isTargetQuestion,
  isUnansweredMessage,
  type LossMessage,
  type OpenMessage,
  type TargetQuestion,
  type WaitingPlace,
} from './protocol.js';
import { createRemoteEngine, type RemoteEngineOptions } from './remote-engine.js';
import { answerTarget } from './target-question.js';

/** The engines of a page, one for each lane, and the lines that its guests have to them. */
export interface Engines {
  /** Opens a line for a guest; its port goes to the guest's thread, where a steady link is made of it. */
  connect(): RemoteConnection;
  /** Tells the workers that their ports to the models are dead. */
  loseModels(cause: WasiNNError): void;
  /** What the engines have together; nothing where none runs. */
  stats(): Promise<EngineStats>;
  /** Ends the workers, and with them every call that is under way. */
  dispose(): void;
}

export interface RemoteConnection {
  readonly port: MessagePort;
  /** Gives back all graphs of the guest. */
  close(): void;
}

/** An engine's worker was ended or broke down. Another takes over when it is next needed, and loads anew what it needs. */
export interface ReplaceEvent {
  readonly type: 'replace';
  /** Whether it had the graphs for `cpu`, or those for `gpu` and `tpu`. */
  readonly lane: Lane;
  readonly reason: string;
}

export interface EnginesOptions extends Omit<RemoteEngineOptions, 'onLoss' | 'onReplace'> {
  /** What a registered model is meant for. */
  targetOf(name: string): Promise<ExecutionTarget>;
  onEvent(event: EngineEvent | ReplaceEvent): void;
}

/** A guest of the page, and how to reach it. */
interface Guest {
  readonly line: MessagePort;
  /** Ports for engines to come, of either lane. */
  readonly spares: MessagePort[];
  /** Where its thread waits for each engine, if it blocks; what it last told. */
  readonly waitingPlaces: Map<Lane, WaitingPlace>;
}

/** Starts the engine for the CPU; the other starts with the first graph that goes there. */
export function startEngines({ targetOf, onEvent, ...options }: EnginesOptions): Engines {
  const guests = new Map<number, Guest>();
  let nextGuest = 0;

  const createEngine = (lane: Lane) =>
    createRemoteEngine({
      ...options,
      onEvent,
      onLoss: (id, failed) => {
        const guest = guests.get(id);
        if (guest) tellOfLoss(guest, lane, failed);
      },
      onReplace: (reason) => onEvent({ type: 'replace', lane, reason }),
    });
  const engines = { cpu: createEngine('cpu'), accelerated: createEngine('accelerated') };
  const all = lanes.map((lane) => engines[lane]);

  function attach(id: number, { spares, waitingPlaces }: Guest, message: OpenMessage): void {
    const { lane } = message;
    const port = 'port' in message ? message.port : spares.shift();
    if (!port) return;
    if ('waitingPlace' in message) waitingPlaces.set(lane, message.waitingPlace);
    engines[lane].attach(id, port);
  }

  async function answer(line: MessagePort, question: TargetQuestion): Promise<void> {
    // What is wrong with the name is said by the engine that is asked for it.
    const target = await targetOf(question.name).catch(() => 'cpu' as const);
    answerTarget(line, question, target);
  }

  engines.cpu.start();

  return {
    connect() {
      const id = nextGuest++;
      const { port1: line, port2: port } = new MessageChannel();
      const guest: Guest = { line, spares: [], waitingPlaces: new Map() };
      guests.set(id, guest);
      line.onmessage = ({ data }: MessageEvent<unknown>) => {
        if (isOpenMessage(data)) attach(id, guest, data);
        else if (isSpareMessage(data)) keepSpare(guest, data.spare);
        else if (isTargetQuestion(data)) void answer(line, data);
        else if (isUnansweredMessage(data)) engines[data.unanswered].probe();
      };
      return {
        port,
        close() {
          guests.delete(id);
          closePorts(guest);
          for (const engine of all) engine.detach(id);
        },
      };
    },
    loseModels(cause) {
      for (const engine of all) engine.loseModels(cause);
    },
    async stats() {
      const stats = await Promise.all(all.map((engine) => engine.stats()));
      const total = (member: keyof EngineStats) => stats.reduce((sum, own) => sum + (own?.[member] ?? 0), 0);
      // A guest may have graphs in both.
      const served = new Set(all.flatMap((engine) => engine.guests()));
      return {
        guests: served.size,
        graphs: total('graphs'),
        calls: total('calls'),
        heapBytes: total('heapBytes'),
        deviceBytes: total('deviceBytes'),
      };
    },
    dispose() {
      for (const engine of all) engine.dispose();
      for (const guest of guests.values()) closePorts(guest);
      guests.clear();
    },
  };
}

/** Those of engines that do not run. */
export const noStats: EngineStats = { guests: 0, graphs: 0, calls: 0, heapBytes: 0, deviceBytes: 0 };

function keepSpare({ spares }: Guest, spare: MessagePort): void {
  spares.push(spare);
  spare.postMessage('connected');
}

function closePorts({ line, spares }: Guest): void {
  for (const port of [line, ...spares]) port.close();
}

function tellOfLoss({ line, waitingPlaces }: Guest, lane: Lane, failed: readonly FailedCall[]): void {
  const waitingPlace = waitingPlaces.get(lane);
  if (waitingPlace) {
    writeNotice(waitingPlace.notice, failed);
    closeMailbox(waitingPlace.mailbox);
    return;
  }
  const message: LossMessage = { lane, failed };
  line.postMessage(message);
}
