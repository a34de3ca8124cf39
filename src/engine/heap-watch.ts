import type { Caller } from '../backends/backend.js';

/**
 * Tells when a fresh engine would take far less memory. The runtimes' heaps never shrink: what a graph has made them grow
 * by stays when the graph has gone, until the engine's thread ends. So each graph is charged with what the heaps grow by in
 * its turns, be it loaded or computed, for as long as it is loaded: it may need that again. What no graph is charged with
 * is of no use any more.
 */
export interface HeapWatch {
  /** Opens the account of a graph. */
  open(): HeapAccount;
  /** To be called whenever a call has ended: it may have been the last one. */
  look(): void;
}

export interface HeapAccount {
  /** Makes the turns of a caller the graph's. */
  charge(caller: Caller): Caller;
  /** The graph has gone. */
  close(): void;
}

export interface HeapWatchOptions {
  heapBytes(): number;
  /** Whether nothing would be lost with the engine but its graphs. */
  isIdle(): boolean;
  /** Told why a fresh engine would take far less memory, when nothing has been under way for a while. */
  onOutgrown(reason: string): void;
}

/** As many bytes are left alone that no graph is charged with: a fresh engine has its price too. */
const modestBytes = 512 << 20;

/** How long nothing is to be under way, in ms: a guest that computes again and again is not kept waiting. */
const quietMilliseconds = 2000;

export function createHeapWatch({ heapBytes, isIdle, onOutgrown }: HeapWatchOptions): HeapWatch {
  let charged = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const isOutgrown = () => heapBytes() - charged > modestBytes;

  function look(): void {
    clearTimeout(timer);
    if (isOutgrown()) timer = setTimeout(judge, quietMilliseconds);
  }

  function judge(): void {
    if (!isIdle() || !isOutgrown()) return;
    onOutgrown(`its heap of ${heapBytes()} bytes is far more than the ${charged} bytes that its graphs have needed`);
  }

  return {
    open() {
      let own = 0;
      return {
        charge: ({ guest, begin }) => ({
          guest,
          begin(part) {
            const end = begin(part);
            const before = heapBytes();
            return () => {
              end();
              const growth = heapBytes() - before;
              own += growth;
              charged += growth;
            };
          },
        }),
        close() {
          charged -= own;
          own = 0;
          look();
        },
      };
    },
    look,
  };
}
