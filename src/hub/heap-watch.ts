import { WasiNNError } from '../standard/error.js';
import type { EngineProcess } from './engine-process.js';

/**
 * Ends an engine where a fresh one would take far less memory. The runtimes' heaps never shrink: what a graph has made them
 * grow by stays when the graph has gone, until the engine's thread ends. So each graph is charged with what the heaps grow by
 * while it is loaded or computed, for as long as it is loaded: it may need that again. What no graph is charged with is
 * of no use any more.
 */
export interface HeapWatch {
  /** Charges a graph with what its engine's heaps have grown by since they were last looked at. */
  charge(graph: number, engine: EngineProcess): void;
  /** The graph has gone. */
  forget(graph: number): void;
  /** To be called whenever a call has ended: it may have been the last one. */
  look(): void;
}

export interface HeapWatchOptions {
  /** The engines that run. */
  engines(): readonly EngineProcess[];
  /** Whether nothing would be lost with an engine but its graphs. */
  isIdle(engine: EngineProcess): boolean;
}

/** As many bytes are left alone that no graph is charged with: a fresh engine has its price too. */
const modestBytes = 512 << 20;

/** How long nothing is to be under way, in ms: a guest that computes again and again is not kept waiting. */
const quietMilliseconds = 2000;

interface Account {
  /** What the heaps had when they were last looked at. */
  heapBytes: number;
  readonly charges: Map<number, number>;
}

export function createHeapWatch({ engines, isIdle }: HeapWatchOptions): HeapWatch {
  const accounts = new Map<EngineProcess, Account>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function accountOf(engine: EngineProcess): Account {
    const account = accounts.get(engine) ?? { heapBytes: 0, charges: new Map<number, number>() };
    if (!accounts.has(engine)) engine.ended.addEventListener('abort', () => accounts.delete(engine));
    accounts.set(engine, account);
    return account;
  }

  const chargedBytes = (engine: EngineProcess) =>
    [...accountOf(engine).charges.values()].reduce((sum, charge) => sum + charge, 0);

  const isOutgrown = (engine: EngineProcess) => engine.status().heapBytes - chargedBytes(engine) > modestBytes;

  function look(): void {
    clearTimeout(timer);
    if (engines().some(isOutgrown)) timer = setTimeout(judge, quietMilliseconds);
  }

  function judge(): void {
    for (const engine of engines()) {
      if (!isIdle(engine) || !isOutgrown(engine)) continue;
      const { heapBytes } = engine.status();
      const text = `its heap of ${heapBytes} bytes is far more than the ${chargedBytes(engine)} bytes that its graphs have needed`;
      engine.terminate(new WasiNNError('runtime-error', text));
    }
  }

  return {
    charge(graph, engine) {
      if (engine.ended.aborted) return;
      const account = accountOf(engine);
      const { heapBytes } = engine.status();
      const charge = account.charges.get(graph) ?? 0;
      account.charges.set(graph, charge + heapBytes - account.heapBytes);
      account.heapBytes = heapBytes;
    },
    forget(graph) {
      for (const { charges } of accounts.values()) charges.delete(graph);
      look();
    },
    look,
  };
}
