import type { NamedTensor, TensorValue } from '../standard/tensor.js';
import type { DeviceTensor } from './backend.js';

/** A tensor as a backend answers with it: its bytes, or itself where it has stayed on a device. */
export type ComputedTensor = TensorValue | DeviceTensor;

export type NamedComputedTensor = readonly [name: string, tensor: ComputedTensor];

export function isDeviceTensor(tensor: ComputedTensor): tensor is DeviceTensor {
  return 'read' in tensor;
}

/** The value of a tensor, which stays where it is. */
export async function fetchValue(tensor: ComputedTensor): Promise<TensorValue> {
  if (!isDeviceTensor(tensor)) return tensor;
  const { type, dimensions } = tensor;
  return { type, dimensions, data: await tensor.read() };
}

/** The values of outputs, none of which stays on a device. */
export async function fetchAll(outputs: readonly NamedComputedTensor[]): Promise<NamedTensor[]> {
  const fetched: NamedTensor[] = [];
  try {
    for (const [name, tensor] of outputs) fetched.push([name, await fetchValue(tensor)]);
    return fetched;
  } finally {
    await discard(outputs);
  }
}

/** Gives back the places of those outputs that have stayed on a device. No caller is left who could handle an error. */
export async function discard(outputs: readonly NamedComputedTensor[]): Promise<void> {
  await Promise.allSettled(outputs.map(async ([, tensor]) => isDeviceTensor(tensor) && tensor.dispose()));
}
