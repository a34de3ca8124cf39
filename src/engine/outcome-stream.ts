import { WasiNNError } from '../standard/error.js';
import type { NamedTensor, TensorType } from '../standard/tensor.js';
import type { GraphInfo } from './link.js';
import { isNamedTensors, type Outcome, type PlainError } from './protocol.js';

/**
 * An outcome as a stream of bytes: the length of a header (u32, little-endian), the header (JSON in UTF-8), then the
 * bytes of its tensors, one after another.
 */

type Header = { readonly result?: GraphInfo | readonly TensorHeader[] } | { readonly error: PlainError };

type TensorHeader = readonly [
  name: string,
  tensor: { readonly dimensions: readonly number[]; readonly type: TensorType; readonly byteLength: number },
];

/** Nothing is copied but the header: the bytes of tensors are as they came. */
export function toStream(outcome: Outcome): Uint8Array[] {
  const header = new TextEncoder().encode(JSON.stringify(toHeader(outcome)));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, header.byteLength, true);
  return [length, header, ...tensorsOf(outcome).map(([, { data }]) => data)];
}

/** @param read takes as many bytes as it is told from the stream; they are the outcome's */
export function fromStream(read: (byteLength: number) => Uint8Array<ArrayBuffer>): Outcome {
  const headerLength = new DataView(read(4).buffer).getUint32(0, true);
  const header: unknown = JSON.parse(new TextDecoder().decode(read(headerLength)));
  if (!isHeader(header)) throw new WasiNNError('runtime-error', 'the engine gave an answer that cannot be read');
  if ('error' in header) return header;
  const { result } = header;
  if (!isTensorHeaders(result)) return { result };
  return {
    result: result.map(([name, { dimensions, type, byteLength }]) => {
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
    result: result.map(([name, { dimensions, type, data }]) => {
      return [name, { dimensions, type, byteLength: data.byteLength }];
    }),
  };
}

function tensorsOf(outcome: Outcome): readonly NamedTensor[] {
  return 'result' in outcome && isNamedTensors(outcome.result) ? outcome.result : [];
}

function isHeader(data: unknown): data is Header {
  return typeof data === 'object' && data !== null;
}

function isTensorHeaders(result: GraphInfo | readonly TensorHeader[] | undefined): result is readonly TensorHeader[] {
  return Array.isArray(result);
}
