import { WasiNNError } from '../standard/error.js';
import { byteLengthOf, type TensorType } from '../standard/tensor.js';

/**
 * The numbers of `$tensor_type` in the two eras of wasi-nn.witx: `early` up to August 2023 (the Rust crate up to 0.5,
 * AssemblyScript, older WasmEdge and WAMR), and `current` since FP64 and I64 came. Guests of both are in use, and
 * nothing that they import shows which they are.
 */
const typesOf = {
  early: ['FP16', 'FP32', 'U8', 'I32'],
  current: ['FP16', 'FP32', 'FP64', 'U8', 'I32', 'I64'],
} as const satisfies Record<string, readonly TensorType[]>;

export type TensorTypeEra = keyof typeof typesOf;

const eras: readonly TensorTypeEra[] = ['early', 'current'];

/** What a guest says of a tensor, as far as it shows the tensor's type. */
export interface TypedTensor {
  readonly typeNumber: number;
  readonly dimensions: readonly number[];
  readonly byteLength: number;
}

export interface TensorTypeReading {
  readonly type: TensorType;
  /** The era that the tensor proves its guest to be of; absent where it proves nothing. */
  readonly era?: TensorTypeEra;
}

/**
 * Finds the type that the number of a guest means. Where the eras differ, the types of one number differ in width, so the
 * length of the data decides. An empty tensor has no length to go by: it is of the type that the graph declares for
 * this input, else of the known era, else of the current one.
 *
 * @param declaredType the type of the graph's input
 * @param knownEra what an earlier tensor has proved
 * @throws WasiNNError `invalid-argument` for a number of no era, for data of a length that no era explains, and for a
 *   tensor of another era than the known one
 */
export function readTensorType(
  tensor: TypedTensor,
  declaredType: string,
  knownEra: TensorTypeEra | undefined,
): TensorTypeReading {
  const { typeNumber, dimensions, byteLength } = tensor;
  const early = typesOf.early[typeNumber];
  const current = typesOf.current[typeNumber];
  if (!current) throw invalid(`there is no tensor type ${typeNumber}`);
  if (early === current) return { type: current };
  if (dimensions.includes(0)) {
    const declared = [early, current].find((type) => type === declaredType);
    const known = knownEra && typesOf[knownEra][typeNumber];
    return { type: declared ?? known ?? current };
  }
  for (const era of eras) {
    const type = typesOf[era][typeNumber];
    if (!type || byteLengthOf(type, dimensions) !== byteLength) continue;
    if (knownEra && era !== knownEra) throw invalid(contradiction(typeNumber, type, knownEra));
    return { type, era };
  }
  throw invalid(misfit(tensor));
}

function contradiction(typeNumber: number, type: TensorType, knownEra: TensorTypeEra): string {
  const known = typesOf[knownEra][typeNumber] ?? 'no type';
  return `by its length the tensor of type ${typeNumber} is ${type}, but earlier tensors showed that ${typeNumber} means ${known} to this guest`;
}

function misfit({ typeNumber, dimensions, byteLength }: TypedTensor): string {
  const expected = eras
    .flatMap((era) => typesOf[era][typeNumber] ?? [])
    .map((type) => `${byteLengthOf(type, dimensions)} bytes as ${type}`)
    .join(' or ');
  return `a tensor of type ${typeNumber} and shape [${dimensions.join(', ')}] has ${expected}, but ${byteLength} came`;
}

function invalid(text: string): WasiNNError {
  return new WasiNNError('invalid-argument', `set_input: ${text}`);
}
