import type { EngineLink } from '../engine/link.js';
import { createSteadyBlockingLink, createSteadyMessageLink } from '../engine/steady-link.js';
import { chooseWaiting, type Waiting, type WaitingSupport } from '../transpiler/waiting.js';
import { type PromiseIntegration, promiseIntegration } from './jspi.js';

/** How a guest reaches the engine. */
export interface Connection {
  readonly link: EngineLink;
  /** What the guest must be suspended with, where functions that wait answer with promises. */
  readonly jspi?: PromiseIntegration;
}

/** The ways of waiting that this thread supports. */
export function supportedWaiting(): WaitingSupport {
  return { suspend: promiseIntegration() !== undefined, block: globalThis.crossOriginIsolated };
}

/**
 * Connects a guest with the engine.
 *
 * @param waits whether the guest imports functions that wait; one that does not runs anywhere
 * @param wish how to wait. Default: `suspend` where the browser can, else `block`
 * @throws WasiNNError `unsupported-operation` where the browser or the page cannot do what is wished, or neither
 */
export async function connect(port: MessagePort, waits: boolean, wish: Waiting | undefined): Promise<Connection> {
  if (!waits) return { link: createSteadyMessageLink(port) };
  const waiting = chooseWaiting(wish, supportedWaiting());
  const jspi = promiseIntegration();
  if (waiting === 'suspend' && jspi) return { link: createSteadyMessageLink(port), jspi };
  return { link: await createSteadyBlockingLink(port) };
}
