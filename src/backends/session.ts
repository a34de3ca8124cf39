import type { TensorInfo } from '../standard/tensor.js';
import type { Device } from './backend.js';
import type { ComputedTensor, NamedComputedTensor } from './device-tensor.js';

/** Tensors by their names: their bytes, or where they have stayed. */
export type Inputs = ReadonlyMap<string, ComputedTensor>;
export type Outputs = NamedComputedTensor[];

/** A model on one device. */
export interface Session {
  readonly device: Device;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Computes once. */
  run(inputs: Inputs): Promise<Outputs>;
  /** Called once. Tensors that have stayed on the device are copied to memory. */
  release(): Promise<void>;
}

/** One way to run a model. */
export interface SessionCandidate extends Pick<Device, 'provider' | 'target'> {
  /**
   * Makes a session.
   *
   * @param isLast whether no candidate is left after this one
   * @throws what the browser or the runtime throws, saying why it cannot be
   */
  open(isLast: boolean): Promise<Session>;
}
