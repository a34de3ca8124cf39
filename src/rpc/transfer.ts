import { free } from '../standard/free.js';
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

export interface SendOptions {
  /** Memory for the large ones. Default: they are not shared. */
  readonly pool?: SharedMemoryPool | undefined;
  /** Whether the caller goes on using the tensors. Default: their memory may go to the receiver, or be freed. */
  readonly keeps?: boolean;
  /** Whether the buffers of the others are handed over with the message. Default: yes. */
  readonly transfers?: boolean;
}

/** Makes tensors ready for a message. */
export function sentTensors(tensors: readonly NamedClientTensor[], options: SendOptions = {}): NamedSentTensor[] {
  const sent = tensors.map(([name, tensor]): NamedSentTensor => {
    if (!isOnDevice(tensor)) return [name, sentValue(tensor, options)];
    const { type, dimensions, deviceTensor } = tensor;
    return [name, { type, dimensions: [...dimensions], deviceTensor }];
  });
  if (options.pool && !options.keeps) freeLarge(tensors);
  return sent;
}

export function sentValue({ type, dimensions, data }: TensorValue, options: SendOptions = {}): SentValue {
  return { type, dimensions: [...dimensions], data: sentBytes(data, options) };
}

function sentBytes(bytes: Uint8Array<ArrayBuffer>, { pool, keeps, transfers = true }: SendOptions): Uint8Array {
  if (pool && bytes.byteLength >= largeBytes) {
    const shared = new Uint8Array(pool.take(bytes.byteLength), 0, bytes.byteLength);
    shared.set(bytes);
    return shared;
  }
  if (!transfers) return bytes;
  return keeps && bytes.byteLength > smallBytes ? bytes.slice() : whole(bytes);
}

/** Frees the bytes that were copied into shared memory, but no larger buffer that they are a view of. */
function freeLarge(tensors: readonly NamedClientTensor[]): void {
  for (const [, tensor] of tensors) {
    // One that comes twice is empty the second time.
    if (!isOnDevice(tensor) && tensor.data.byteLength >= largeBytes && ownsBuffer(tensor.data)) free(tensor.data);
  }
}

function ownsBuffer(bytes: Uint8Array): boolean {
  return bytes.byteLength === bytes.buffer.byteLength;
}

/** Gives back the memory in which tensors were shared, when both ends are done with them. */
export function giveBack(tensors: readonly NamedSentTensor[], pool: SharedMemoryPool | undefined): void {
  for (const [, tensor] of tensors) if (!isOnDevice(tensor)) pool?.giveBack(tensor.data);
}

/** Bytes that own their buffer, so that the buffer can be transferred; a copy where they are a view of a larger one. */
export function whole(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return ownsBuffer(bytes) ? bytes : bytes.slice();
}

/** Up to this many bytes, a copy in the message costs less than handing a buffer over, which the collector notices too. */
const smallBytes = 8192;

/** The buffers of tensors that were made whole, each once, as far as handing them over is worth it. Nobody hands shared memory over. */
export function buffersOf(tensors: readonly NamedSentTensor[]): ArrayBuffer[] {
  const buffers = tensors.flatMap(([, tensor]) =>
    isOnDevice(tensor) || !hasOwnBytes(tensor) ? [] : [tensor.data.buffer],
  );
  return [...new Set(buffers.filter(({ byteLength }) => byteLength > smallBytes))];
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
    if (isOnDevice(tensor) || hasOwnBytes(tensor)) return [name, tensor];
    // Read once: memory that is shared may grow.
    const { byteLength } = tensor.data;
    copied += byteLength;
    refuseMore('compute', copied, maximumBytes, 'bytes of inputs');
    return [name, copyOut(tensor, byteLength)];
  });
}

export function receivedValue(value: SentValue): TensorValue {
  return hasOwnBytes(value) ? value : copyOut(value, value.data.byteLength);
}

function copyOut(value: SentValue, byteLength: number): TensorValue {
  const data = new Uint8Array(byteLength);
  data.set(value.data.subarray(0, byteLength));
  return { ...value, data };
}

function hasOwnBytes(value: SentValue): value is TensorValue {
  return !isShared(value.data.buffer);
}
