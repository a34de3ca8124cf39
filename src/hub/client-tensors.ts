import type { EngineKind } from '../rpc/engine-kind.js';
import { isTensorValue, type NamedEngineTensor } from '../rpc/engine-protocol.js';
import { type DeviceTensorReference, isOnDevice, type NamedClientTensor } from '../rpc/inference-client.js';
import type { Limits } from '../rpc/limits.js';
import { WasiNNError } from '../standard/error.js';
import { byteLengthOf, type TensorValue } from '../standard/tensor.js';
import type { Dispatcher } from './dispatcher.js';
import type { EngineCalls } from './engine-calls.js';
import type { EngineProcess } from './engine-process.js';
import type { Call } from './graph.js';
import type { Computation, Computed } from './graphs.js';

/** A tensor of the client on a device. */
interface HeldTensor {
  readonly engine: EngineProcess;
  readonly kind: EngineKind;
  /** The engine's number for it. */
  readonly deviceTensor: number;
  readonly reference: DeviceTensorReference;
  readonly bytes: number;
}

/** Inputs by their names. */
type ClientInputs = Map<string, NamedClientTensor[1]>;

export interface ClientTensorsOptions {
  /** The number by which the client takes turns with others. */
  readonly client: number;
  readonly calls: EngineCalls;
  readonly dispatchers: Readonly<Record<EngineKind, Dispatcher>>;
  readonly limits: Limits;
  /** Aborted when the client has gone. */
  readonly closed: AbortSignal;
  /** Called whenever an engine has released a tensor. */
  onRelease(): void;
}

/** Tensors without bytes take room too. */
const maximumTensors = 10_000;

/** The tensors of one client that have stayed on devices, by the client's numbers for them. */
export function createClientTensors({ client, calls, dispatchers, limits, closed, onRelease }: ClientTensorsOptions) {
  const tensors = new Map<number, HeldTensor>();
  let nextId = 0;

  /** Tensors that were lost with their engine stay known until they are released, so that a call can say so. */
  function bytes(): number {
    return [...tensors.values()].reduce((total, { engine, bytes }) => total + (engine.ended.aborted ? 0 : bytes), 0);
  }

  /** @throws WasiNNError where the tensor is unknown, or was lost with its engine */
  function find(id: number): HeldTensor {
    const tensor = tensors.get(id);
    if (!tensor) throw unknownTensor(id);
    if (tensor.engine.ended.aborted) throw tensorLost();
    return tensor;
  }

  async function read({ engine, kind, deviceTensor }: HeldTensor, { came, signal }: Call): Promise<TensorValue> {
    return dispatchers[kind].run(
      client,
      async (current) => {
        if (current !== engine) throw tensorLost();
        const value = await calls.request(engine, 'readTensor', deviceTensor, { operation: 'read', came });
        if (!isTensorValue(value)) throw new TypeError('readTensor: the engine gave an answer of the wrong kind');
        return value;
      },
      signal,
    );
  }

  /** The inputs as the hub knows them: what a client says of a tensor on a device is not believed. */
  function known(inputs: readonly NamedClientTensor[]): NamedClientTensor[] {
    return inputs.map(([name, tensor]) => [name, isOnDevice(tensor) ? find(tensor.deviceTensor).reference : tensor]);
  }

  /** Has tensors where an engine can take them: those in the other engine come by their values. */
  async function bring(inputs: ClientInputs, kind: EngineKind, call: Call): Promise<void> {
    for (const [name, tensor] of inputs) {
      const source = isOnDevice(tensor) ? find(tensor.deviceTensor) : undefined;
      if (source && source.kind !== kind) inputs.set(name, await read(source, call));
    }
  }

  /** The inputs as an engine knows them, when it is the call's. */
  function inputsFor(engine: EngineProcess, inputs: ClientInputs): NamedEngineTensor[] {
    return Array.from(inputs, ([name, tensor]) => {
      if (!isOnDevice(tensor)) return [name, tensor];
      const source = find(tensor.deviceTensor);
      if (source.engine !== engine) throw tensorLost();
      const { type, dimensions } = tensor;
      return [name, { type, dimensions, deviceTensor: source.deviceTensor }];
    });
  }

  /** Gives an output that has stayed on a device a number of the client's. */
  function adopt(
    engine: EngineProcess,
    kind: EngineKind,
    [name, tensor]: NamedEngineTensor,
    call: Call,
  ): NamedClientTensor {
    if (!isOnDevice(tensor)) return [name, tensor];
    const { type, dimensions, deviceTensor } = tensor;
    const own = nextId++;
    const reference: DeviceTensorReference = { type, dimensions, deviceTensor: own };
    tensors.set(own, { engine, kind, deviceTensor, reference, bytes: byteLengthOf(type, dimensions) });
    if (closed.aborted || call.signal.aborted) release(own);
    return [name, reference];
  }

  function release(id: number): void {
    const tensor = tensors.get(id);
    tensors.delete(id);
    if (!tensor || tensor.engine.ended.aborted) return;
    const { engine, kind, deviceTensor } = tensor;
    const { computeMilliseconds: limit } = limits;
    const released = dispatchers[kind].run(client, async (current) => {
      if (current === engine) await engine.request('releaseTensors', [deviceTensor], { limit });
    });
    // The engine may take this call later, and the guest does not wait for it. A failure changes nothing for the guest.
    released.catch(() => undefined).finally(onRelease);
  }

  /** What a computation of the client needs when its turn comes. */
  function computation(inputs: ClientInputs, call: Call): Computation {
    return {
      inputs: (engine) => inputsFor(engine, inputs),
      bring: (kind) => bring(inputs, kind, call),
      takeBack(returned) {
        for (const [name, tensor] of returned) if (!isOnDevice(tensor)) inputs.set(name, tensor);
      },
      deviceRoom: () => ({ tensors: maximumTensors - tensors.size, bytes: limits.deviceBytes - bytes() }),
    };
  }

  return {
    known,
    computation,
    /** The outputs of a computation, as the client knows them. */
    adopt: ({ outputs, engine, kind }: Computed, call: Call) =>
      outputs.map((output) => adopt(engine, kind, output, call)),
    /** @throws WasiNNError where the tensor is unknown, or was lost with its engine */
    read: async (id: number, call: Call) => read(find(id), call),
    release,
    releaseAll() {
      for (const id of [...tensors.keys()]) release(id);
    },
    bytes,
  };
}

function unknownTensor(tensor: number): WasiNNError {
  const text = `there is no tensor ${tensor} on a device: it never was there, or is released`;
  return new WasiNNError('invalid-argument', text);
}

function tensorLost(): WasiNNError {
  return new WasiNNError(
    'runtime-error',
    'a tensor that had stayed on a device is lost, since its engine was replaced: compute it again',
  );
}
