import { quote, WasiNNError } from './error.js';
import {
  byteLengthOf,
  type DeclaredTensors,
  describeInfo,
  describeTensor,
  findTensor,
  type TensorInfo,
  type TensorShape,
} from './tensor.js';

/** A tensor, and its bytes where they are at hand. */
interface GivenTensor extends TensorShape {
  readonly data?: Uint8Array;
}

type NamedGivenTensor<Tensor extends GivenTensor = GivenTensor> = readonly [name: string, tensor: Tensor];

/**
 * Matches the tensors of a call with the inputs of a graph. An input is addressed by its name, an alias or, as Wasmtime
 * allows, by its position as a decimal number.
 *
 * @throws WasiNNError `invalid-argument` that says what the graph expects and what came
 */
export function matchInputs<Tensor extends GivenTensor>(
  expected: DeclaredTensors,
  given: readonly NamedGivenTensor<Tensor>[],
): Map<string, Tensor> {
  const matched = new Map<string, Tensor>();
  for (const input of given) {
    const name = matchInput('compute', expected, input);
    if (matched.has(name))
      throw invalid('compute', `input ${quote(name)} came more than once: give each input one tensor`);
    matched.set(name, input[1]);
  }
  if (expected === 'any') return matched;
  const missing = expected.filter(({ name }) => !matched.has(name));
  if (missing.length === 0) return matched;
  const names = missing.map(({ name }) => quote(name)).join(', ');
  throw invalid('compute', `input ${names} is missing; the graph has ${describeInputs(expected)}`);
}

/**
 * Checks one tensor against the input that it is meant for.
 *
 * @param operation what is being done, for the error's text
 * @returns the input's name
 * @throws WasiNNError `invalid-argument` that says what the graph expects and what came
 */
export function matchInput(operation: string, expected: DeclaredTensors, [name, tensor]: NamedGivenTensor): string {
  const info = expected === 'any' ? undefined : findTensor(expected, name);
  if (expected !== 'any' && !info)
    throw invalid(operation, `the graph has no input ${quote(name)}; it has ${describeInputs(expected)}`);
  const fault = (info && findMisfit(info, tensor)) ?? findFault(info?.name ?? name, tensor);
  if (fault) throw invalid(operation, fault);
  return info?.name ?? name;
}

/** What is wrong with a tensor for the input that it is meant for. */
function findMisfit(info: TensorInfo, given: TensorShape): string | undefined {
  const { name, type, shape } = info;
  const isOfType = given.type === type;
  if (isOfType && fitsShape(shape, given.dimensions)) return undefined;
  const wanted = `input ${quote(name)} expects ${describeInfo(info)}`;
  if (!isOfType) return `${wanted}, but ${describeTensor(given.type, given.dimensions)} came`;
  return `${wanted}, but the shape [${given.dimensions.join(', ')}] came`;
}

/** What is wrong with a tensor by itself. */
function findFault(name: string, { type, dimensions, data }: GivenTensor): string | undefined {
  const bytes = byteLengthOf(type, dimensions);
  const areLengths = dimensions.every(isLength);
  if (areLengths && (data === undefined || data.byteLength === bytes)) return undefined;
  const given = describeTensor(type, dimensions);
  if (!areLengths) return `input ${quote(name)}: the axes of ${given} are not all whole numbers`;
  return `input ${quote(name)}: ${given} has ${bytes} bytes, but ${data?.byteLength} came`;
}

function isLength(length: number): boolean {
  return Number.isSafeInteger(length) && length >= 0;
}

/** A shape without axes is also what onnxruntime reports for an input of any rank: the runtime itself judges those. */
function fitsShape(shape: TensorInfo['shape'], dimensions: readonly number[]): boolean {
  if (shape.length === 0) return true;
  if (shape.length !== dimensions.length) return false;
  return shape.every((length, axis) => typeof length === 'string' || length === dimensions[axis]);
}

function describeInputs(inputs: readonly TensorInfo[]): string {
  if (inputs.length === 0) return 'no inputs';
  return inputs.map((info) => `${quote(info.name)} ${describeInfo(info)}`).join(', ');
}

function invalid(operation: string, text: string): WasiNNError {
  return new WasiNNError('invalid-argument', `${operation}: ${text}`);
}
