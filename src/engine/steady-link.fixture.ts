import type { ExecutionTarget } from '../standard/graph.js';
import type { NamedTensor } from '../standard/tensor.js';
import type { EngineConnection } from './connection.js';
import type { Lane } from './lanes.js';
import { type GraphInfo, isResident } from './link.js';
import type { FailedCall } from './loss.js';
import { isOpenMessage, isTargetQuestion, isUnansweredMessage, type LossMessage } from './protocol.js';
import { serve } from './serve.js';
import { createSteadyMessageLink, type SteadyLink } from './steady-link.js';
import { answerTarget } from './target-question.js';

/** A page whose engines come and go under its guest, for tests. */

export const info = (id: number): GraphInfo => ({
  id,
  backend: 'fake',
  device: { target: 'cpu', provider: 'wasm', description: 'fake' },
  inputs: [],
  outputs: [],
});

const opened: MessagePort[] = [];

/** To be called after each test. */
export function closePorts(): void {
  for (const port of opened.splice(0)) port.close();
}

/**
 * An engine that writes down what it is asked, and answers when it is let.
 *
 * @param options.keeps whether outputs stay on a device
 */
export function createFakeEngine(firstId: number, { keeps = false } = {}) {
  const calls: string[] = [];
  let gate: Promise<void> = Promise.resolve();
  let nextId = firstId;
  let device = info(0).device;
  const connection: EngineConnection = {
    async load(parts, encoding, target) {
      calls.push(`load ${parts.map((part) => part.join('.'))} ${encoding} ${target}`);
      await gate;
      return { ...info(nextId++), device };
    },
    async loadByName(name) {
      calls.push(`loadByName ${name}`);
      await gate;
      return { ...info(nextId++), device };
    },
    async compute(graph, inputs) {
      const residents = inputs.flatMap(([, tensor]) => (isResident(tensor) ? [` #${tensor.resident}`] : []));
      calls.push(`compute ${graph}${residents.join('')}`);
      await gate;
      return keeps
        ? inputs.map(([name, { type, dimensions }]) => [name, { type, dimensions, resident: nextId++ }])
        : inputs;
    },
    async unload(graph) {
      calls.push(`unload ${graph}`);
    },
    deviceOf: () => device,
    async readTensor(resident) {
      calls.push(`read ${resident}`);
      await gate;
      return { type: 'U8', dimensions: [1], data: Uint8Array.of(resident) };
    },
    async releaseTensor(resident) {
      calls.push(`release ${resident}`);
    },
    close: async () => undefined,
  };
  return {
    calls,
    connection,
    /** From now on graphs run on another device. */
    moveTo: (description: string) => {
      device = { ...device, description };
    },
    /** From now on nothing is answered. */
    stall: () => {
      gate = new Promise(() => undefined);
    },
  };
}

export type FakeEngine = ReturnType<typeof createFakeEngine>;

/** A page that gives its guest one engine after another. */
export function openLine(...engines: readonly FakeEngine[]): {
  link: SteadyLink;
  /** The lanes of which the link reported a call without an answer. */
  unanswered: Lane[];
  lose(failed?: readonly FailedCall[]): void;
} {
  const { link, unanswered, lose } = openLines({ cpu: engines, accelerated: [] });
  return { link, unanswered, lose: (failed) => lose('cpu', failed) };
}

/** A page that does so for each lane, and knows what models are meant for. */
export function openLines(
  engines: Readonly<Record<Lane, readonly FakeEngine[]>>,
  targets: Readonly<Record<string, ExecutionTarget>> = {},
): {
  link: SteadyLink;
  /** The names that the page was asked for. */
  asked: string[];
  unanswered: Lane[];
  lose(lane: Lane, failed?: readonly FailedCall[]): void;
} {
  const { port1: line, port2 } = new MessageChannel();
  opened.push(line, port2);
  const asked: string[] = [];
  const unanswered: Lane[] = [];
  const generations = { cpu: 0, accelerated: 0 };
  line.onmessage = ({ data }) => {
    if (isTargetQuestion(data)) {
      asked.push(data.name);
      const target = targets[data.name];
      if (target) answerTarget(line, data, target);
    }
    if (isUnansweredMessage(data)) unanswered.push(data.unanswered);
    if (!isOpenMessage(data) || !('port' in data)) return;
    opened.push(data.port);
    const engine = engines[data.lane][generations[data.lane]++];
    if (engine) serve(data.port, engine.connection);
  };
  return {
    link: createSteadyMessageLink(port2),
    asked,
    unanswered,
    lose(lane, failed = []) {
      const message: LossMessage = { lane, failed };
      line.postMessage(message);
    },
  };
}

export function tensor(byteLength: number): NamedTensor {
  return ['x', { type: 'U8', dimensions: [byteLength], data: new Uint8Array(byteLength).fill(7) }];
}

export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
