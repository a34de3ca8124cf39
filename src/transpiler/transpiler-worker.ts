import { openRpc, parentEndpoint } from '../rpc/rpc.js';
import { isPreparation } from '../rpc/transpiler-protocol.js';
import { toWasiNNError, WasiNNError } from '../standard/error.js';
import { holdWorkerLock } from '../standard/worker-watch.js';
import { prepareGuest, type TakeTurn } from './prepare-guest.js';
import { TranspilerBroken } from './transpile.js';

/** The transpiler's thread: it prepares guests, and runs none of their code. */

let lastTurn: Promise<unknown> = Promise.resolve();

const rpc = openRpc(parentEndpoint(), {
  hold: (lock) => holdWorkerLock(String(lock)),
  async prepare(parameters, { signal }) {
    if (!isPreparation(parameters)) throw new WasiNNError('runtime-error', 'prepare: the request is malformed');
    const { id, source, options } = parameters;
    try {
      return await prepareGuest(source, options, createTurns(id, signal), signal);
    } catch (cause) {
      if (cause instanceof TranspilerBroken) rpc.notify('broken', id);
      throw toWasiNNError(cause, 'instantiate: the guest cannot be prepared');
    }
  },
});

/** Runs the work on one component after another. */
function createTurns(id: number, signal: AbortSignal): TakeTurn {
  return (work) => {
    const turn = lastTurn.then(() => {
      signal.throwIfAborted();
      rpc.notify('working', id);
      return work();
    });
    lastTurn = turn.catch(() => undefined);
    return turn;
  };
}
