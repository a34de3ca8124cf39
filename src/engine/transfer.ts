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

/** Up to this many bytes, a copy in the message costs less than handing a buffer over, which the collector notices too. */
const smallBytes = 8192;

/** The buffers of tensors that were made whole, each once, as far as handing them over is worth it. */
export function buffersOf(tensors: readonly NamedTensor[]): ArrayBuffer[] {
  const large = tensors.filter(([, { data }]) => data.byteLength > smallBytes);
  return [...new Set(large.map(([, { data }]) => data.buffer))];
}
