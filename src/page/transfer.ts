import { isArrayBuffer } from '../standard/brand-checks.js';

/** Buffers that the page gives away with the next call that they are passed to. */
const givenAway = new WeakSet<ArrayBuffer>();

/**
 * Marks bytes that a call is to hand over to the guest's thread instead of copying them:
 * `exports.classify(transfer(pixels))`, or anywhere in a record or list. With the call the page loses the whole buffer
 * behind them: they, and all else that lies in it, are empty from then on.
 *
 * @returns the same bytes
 */
export function transfer<Bytes extends ArrayBufferView<ArrayBuffer>>(bytes: Bytes): Bytes {
  givenAway.add(bytes.buffer);
  return bytes;
}

/** The buffers among the values of a call that were marked, each once. */
export function buffersGivenAway(values: readonly unknown[]): ArrayBuffer[] {
  return [...new Set(values.flatMap(findGivenAway))];
}

function findGivenAway(value: unknown): ArrayBuffer[] {
  if (typeof value !== 'object' || value === null) return [];
  if (!ArrayBuffer.isView(value)) return Object.values(value).flatMap(findGivenAway);
  const { buffer } = value;
  return isArrayBuffer(buffer) && givenAway.has(buffer) ? [buffer] : [];
}
