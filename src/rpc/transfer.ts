import { isOnDevice, type NamedClientTensor } from './inference-client.js';

/** Bytes that own their buffer, so that the buffer can be transferred; a copy where they are a view of a larger one. */
export function whole(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}

export function wholeTensors(tensors: readonly NamedClientTensor[]): NamedClientTensor[] {
  return tensors.map(([name, tensor]) => {
    const { dimensions, type } = tensor;
    const elements = isOnDevice(tensor) ? { deviceTensor: tensor.deviceTensor } : { data: whole(tensor.data) };
    return [name, { dimensions: [...dimensions], type, ...elements }];
  });
}

/** Up to this many bytes, a copy in the message costs less than handing a buffer over, which the collector notices too. */
const smallBytes = 8192;

/** The buffers of tensors that were made whole, each once, as far as handing them over is worth it. */
export function buffersOf(tensors: readonly NamedClientTensor[]): ArrayBuffer[] {
  const buffers = tensors.flatMap(([, tensor]) => (isOnDevice(tensor) ? [] : [tensor.data.buffer]));
  return [...new Set(buffers.filter(({ byteLength }) => byteLength > smallBytes))];
}
