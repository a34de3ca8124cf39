import { WasiNNError } from '../standard/error.js';

/**
 * What one model may make an importer build. A file of a few kilobytes can name the same weights a million times, or ask
 * for a tensor of any size, so that what its bytes take is no bound.
 */
export interface Limits {
  /** Of the ONNX graph, with those of its subgraphs. */
  readonly nodes: number;
  /** All constants together, in bytes. */
  readonly constantBytes: number;
  /** Of subgraphs in subgraphs, and of whatever else a format nests. */
  readonly depth: number;
  /** The axes of a tensor. */
  readonly rank: number;
}

const mebibyte = 2 ** 20;

/**
 * @param modelBytes the size of the original model. Constants that importers make themselves, such as matrices for an
 *   interpolation, get 64 MiB on top of what they make of the original's weights.
 */
export function limitsFor(modelBytes: number): Limits {
  return { nodes: 200_000, constantBytes: 4 * modelBytes + 64 * mebibyte, depth: 32, rank: 64 };
}

/**
 * @param what is counted, as a plural: `nodes`
 * @throws WasiNNError `too-large`
 */
export function checkLimit(what: string, count: number, most: number): void {
  if (count <= most) return;
  throw new WasiNNError(
    'too-large',
    `load: the model has more than ${most} ${what}; use a smaller model, or convert it to ONNX beforehand`,
  );
}

/**
 * The number of elements of a shape.
 *
 * @throws WasiNNError `invalid-encoding` for lengths that are no counts; `too-large` where their product is absurd
 */
export function elementCount(dims: readonly number[], owner: string): number {
  let count = 1;
  for (const length of dims) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new WasiNNError(
        'invalid-encoding',
        `load: ${owner} has a shape with the length ${length}: [${describe(dims)}]`,
      );
    }
    count *= length;
  }
  // An empty tensor may have absurd lengths beside the zero; they multiply to zero or to NaN.
  if (Number.isSafeInteger(count)) return count;
  throw new WasiNNError(
    'too-large',
    `load: ${owner} has a shape of more elements than can be counted: [${describe(dims)}]`,
  );
}

function describe(dims: readonly number[]): string {
  return dims.length > 8 ? `${dims.slice(0, 8).join(', ')}, …` : dims.join(', ');
}
