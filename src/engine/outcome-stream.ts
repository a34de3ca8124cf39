import { WasiNNError } from '../standard/error.js';
import type { TensorShape } from '../standard/tensor.js';
import { type GraphInfo, isResident } from './link.js';
import { isNamedTensors, type Outcome, type PlainError } from './protocol.js';

/**
 * An outcome as a stream of bytes: the length of a header (u32, little-endian), the header (JSON in UTF-8), then the
 * bytes of its tensors, one after another.
 */

type Header = { readonly result?: GraphInfo | readonly TensorHeader[] } | { readonly error: PlainError };

type TensorHeader = readonly [
  name: string,
  tensor: TensorShape & ({ readonly byteLength: number } | { readonly resident: number }),
];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Nothing is copied but the header: the bytes of tensors are as they came. */
export function toStream(outcome: Outcome): Uint8Array[] {
  const header = encoder.encode(JSON.stringify(toHeader(outcome)));
  const { byteLength } = header;
  const length = Uint8Array.of(byteLength, byteLength >>> 8, byteLength >>> 16, byteLength >>> 24);
  return [length, header, ...bytesOf(outcome)];
}

/** @param read takes as many bytes as it is told from the stream; they are the outcome's */
export function fromStream(read: (byteLength: number) => Uint8Array<ArrayBuffer>): Outcome {
  // Taken together by hand: asking a small array for its buffer makes one, which costs more than all the rest here.
  const [low = 0, second = 0, third = 0, high = 0] = read(4);
  const headerLength = (low | (second << 8) | (third << 16) | (high << 24)) >>> 0;
  const header: unknown = JSON.parse(decoder.decode(read(headerLength)));
  if (!isHeader(header)) throw new WasiNNError('runtime-error', 'the engine gave an answer that cannot be read');
  if ('error' in header) return header;
  const { result } = header;
  if (!isTensorHeaders(result)) return { result };
  return {
    result: result.map(([name, tensor]) => {
      if ('resident' in tensor) return [name, tensor];
      const { dimensions, type, byteLength } = tensor;
      return [name, { dimensions, type, data: read(byteLength) }];
    }),
  };
}

function toHeader(outcome: Outcome): Header {
  if ('error' in outcome) return outcome;
  const { result } = outcome;
  if (result === undefined) return {};
  if (!isNamedTensors(result)) return { result };
  return {
    result: result.map(([name, tensor]) => {
      if (isResident(tensor)) return [name, tensor];
      const { dimensions, type, data } = tensor;
      return [name, { dimensions, type, byteLength: data.byteLength }];
    }),
  };
}

function bytesOf(outcome: Outcome): Uint8Array[] {
  if ('error' in outcome || !isNamedTensors(outcome.result)) return [];
  return outcome.result.flatMap(([, tensor]) => (isResident(tensor) ? [] : [tensor.data]));
}

function isHeader(data: unknown): data is Header {
  return typeof data === 'object' && data !== null;
}

function isTensorHeaders(result: GraphInfo | readonly TensorHeader[] | undefined): result is readonly TensorHeader[] {
  return Array.isArray(result);
}
