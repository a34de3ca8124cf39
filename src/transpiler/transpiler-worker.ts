import { isPageMessage, type PageMessage, type TranspilerMessage } from '../rpc/transpiler-protocol.js';
import { toPlainError } from '../standard/plain-error.js';
import { holdWorkerLock } from '../standard/worker-watch.js';
import { prepareGuest, type TakeTurn } from './prepare-guest.js';
import { TranspilerBroken } from './transpile.js';

/** The transpiler's thread: it prepares guests, and runs none of their code. */

const aborts = new Map<number, AbortController>();
let lastTurn: Promise<unknown> = Promise.resolve();

globalThis.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  if (!isPageMessage(data)) return;
  switch (data.type) {
    case 'hold':
      void holdWorkerLock(data.lock).then(() => tell({ type: 'ready' }));
      return;
    case 'prepare':
      void prepare(data);
      return;
    case 'abort':
      aborts.get(data.id)?.abort();
  }
});

async function prepare({ id, source, options }: PageMessage & { readonly type: 'prepare' }): Promise<void> {
  const abort = new AbortController();
  aborts.set(id, abort);
  const takeTurn: TakeTurn = (work) => {
    const turn = lastTurn.then(() => {
      abort.signal.throwIfAborted();
      tell({ type: 'working', id });
      return work();
    });
    lastTurn = turn.catch(() => undefined);
    return turn;
  };
  try {
    tell({ type: 'prepared', id, guest: await prepareGuest(source, options, takeTurn, abort.signal) });
  } catch (cause) {
    const error = toPlainError(cause, 'instantiate: the guest cannot be prepared');
    tell({ type: 'refused', id, error, isBroken: cause instanceof TranspilerBroken });
  } finally {
    aborts.delete(id);
  }
}

function tell(message: TranspilerMessage): void {
  globalThis.postMessage(message);
}
