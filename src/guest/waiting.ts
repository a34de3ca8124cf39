import { createBlockingInferenceClient, createInferenceClient } from '../rpc/create-inference-client.js';
import type { InferenceClient } from '../rpc/inference-client.js';
import { type PromiseIntegration, promiseIntegration } from '../rpc/jspi.js';
import type { Mailbox } from '../rpc/mailbox.js';
import { chooseWaiting, supportedWaiting, type Waiting } from '../rpc/waiting.js';
import { WasiNNError } from '../standard/error.js';

/** How a guest reaches the engine. */
export interface Connection {
  readonly client: InferenceClient;
  /** What the guest must be suspended with, where functions that wait answer with promises. */
  readonly jspi?: PromiseIntegration;
}

/**
 * Connects a guest with the engine.
 *
 * @param mailbox which the page has made for a guest whose thread blocks
 * @param waits whether the guest imports functions that wait; one that does not runs anywhere
 * @param wish how to wait. Default: `suspend` where the browser can, else `block`
 * @throws WasiNNError `unsupported-operation` where the browser or the page cannot do what is wished, or neither
 */
export function connect(
  port: MessagePort,
  mailbox: Mailbox | undefined,
  waits: boolean,
  wish: Waiting | undefined,
): Connection {
  if (!waits) return { client: createInferenceClient(port) };
  const waiting = chooseWaiting(wish, supportedWaiting());
  const jspi = promiseIntegration();
  if (waiting === 'suspend' && jspi) return { client: createInferenceClient(port), jspi };
  if (!mailbox)
    throw new WasiNNError('runtime-error', 'instantiate: the page has made no mailbox for a guest that blocks');
  return { client: createBlockingInferenceClient(port, mailbox) };
}
