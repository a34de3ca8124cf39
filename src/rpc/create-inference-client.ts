import { isBlob } from '../standard/brand-checks.js';
import type { Device } from '../standard/device.js';
import { toWasiNNError, WasiNNError } from '../standard/error.js';
import { isObjectWith } from '../standard/is-object-with.js';
import { fromPlainError, isPlainError } from '../standard/plain-error.js';
import { isTextProgress } from '../standard/text.js';
import { type Awaitable, andThen } from './awaitable.js';
import type {
  GraphInfo,
  InferenceClient,
  NamedClientTensor,
  NamedSentTensor,
  RemoteInferenceClient,
  SentValue,
} from './inference-client.js';
import type { Mailbox } from './mailbox.js';
import { openBlockingMailbox } from './mailbox.js';
import { endpointOf, openRpc, type RequestOptions } from './rpc.js';
import { createSharedMemoryPool, type SharedMemoryPool } from './shared-memory-pool.js';
import { buffersOf, giveBack, receivedTensors, receivedValue, sentTensors, sharesTensors } from './transfer.js';

/** Captured: the worker of a guest loses it before guest code runs (`guest/confine.ts`). */
const { Blob } = globalThis;

/** The methods that the hub answers to a client (`hub/serve-client.ts`). */
export type InferenceMethod =
  | 'load'
  | 'loadByName'
  | 'compute'
  | 'unload'
  | 'readTensor'
  | 'releaseTensor'
  | 'startText'
  | 'readText'
  | 'stopText';

/** How requests reach the hub. Its answers are all promises, or all values. */
interface Transport {
  /** Memory for large tensors, where they are shared. */
  readonly pool?: SharedMemoryPool | undefined;
  /** Whether buffers are handed over. */
  readonly transfers: boolean;
  request(method: InferenceMethod, parameters: object, options?: RequestOptions): Awaitable<unknown>;
}

/** A client whose answers are promises. */
export interface InferenceConnection extends RemoteInferenceClient {
  /** Rejects every call that is under way, and all that follow. */
  close(cause: WasiNNError): void;
}

/**
 * The client of the page, and of a guest that can be suspended.
 *
 * @param port its other end is the hub's
 * @param shares whether large tensors go through shared memory. Default: where that is faster than the port
 */
export function createInferenceClient(port: MessagePort, shares = sharesTensors): InferenceConnection {
  const rpc = openRpc(endpointOf(port));
  const client = createClient({
    pool: shares ? createSharedMemoryPool() : undefined,
    transfers: true,
    request: (method, parameters, options) => rpc.request(method, parameters, options),
  });
  return {
    ...client,
    close(cause) {
      rpc.close(cause);
      port.close();
    },
  };
}

/**
 * The client of a guest whose thread blocks until the hub has answered. Its answers are values.
 *
 * @param port its other end is the hub's. Blobs go through it
 * @param mailbox which the hub has too
 */
export function createBlockingInferenceClient(port: MessagePort, mailbox: Mailbox): InferenceClient {
  const endpoint = endpointOf(port);
  const blocking = openBlockingMailbox(mailbox, () => endpoint.post({ method: 'ring', parameters: {} }, []));

  function exchange(method: InferenceMethod, parameters: object): unknown {
    if (method !== 'load') return blocking.request({ method, parameters });
    endpoint.post({ method: 'loadIntoMailbox', parameters }, []);
    return blocking.receive();
  }

  return createClient({
    transfers: false,
    request(method, parameters) {
      const answer = exchange(method, parameters);
      if (isObjectWith(answer, 'error') && isPlainError(answer.error)) throw fromPlainError(answer.error);
      return isObjectWith(answer, 'result') ? answer.result : undefined;
    },
  });
}

function createClient({ request, pool, transfers }: Transport): RemoteInferenceClient {
  const devices = new Map<number, Device>();

  function toGraph(answer: unknown): GraphInfo {
    if (!isGraphInfo(answer)) throw unexpected();
    const { device, ...info } = answer;
    devices.set(info.id, device);
    return {
      ...info,
      get device() {
        return devices.get(info.id) ?? device;
      },
    };
  }

  /** @param sent the inputs, with which the hub is done */
  function toOutputs(graph: number, sent: readonly NamedSentTensor[], answer: unknown): readonly NamedClientTensor[] {
    if (!isComputed(answer)) throw unexpected();
    if (answer.device) devices.set(graph, answer.device);
    const outputs = receivedTensors(answer.outputs);
    // The outputs may have come in the memory of the inputs. Where a call fails, the hub may still write there.
    giveBack(sent, pool);
    return outputs;
  }

  return {
    load(parts, encoding, target, options) {
      const blobs = parts.map((part) => (isBlob(part) ? part : new Blob([part])));
      return andThen(request('load', { parts: blobs, encoding, target }, options), toGraph);
    },
    loadByName: (name, { configuration, signal } = {}) =>
      andThen(
        request('loadByName', { name, ...(configuration !== undefined && { configuration }) }, { signal }),
        toGraph,
      ),
    compute(graph, inputs, { signal, keepsInputs = false } = {}) {
      const sent = sentTensors(inputs, { pool, transfers, keeps: keepsInputs });
      const options = { transfer: buffersOf(sent), signal };
      return andThen(send('compute', { graph, inputs: sent }, options), (answer) => toOutputs(graph, sent, answer));
    },
    unload: (graph) => {
      devices.delete(graph);
      return andThen(request('unload', { graph }), () => undefined);
    },
    readTensor: (tensor) =>
      andThen(request('readTensor', { tensor }), (answer) => {
        if (isValue(answer)) return receivedValue(answer);
        throw unexpected();
      }),
    releaseTensor: (tensor) => andThen(request('releaseTensor', { tensor }), () => undefined),
    startText: (graph, text) =>
      andThen(request('startText', { graph, ...text }), (answer) => {
        if (typeof answer === 'number') return answer;
        throw unexpected();
      }),
    readText: (text) =>
      andThen(request('readText', { text }), (answer) => {
        if (isTextProgress(answer)) return answer;
        throw unexpected();
      }),
    stopText: (text) => andThen(request('stopText', { text }), () => undefined),
  };

  /** What cannot be posted is an argument of the wrong kind, such as a buffer that is gone. */
  function send(method: InferenceMethod, parameters: object, options: RequestOptions): Awaitable<unknown> {
    const refuse = (cause: unknown) => {
      if (options.signal?.aborted) throw cause;
      throw toWasiNNError(cause, `${method}: the values cannot be passed on`, 'invalid-argument');
    };
    try {
      const answer = request(method, parameters, options);
      return answer instanceof Promise ? answer.catch(refuse) : answer;
    } catch (cause) {
      return refuse(cause);
    }
  }
}

function isGraphInfo(answer: unknown): answer is GraphInfo {
  return isObjectWith(answer, 'id') && isObjectWith(answer, 'device') && isObjectWith(answer, 'inputs');
}

interface Computed {
  readonly outputs: readonly NamedSentTensor[];
  /** Where the graph ran, if that is another device than the client knows. */
  readonly device?: Device;
}

function isComputed(answer: unknown): answer is Computed {
  return isObjectWith(answer, 'outputs') && Array.isArray(answer.outputs);
}

function isValue(answer: unknown): answer is SentValue {
  return isObjectWith(answer, 'data') && isObjectWith(answer, 'dimensions');
}

function unexpected(): WasiNNError {
  const text = 'the hub gave an answer of the wrong kind: are all scripts of the library of one version?';
  return new WasiNNError('runtime-error', text);
}
