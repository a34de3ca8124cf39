import type { TensorValue } from '../standard/tensor.js';
import { andThen, lastly } from './awaitable.js';
import {
  type Awaitable,
  type ClientTensor,
  type InferenceClient,
  isOnDevice,
  type NamedClientTensor,
} from './inference-client.js';

/**
 * A tensor as a binding holds it. One that has stayed on a device is read when its bytes are first asked for, and given
 * back when the last of its holders has let go of it.
 */
export class TensorReference {
  readonly #client: InferenceClient | undefined;
  #tensor: ClientTensor;
  #reading: Promise<TensorValue> | undefined;
  #holders = 1;

  /** @param client where the tensor came from, if it came from a client */
  constructor(tensor: ClientTensor, client?: InferenceClient) {
    this.#tensor = tensor;
    this.#client = client;
  }

  /** What is known of it without asking. */
  get tensor(): ClientTensor {
    return this.#tensor;
  }

  /** Its bytes, which are read once; where that fails, it is tried again when they are next asked for. */
  value(): Awaitable<TensorValue> {
    if (this.#reading !== undefined) return this.#reading;
    const tensor = this.#tensor;
    if (!isOnDevice(tensor)) return tensor;
    const reading = this.#read(tensor.deviceTensor);
    if (reading instanceof Promise) this.#reading = reading;
    return reading;
  }

  /** What a client takes as an input; a value's buffer goes along. */
  forClient(client: InferenceClient): Awaitable<ClientTensor> {
    return this.#client === client && !this.#reading ? this.#tensor : this.value();
  }

  hold(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    this.#holders--;
    if (this.#holders === 0 && !this.#reading) this.#giveBack();
  }

  #read(deviceTensor: number): Awaitable<TensorValue> {
    const client = this.#client;
    if (!client) throw new TypeError('a tensor on a device was held without its client');
    const ask = () =>
      andThen(client.readTensor(deviceTensor), (value) => {
        this.#giveBack();
        this.#tensor = value;
        return value;
      });
    return lastly(ask, () => {
      this.#reading = undefined;
      if (this.#holders === 0) this.#giveBack();
    });
  }

  /** Whether that succeeds is of no concern to the guest. */
  #giveBack(): void {
    if (!isOnDevice(this.#tensor)) return;
    try {
      const answer = this.#client?.releaseTensor(this.#tensor.deviceTensor);
      if (answer instanceof Promise) answer.catch(() => undefined);
    } catch {}
  }
}

export type NamedTensorReference = readonly [name: string, tensor: TensorReference];

export function toReferences(outputs: readonly NamedClientTensor[], client: InferenceClient): NamedTensorReference[] {
  return outputs.map(([name, tensor]) => [name, new TensorReference(tensor, client)]);
}

export function releaseAll(tensors: readonly NamedTensorReference[] | undefined): void {
  for (const [, tensor] of tensors ?? []) tensor.release();
}

/** Tensors as a client takes them. */
export function forClient(
  tensors: readonly NamedTensorReference[],
  client: InferenceClient,
): Awaitable<readonly NamedClientTensor[]> {
  return inTurn(tensors, (tensor) => tensor.forClient(client));
}

/** Does something to tensors, one after another. */
function inTurn(
  tensors: readonly NamedTensorReference[],
  action: (tensor: TensorReference) => Awaitable<ClientTensor>,
): Awaitable<readonly NamedClientTensor[]> {
  return tensors.reduce<Awaitable<readonly NamedClientTensor[]>>((done, [name, tensor]) => {
    return andThen(done, (others) => andThen(action(tensor), (one) => [...others, [name, one]]));
  }, []);
}

/** A client of which all outputs come by their values, for guests that cannot wait where they ask for the bytes. */
export function withoutDeviceTensors(client: InferenceClient): InferenceClient {
  function fetch(outputs: readonly NamedClientTensor[]): Awaitable<readonly NamedClientTensor[]> {
    const held = toReferences(outputs, client);
    return lastly(
      () => inTurn(held, (tensor) => tensor.value()),
      () => releaseAll(held),
    );
  }

  return {
    load: (parts, encoding, target) => client.load(parts, encoding, target),
    loadByName: (name, options) => client.loadByName(name, options),
    compute: (graph, inputs, options) => andThen(client.compute(graph, inputs, options), fetch),
    unload: (graph) => client.unload(graph),
    readTensor: (deviceTensor) => client.readTensor(deviceTensor),
    releaseTensor: (deviceTensor) => client.releaseTensor(deviceTensor),
    startText: (graph, request) => client.startText(graph, request),
    readText: (text) => client.readText(text),
    stopText: (text) => client.stopText(text),
  };
}
