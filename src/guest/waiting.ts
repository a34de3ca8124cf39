import { createBlockingInferenceClient, createInferenceClient } from '../rpc/create-inference-client.js';
import type { InferenceClient } from '../rpc/inference-client.js';
import { type PromiseIntegration, promiseIntegration } from '../rpc/jspi.js';
import { createMailbox } from '../rpc/mailbox.js';
import { chooseWaiting, supportedWaiting, type Waiting } from '../rpc/waiting.js';

/** How a guest reaches the engine. */
export interface Connection {
  readonly client: InferenceClient;
  /** What the guest must be suspended with, where functions that wait answer with promises. */
  readonly jspi?: PromiseIntegration;
}

/**
 * Connects a guest with the engine.
 *
 * @param waits whether the guest imports functions that wait; one that does not runs anywhere
 * @param wish how to wait. Default: `suspend` where the browser can, else `block`
 * @throws WasiNNError `unsupported-operation` where the browser or the page cannot do what is wished, or neither
 */
export async function connect(port: MessagePort, waits: boolean, wish: Waiting | undefined): Promise<Connection> {
  if (!waits) return { client: createInferenceClient(port) };
  const waiting = chooseWaiting(wish, supportedWaiting());
  const jspi = promiseIntegration();
  if (waiting === 'suspend' && jspi) return { client: createInferenceClient(port), jspi };
  return { client: await createBlockingInferenceClient(port, createMailbox()) };
}
