import type { InferenceSession, Tensor } from 'onnxruntime-web';
import type { TensorType } from '../../standard/tensor.js';
import type { DeviceTensor } from '../backend.js';
import { guard, type ProviderOptions } from '../runtime-module.js';
import { toComputeError } from './errors.js';
import type { TensorLocation } from './providers.js';
import type { Runtime } from './runtimes.js';
import { fromOnnxTensor, toStandardType } from './tensors.js';

type OutputLocations = NonNullable<InferenceSession.SessionOptions['preferredOutputLocation']>;

/**
 * Makes a session whose outputs stay on its device, as far as they can: for an output of another type the first
 * computation would fail.
 *
 * @param create makes a session with its outputs at these places
 */
export async function createWithDeviceOutputs(
  create: (outputs: OutputLocations) => Promise<InferenceSession>,
  { location, types }: TensorLocation,
): Promise<InferenceSession> {
  const session = await create(location);
  const canStay = (output: InferenceSession.ValueMetadata) => {
    // A truth value on a device is no U8 there, which another graph would take it for.
    const isOther = output.isTensor && output.type !== 'bool';
    return isOther && toStandardType(output.type) !== undefined && types.has(output.type);
  };
  if (session.outputMetadata.every(canStay)) return session;
  const places = session.outputMetadata.map((output) => [output.name, canStay(output) ? location : 'cpu'] as const);
  await session.release();
  return create(Object.fromEntries(places));
}

/** The tensors of onnxruntime behind those that the engine knows, and where they are. */
const tensors = new WeakMap<DeviceTensor, { readonly tensor: Tensor; readonly owner: object }>();

export interface KeepOptions {
  readonly name: string;
  readonly type: TensorType;
  /** The session that has computed it. */
  readonly session: InferenceSession;
  readonly tensorLocation: TensorLocation;
  readonly runtime: Runtime;
  readonly options: ProviderOptions;
}

/** What of each session's outputs is on its device: that goes when the session does. */
const staying = new WeakMap<InferenceSession, Set<Tensor>>();

/** Makes a device tensor of an output that onnxruntime has left on a device. */
export function keep(tensor: Tensor, keeping: KeepOptions): DeviceTensor {
  const { name, type, session, tensorLocation, runtime, options } = keeping;
  const ofSession = staying.get(session) ?? new Set();
  staying.set(session, ofSession.add(tensor));

  async function read(): Promise<Uint8Array<ArrayBuffer>> {
    try {
      // The device's copy goes; onnxruntime has one of its own from then on, which must not be transferred away.
      await tensor.getData(true);
      return fromOnnxTensor(name, tensor).data.slice();
    } catch (cause) {
      throw toComputeError(cause);
    }
  }

  async function dispose(): Promise<void> {
    // A tensor of a module that is broken went with it.
    if (runtime.breakdown.signal.aborted) return;
    await guard(runtime, options, async () => {
      ofSession.delete(tensor);
      tensor.dispose();
    });
  }

  const kept: DeviceTensor = {
    type,
    dimensions: tensor.dims,
    read: () => guard(runtime, options, read),
    dispose,
  };
  tensors.set(kept, { tensor, owner: tensorLocation.owner });
  return kept;
}

/** What onnxruntime can take for a device tensor as it is; nothing where it is on another device. */
export function tensorOn(tensorLocation: TensorLocation | undefined, given: DeviceTensor): Tensor | undefined {
  const known = tensors.get(given);
  return known && known.owner === tensorLocation?.owner ? known.tensor : undefined;
}

/**
 * Releases a session. What has stayed on its device comes to memory before: if the
 * session stayed instead, a guest could have as many as it keeps tensors, however few graphs it may load.
 */
export async function releaseSession(session: InferenceSession): Promise<void> {
  // One that cannot be read is lost: a later read of it fails.
  for (const tensor of staying.get(session) ?? []) await tensor.getData(true).catch(() => undefined);
  staying.delete(session);
  await session.release();
}
