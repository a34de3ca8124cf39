import type { NamedModels } from '../models/models.js';
import type { Entries } from '../models/registry.js';
import { type EngineKind, engineKinds } from '../rpc/engine-kind.js';
import type { EngineStats, HubEvent } from '../rpc/events.js';
import type { Limits } from '../rpc/limits.js';
import type { FallbackPolicy } from '../standard/device.js';
import { type Client, createClient } from './client.js';
import { createDispatcher } from './dispatcher.js';
import type { EngineProcess } from './engine-process.js';
import { createExpectedRuntime } from './expected-runtime.js';
import { createGraphs } from './graphs.js';
import { createHeapWatch } from './heap-watch.js';

/**
 * What all guests of a page share: engines, and the graphs in them. The hub computes nothing itself, since whatever
 * holds its thread holds every guest.
 */
export interface Hub {
  connect(): Client;
  stats(): EngineStats;
  /** Starts the engine for the CPU before it is needed, and its runtime, where all registered models need that. */
  start(): void;
}

export interface HubOptions {
  startEngine(kind: EngineKind): EngineProcess;
  readonly models: NamedModels;
  /** The registered models, as far as the hub knows them. Default: none. */
  readonly entries?: () => Entries;
  readonly limits: Limits;
  /** Where graphs may fall back to, unless the registry says otherwise. Default: anywhere. */
  readonly fallback?: FallbackPolicy;
  /** Whether calls are measured. Default: no. */
  readonly measure?: boolean;
  /** Whether language models have an engine of their own. Default: no, as where the page brings a backend for them. */
  readonly hasTextEngine?: boolean;
  onEvent(event: HubEvent): void;
}

export function createHub({
  startEngine,
  models,
  entries = () => new Map(),
  limits,
  fallback = true,
  measure = false,
  hasTextEngine = false,
  onEvent,
}: HubOptions): Hub {
  const clients = new Map<number, Client>();
  let nextClient = 0;

  const dispatcherFor = (kind: EngineKind) =>
    createDispatcher(
      () => startEngine(kind),
      ({ message: reason }) => onEvent({ type: 'replace', engine: kind, reason }),
    );
  const dispatchers = {
    cpu: dispatcherFor('cpu'),
    accelerator: dispatcherFor('accelerator'),
    text: dispatcherFor('text'),
  };
  const running = () => engineKinds.flatMap((kind) => dispatchers[kind].engine() ?? []);

  const heapWatch = createHeapWatch({
    engines: running,
    isIdle: (engine) =>
      engineKinds.every((kind) => dispatchers[kind].engine() !== engine || !dispatchers[kind].isBusy()) &&
      usages().every(({ deviceBytes }) => deviceBytes === 0),
  });
  const expected = createExpectedRuntime(entries);

  function start(): void {
    dispatchers.cpu.start();
    if (expected.byAll()) dispatchers.cpu.engine()?.prepare();
  }

  /** Starts the runtime of a model while its files come. */
  function expect(name: string): void {
    if (!expected.by(name)) return;
    dispatchers.cpu.start();
    dispatchers.cpu.engine()?.prepare();
  }

  const graphs = createGraphs({
    dispatchers,
    models,
    expect,
    limits,
    fallback,
    heapWatch,
    measure,
    hasTextEngine,
    onEvent,
  });

  const usages = () => Array.from(clients.values(), (client) => client.usage());

  return {
    connect() {
      const number = nextClient++;
      const client = createClient({ client: number, graphs, dispatchers, limits, onCallEnd: heapWatch.look });
      clients.set(number, client);
      return {
        ...client,
        close() {
          clients.delete(number);
          client.close();
        },
      };
    },
    stats() {
      const sum = (member: 'graphs' | 'calls' | 'deviceBytes') =>
        usages().reduce((total, usage) => total + usage[member], 0);
      return {
        guests: clients.size,
        graphs: sum('graphs'),
        calls: sum('calls'),
        deviceBytes: sum('deviceBytes'),
        heapBytes: running().reduce((total, engine) => total + engine.status().heapBytes, 0),
      };
    },
    start,
  };
}
