import type { NamedSentTensor } from '../rpc/inference-client.js';
import { type HubMailbox, type Mailbox, openHubMailbox } from '../rpc/mailbox.js';
import { endpointOf, type Handlers, openRpc, Transferring } from '../rpc/rpc.js';
import { createSharedMemoryPool } from '../rpc/shared-memory-pool.js';
import { buffersOf, giveBack, receivedTensors, sentTensors, sentValue, sharesTensors } from '../rpc/transfer.js';
import { isBlob, isUint8Array, isUint8ArrayOfAnyMemory } from '../standard/brand-checks.js';
import { WasiNNError } from '../standard/error.js';
import { isExecutionTarget, isGraphEncoding } from '../standard/graph.js';
import { isObjectWith } from '../standard/is-object-with.js';
import { toPlainError } from '../standard/plain-error.js';
import { maximumImages } from '../standard/prompt-images.js';
import { isTensorType } from '../standard/tensor.js';
import { maximumConfigurationBytes } from '../standard/text-configuration.js';
import type { Client } from './client.js';

/**
 * Answers the requests of a client (`rpc/create-inference-client.ts`). A client may be the worker of a hostile guest, so
 * whatever comes is parsed. Responses go through the port, or through the mailbox of a client whose thread blocks.
 *
 * @param maximumBytes how many bytes of tensors one request may have
 * @param shared the client's mailbox, where its thread blocks
 * @param shares whether large outputs go through shared memory, where there is no mailbox. Default: where that is faster
 *   than the port
 * @returns ends the service
 */
export function serveClient(
  port: MessagePort,
  client: Client,
  maximumBytes: number,
  shared?: Mailbox,
  shares = sharesTensors,
): () => void {
  const handlers = handlersOf(client, maximumBytes, shares && !shared);
  const mailbox = shared && openHubMailbox(shared, maximumBytes);
  /** Ends the requests that came through the mailbox: a guest whose thread blocks gives none up. */
  const closing = new AbortController();

  const answer = (message: unknown, byteLength: number) => {
    const bytes = { byteLength, maximumBytes };
    return respond(handlers, message, bytes, closing.signal);
  };

  async function serveMailbox({ receive, send }: HubMailbox): Promise<void> {
    for (let received = await receive(); received; received = await receive()) {
      await send(await answer(received.message, received.byteLength));
    }
  }

  const rpc = openRpc(endpointOf(port), {
    ...handlers,
    ring: () => mailbox?.rung(),
    async loadIntoMailbox(parameters) {
      await mailbox?.send(await answer({ method: 'load', parameters }, 0));
    },
  });

  // Only a worker that runs other code than this library's breaks the mailbox.
  if (mailbox) serveMailbox(mailbox).catch(() => end());

  function end(): void {
    const cause = new WasiNNError('runtime-error', 'this guest has been disposed of: instantiate it again');
    closing.abort(cause);
    rpc.close(cause);
    mailbox?.close();
    port.close();
  }
  return end;
}

/** What goes into a mailbox: a result, or an error. */
async function respond(
  handlers: Handlers,
  message: unknown,
  { byteLength, maximumBytes }: { readonly byteLength: number; readonly maximumBytes: number },
  signal: AbortSignal,
): Promise<{ readonly result: unknown } | { readonly error: unknown }> {
  try {
    if (byteLength > maximumBytes) {
      const text = `compute: ${byteLength} bytes of inputs are more than the ${maximumBytes} that the page allows`;
      throw new WasiNNError('too-large', text);
    }
    if (!isObjectWith(message, 'method') || !isObjectWith(message, 'parameters')) throw malformed('request');
    const { method } = message;
    const handler = typeof method === 'string' && Object.hasOwn(handlers, method) ? handlers[method] : undefined;
    if (!handler) throw malformed('request');
    const value = await handler(message.parameters, { signal });
    return { result: value instanceof Transferring ? value.result : value };
  } catch (cause) {
    return { error: toPlainError(cause) };
  }
}

/**
 * @param maximumBytes how many bytes of tensors one request may have
 * @param shares whether large outputs go through shared memory
 */
function handlersOf(client: Client, maximumBytes: number, shares: boolean): Handlers {
  const newPool = () => (shares ? createSharedMemoryPool() : undefined);
  return {
    load(parameters, { signal }) {
      if (!isObjectWith(parameters, 'parts') || !isObjectWith(parameters, 'encoding')) throw malformed('load');
      const { parts, encoding } = parameters;
      const target = isObjectWith(parameters, 'target') ? parameters.target : undefined;
      if (!Array.isArray(parts) || !parts.every(isBlob)) throw malformed('load');
      if (!isGraphEncoding(encoding) || !isExecutionTarget(target)) throw malformed('load');
      return client.load(parts, encoding, target, signal);
    },
    loadByName(parameters, { signal }) {
      if (!isObjectWith(parameters, 'name') || typeof parameters.name !== 'string') throw malformed('loadByName');
      const configuration = isObjectWith(parameters, 'configuration') ? parameters.configuration : undefined;
      if (configuration !== undefined && !isConfiguration(configuration)) throw malformed('loadByName');
      return client.loadByName(parameters.name, signal, configuration);
    },
    async compute(parameters, { signal }) {
      if (!isObjectWith(parameters, 'inputs') || !isNamedTensors(parameters.inputs)) throw malformed('compute');
      const inputs = receivedTensors(parameters.inputs, maximumBytes);
      const pool = newPool();
      // The memory that the inputs came in takes the outputs back.
      giveBack(parameters.inputs, pool);
      const { outputs, ...computed } = await client.compute(numberOf(parameters, 'graph'), inputs, signal);
      const sent = sentTensors(outputs, { pool });
      return new Transferring({ ...computed, outputs: sent }, buffersOf(sent));
    },
    unload: (parameters) => client.unload(numberOf(parameters, 'graph')),
    async readTensor(parameters) {
      const value = sentValue(await client.readTensor(numberOf(parameters, 'tensor')), { pool: newPool() });
      return new Transferring(value, buffersOf([['', value]]));
    },
    releaseTensor: (parameters) => client.releaseTensor(numberOf(parameters, 'tensor')),
    startText(parameters) {
      if (!isObjectWith(parameters, 'prompt') || !isUint8Array(parameters.prompt)) throw malformed('startText');
      if (!isObjectWith(parameters, 'configuration') || !isUint8Array(parameters.configuration))
        throw malformed('startText');
      const { prompt, configuration } = parameters;
      const isChat = isObjectWith(parameters, 'isChat') && parameters.isChat === true;
      const images = isObjectWith(parameters, 'images') ? parameters.images : undefined;
      if (images !== undefined && !isImages(images)) throw malformed('startText');
      const request = { prompt, configuration, isChat, ...(images && { images }) };
      return client.startText(numberOf(parameters, 'graph'), request);
    },
    readText: (parameters) => client.readText(numberOf(parameters, 'text')),
    stopText: (parameters) => client.stopText(numberOf(parameters, 'text')),
  };
}

/** A client checks its length itself. */
function isConfiguration(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maximumConfigurationBytes;
}

function isImages(value: unknown): value is readonly Uint8Array<ArrayBuffer>[] {
  if (!Array.isArray(value) || value.length > maximumImages) return false;
  // A list may have holes, which `every` passes over.
  return Array.from<unknown>(value).every(isUint8Array);
}

function numberOf(parameters: unknown, key: 'graph' | 'tensor' | 'text'): number {
  const value = isObjectWith(parameters, key) ? parameters[key] : undefined;
  if (typeof value === 'number') return value;
  throw malformed(key);
}

function isNamedTensors(value: unknown): value is readonly NamedSentTensor[] {
  return Array.isArray(value) && value.every(isNamedTensor);
}

function isNamedTensor(value: unknown): value is NamedSentTensor {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [name, tensor]: readonly unknown[] = value;
  if (typeof name !== 'string' || !isObjectWith(tensor, 'type') || !isTensorType(tensor.type)) return false;
  if (!isObjectWith(tensor, 'dimensions') || !isDimensions(tensor.dimensions)) return false;
  if (isObjectWith(tensor, 'deviceTensor')) return typeof tensor.deviceTensor === 'number';
  return isObjectWith(tensor, 'data') && isUint8ArrayOfAnyMemory(tensor.data);
}

function isDimensions(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((length) => typeof length === 'number');
}

function malformed(what: string): WasiNNError {
  return new WasiNNError('invalid-argument', `${what}: the hub cannot read this request`);
}
