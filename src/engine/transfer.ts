import type { NamedTensor } from '../standard/tensor.js';

/** Bytes that own their buffer, so that the buffer can be transferred; a copy where they are a view of a larger one. */
export function whole(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}

export function wholeTensors(tensors: readonly NamedTensor[]): NamedTensor[] {
  return tensors.map(([name, { dimensions, type, data }]) => [
    name,
    { dimensions: [...dimensions], type, data: whole(data) },
  ]);
}

/** The buffers of tensors that were made whole, each once. */
export function buffersOf(tensors: readonly NamedTensor[]): ArrayBuffer[] {
  return [...new Set(tensors.map(([, { data }]) => data.buffer))];
}
