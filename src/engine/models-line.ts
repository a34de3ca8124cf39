import type { ConvertedModels, NamedModels } from '../models/models.js';
import { createRemoteModels, type RemoteModels } from '../models/remote-models.js';
import type { WasiNNError } from '../standard/error.js';

/** The models, as the engine's worker reaches them: by a port that the page gives it when it is first needed. */
export interface ModelsLine extends NamedModels, ConvertedModels {
  /** The page has given a port. */
  attach(port: MessagePort): void;
  /** The other end of the port is gone, or none can be had. What is under way fails; the next call asks again. */
  lose(cause: WasiNNError): void;
}

/** A call that waits for a port. */
interface Waiter {
  resolve(remote: RemoteModels): void;
  reject(cause: WasiNNError): void;
}

/** @param ask asks the page for a port */
export function createModelsLine(ask: () => void): ModelsLine {
  let remote: RemoteModels | undefined;
  let waiters: Waiter[] = [];

  function present(): Promise<RemoteModels> {
    if (remote) return Promise.resolve(remote);
    if (waiters.length === 0) ask();
    return new Promise((resolve, reject) => waiters.push({ resolve, reject }));
  }

  return {
    open: async (name, signal) => (await present()).open(name, signal),
    forget: async (name) => (await present()).forget(name),
    findConverted: async (conversion) => (await present()).findConverted(conversion),
    keepConverted: async (conversion, piece) => (await present()).keepConverted(conversion, piece),
    attach(port) {
      remote = createRemoteModels(port);
      for (const { resolve } of waiters) resolve(remote);
      waiters = [];
    },
    lose(cause) {
      remote?.fail(cause);
      remote = undefined;
      for (const { reject } of waiters) reject(cause);
      waiters = [];
    },
  };
}
