import { WasiNNError } from '../standard/error.js';
import {
  byteLengthOf,
  describeTensor,
  type NamedTensor,
  type TensorInfo,
  type TensorValue,
} from '../standard/tensor.js';

/**
 * Matches the tensors of a call with the inputs of a graph. An input is addressed by its name or, as Wasmtime allows,
 * by its position as a decimal number.
 *
 * @throws WasiNNError `invalid-argument` that tells what the graph expects and what came
 */
export function matchInputs(expected: readonly TensorInfo[], given: readonly NamedTensor[]): Map<string, TensorValue> {
  const matched = new Map<string, TensorValue>();
  for (const [name, tensor] of given) {
    const info = findInput(expected, name);
    if (!info) throw invalid(`the graph has no input ${quote(name)}; it has ${describeInputs(expected)}`);
    if (matched.has(info.name))
      throw invalid(`input ${quote(info.name)} came more than once: give each input one tensor`);
    checkTensor(info, tensor);
    matched.set(info.name, tensor);
  }
  const missing = expected.filter(({ name }) => !matched.has(name));
  if (missing.length > 0)
    throw invalid(
      `input ${missing.map(({ name }) => quote(name)).join(', ')} is missing; the graph has ${describeInputs(expected)}`,
    );
  return matched;
}

function findInput(expected: readonly TensorInfo[], name: string): TensorInfo | undefined {
  const byName = expected.find((info) => info.name === name);
  if (byName || !/^\d{1,9}$/.test(name)) return byName;
  return expected[Number(name)];
}

function checkTensor(info: TensorInfo, { type, dimensions, data }: TensorValue): void {
  const wanted = `input ${quote(info.name)} expects ${describeTensor(info.type, info.shape)}`;
  if (type !== info.type) throw invalid(`${wanted}, but ${describeTensor(type, dimensions)} came`);
  if (!fitsShape(info.shape, dimensions)) throw invalid(`${wanted}, but the shape [${dimensions.join(', ')}] came`);
  const expectedBytes = byteLengthOf(type, dimensions);
  if (data.byteLength !== expectedBytes) {
    throw invalid(
      `input ${quote(info.name)}: ${describeTensor(type, dimensions)} has ${expectedBytes} bytes, but ${data.byteLength} came`,
    );
  }
}

/** A shape without axes is also what onnxruntime reports for an input of any rank: the runtime itself judges those. */
function fitsShape(shape: TensorInfo['shape'], dimensions: readonly number[]): boolean {
  if (shape.length === 0) return true;
  if (shape.length !== dimensions.length) return false;
  return shape.every((length, axis) => typeof length === 'string' || length === dimensions[axis]);
}

function describeInputs(inputs: readonly TensorInfo[]): string {
  if (inputs.length === 0) return 'no inputs';
  return inputs.map(({ name, type, shape }) => `${quote(name)} ${describeTensor(type, shape)}`).join(', ');
}

function quote(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}

function invalid(text: string): WasiNNError {
  return new WasiNNError('invalid-argument', `compute: ${text}`);
}
