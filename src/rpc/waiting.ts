import { WasiNNError } from '../standard/error.js';
import { promiseIntegration } from './jspi.js';

/**
 * How a guest waits for the engine. `suspend`: WebAssembly is suspended (JSPI) and its thread goes on. `block`: the
 * thread stands still, which takes shared memory, and so a cross-origin isolated page, but no JSPI.
 */
export type Waiting = 'suspend' | 'block';

/**
 * How a component waits. `suspend-reading`: it is suspended also while it reads outputs that have stayed on a device, and a
 * standard input that comes from the page.
 */
export type ComponentWaiting = Waiting | 'suspend-reading';

/** The ways of waiting that the browser and the page support. */
export interface WaitingSupport {
  /** Whether the browser has JSPI. */
  readonly suspend: boolean;
  /** Whether the page is cross-origin isolated. */
  readonly block: boolean;
}

/** The ways of waiting that this thread supports. */
export function supportedWaiting(): WaitingSupport {
  return { suspend: promiseIntegration() !== undefined, block: globalThis.crossOriginIsolated };
}

const browsersWithJspi = 'Chrome or Edge 137, Firefox 153, Safari 27 or later';
const headers =
  'serve it with the headers "Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp"';

/**
 * Chooses how a guest waits.
 *
 * @param wish what the page asks for. Default: `suspend` where the browser supports it, else `block`
 * @throws WasiNNError `unsupported-operation` where the browser or the page does not support what is asked for
 */
export function chooseWaiting(wish: Waiting | undefined, supported: WaitingSupport): Waiting {
  if (supported.suspend && wish !== 'block') return 'suspend';
  if (supported.block && wish !== 'suspend') return 'block';
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
