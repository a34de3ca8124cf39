import type { EngineLink } from '../engine/link.js';
import { createSteadyBlockingLink, createSteadyMessageLink } from '../engine/steady-link.js';
import { WasiNNError } from '../standard/error.js';
import { type PromiseIntegration, promiseIntegration } from './jspi.js';

/**
 * How a guest waits for the engine. `suspend`: WebAssembly is suspended (JSPI) and its thread goes on. `block`: the
 * thread stands still, which takes shared memory, and so a cross-origin isolated page, but no JSPI.
 */
export type Waiting = 'suspend' | 'block';

/** How a guest reaches the engine. */
export interface Connection {
  readonly link: EngineLink;
  /** What the guest must be suspended with, where functions that wait answer with promises. */
  readonly jspi?: PromiseIntegration;
}

const browsersWithJspi = 'Chrome or Edge 137, Firefox 153, Safari 27 or later';
const headers =
  'serve it with the headers "Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp"';

/**
 * Connects a guest with the engine.
 *
 * @param waits whether the guest imports functions that wait; one that does not runs anywhere
 * @param wish how to wait. Default: `suspend` where the browser can, else `block`
 * @throws WasiNNError `unsupported-operation` where the browser or the page cannot do what is wished, or neither
 */
export async function connect(port: MessagePort, waits: boolean, wish: Waiting | undefined): Promise<Connection> {
  if (!waits) return { link: createSteadyMessageLink(port) };
  const jspi = promiseIntegration();
  if (jspi && wish !== 'block') return { link: createSteadyMessageLink(port), jspi };
  if (globalThis.crossOriginIsolated && wish !== 'suspend') return { link: await createSteadyBlockingLink(port) };
  throw new WasiNNError('unsupported-operation', `instantiate: ${explain(wish)}`);
}

function explain(wish: Waiting | undefined): string {
  switch (wish) {
    case 'suspend':
      return `this browser cannot suspend WebAssembly (JSPI): use ${browsersWithJspi}, or waiting: 'block' on a cross-origin isolated page`;
    case 'block':
      return `waiting: 'block' needs a cross-origin isolated page: ${headers}`;
    case undefined:
      return `this browser cannot suspend WebAssembly (JSPI), and without, guests need a cross-origin isolated page: ${headers}, or use ${browsersWithJspi}`;
  }
}
