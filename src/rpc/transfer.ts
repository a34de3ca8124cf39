import { isUint8Array } from '../standard/brand-checks.js';
import type { TensorValue } from '../standard/tensor.js';
import { isOnDevice, type NamedClientTensor, type NamedSentTensor, type SentValue } from './inference-client.js';
import { refuseMore } from './limits.js';
import { isShared } from './shared-memory.js';
import type { SharedMemoryPool } from './shared-memory-pool.js';

/**
 * Whether this browser passes large tensors faster through shared memory than through a MessagePort. Firefox copies each
 * buffer that is transferred through a port, which takes about 5 ms for each MiB. A copy into shared memory and one out of
 * it take 0.5 ms together. Other browsers hand buffers over. Captured before the worker of a guest loses it
 * (`guest/confine.ts`).
 */
export const sharesTensors =
  globalThis.crossOriginIsolated === true && /\bFirefox\//.test(globalThis.navigator?.userAgent ?? '');

/** From this many bytes on, a tensor is shared. */
const largeBytes = 1 << 16;

/** Gives the bytes that a message has in place of some bytes. */
export type PrepareBytes = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

/**
 * Makes tensors ready for a message.
 *
 * @param pool memory for the large ones. Default: they are not shared
 * @param prepare done to the bytes of all others. Default: they own their buffers then
 */
export function sentTensors(
  tensors: readonly NamedClientTensor[],
  pool?: SharedMemoryPool,
  prepare: PrepareBytes = whole,
): NamedSentTensor[] {
  return tensors.map(([name, tensor]) => {
    const { type, dimensions } = tensor;
    if (isOnDevice(tensor)) return [name, { type, dimensions: [...dimensions], deviceTensor: tensor.deviceTensor }];
    return [name, sentValue(tensor, pool, prepare)];
  });
}

export function sentValue(
  { type, dimensions, data }: TensorValue,
  pool?: SharedMemoryPool,
  prepare: PrepareBytes = whole,
): SentValue {
  const isLarge = data.byteLength >= largeBytes;
  return { type, dimensions: [...dimensions], data: pool && isLarge ? share(data, pool) : prepare(data) };
}

function share(bytes: Uint8Array, pool: SharedMemoryPool): Uint8Array {
  const shared = new Uint8Array(pool.take(bytes.byteLength), 0, bytes.byteLength);
  shared.set(bytes);
  return shared;
}

/** Gives back the memory in which tensors were shared, when both ends are done with them. */
export function giveBack(tensors: readonly NamedSentTensor[], pool: SharedMemoryPool | undefined): void {
  for (const [, tensor] of tensors) if (!isOnDevice(tensor)) pool?.giveBack(tensor.data);
}

/** Bytes that own their buffer, so that the buffer can be transferred; a copy where they are a view of a larger one. */
export function whole(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}

/** Bytes of which the caller keeps the original: a copy where the buffer is to be handed over. */
export function wholeCopy(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteLength > smallBytes ? bytes.slice() : whole(bytes);
}

/** Up to this many bytes, a copy in the message costs less than handing a buffer over, which the collector notices too. */
const smallBytes = 8192;

/** The buffers of tensors that were made whole, each once, as far as handing them over is worth it. Nobody hands shared memory over. */
export function buffersOf(tensors: readonly NamedSentTensor[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const [, tensor] of tensors) {
    if (isOnDevice(tensor) || tensor.data.byteLength <= smallBytes) continue;
    const { buffer } = tensor.data;
    if (!isShared(buffer)) buffers.add(buffer);
  }
  return [...buffers];
}

/**
 * Takes tensors out of a message. Bytes that the sender shares are copied, since it may still write there.
 *
 * @param maximumBytes how many bytes may be copied
 * @throws WasiNNError `too-large`
 */
export function receivedTensors(
  tensors: readonly NamedSentTensor[],
  maximumBytes = Number.POSITIVE_INFINITY,
): NamedClientTensor[] {
  let copied = 0;
  return tensors.map(([name, tensor]) => {
    if (isOnDevice(tensor)) return [name, tensor];
    // Read once: memory that is shared may grow.
    const { byteLength } = tensor.data;
    if (!isUint8Array(tensor.data)) copied += byteLength;
    refuseMore('compute', copied, maximumBytes, 'bytes of inputs');
    return [name, receivedValue(tensor, byteLength)];
  });
}

export function receivedValue(value: SentValue, byteLength = value.data.byteLength): TensorValue {
  const { data } = value;
  if (isUint8Array(data)) return { ...value, data };
  const own = new Uint8Array(byteLength);
  own.set(data.subarray(0, byteLength));
  return { ...value, data: own };
}
