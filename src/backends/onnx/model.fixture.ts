import type { GraphBuilder } from '../../standard/graph.js';
import { joinBytes } from '../../standard/join-bytes.js';

// Writes ONNX models for tests: as much of protobuf and of onnx.proto as they need.

/** Element types (`TensorProto.DataType`). */
export const FLOAT = 1;
export const INT64 = 7;
export const BOOL = 9;

export function varint(value: number | bigint): GraphBuilder {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}

/** A field that is a number. */
export function int(number: number, value: number | bigint): GraphBuilder {
  return joinBytes([varint(number * 8), varint(value)]);
}

/** A field that is bytes, text or a message. */
export function field(number: number, value: Uint8Array | string): GraphBuilder {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return joinBytes([varint(number * 8 + 2), varint(bytes.byteLength), bytes]);
}

export interface TensorOptions {
  readonly name?: string;
  readonly dims?: readonly number[];
  readonly type?: number;
  readonly raw?: Uint8Array;
  /** The entries of external_data; with any, the tensor's data is external. */
  readonly external?: Readonly<Record<string, string>>;
}

export function tensor({ name = 'w', dims = [2], type = FLOAT, raw, external }: TensorOptions): GraphBuilder {
  const entries = Object.entries(external ?? {}).map(([key, value]) => entry(key, value));
  return joinBytes([
    ...dims.map((length) => int(1, length)),
    int(2, type),
    field(8, name),
    ...(raw ? [field(9, raw)] : []),
    ...entries.map((bytes) => field(13, bytes)),
    ...(external ? [int(14, 1)] : []),
  ]);
}

export function entry(key: string, value: string): GraphBuilder {
  return joinBytes([field(1, key), field(2, value)]);
}

/** A tensor of two numbers whose data is in the file. */
export function externalTensor(name: string, location: string, options: TensorOptions = {}): GraphBuilder {
  return tensor({ ...options, name, external: { location, ...options.external } });
}

export function sparseTensor(values: Uint8Array, indices: Uint8Array, dims: readonly number[] = [2]): GraphBuilder {
  return joinBytes([field(1, values), field(2, indices), ...dims.map((length) => int(3, length))]);
}

export function node(
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  { attributes = [], domain }: { attributes?: readonly Uint8Array[]; domain?: string } = {},
): GraphBuilder {
  return joinBytes([
    ...inputs.map((name) => field(1, name)),
    ...outputs.map((name) => field(2, name)),
    field(4, operator),
    ...attributes.map((attribute) => field(5, attribute)),
    ...(domain === undefined ? [] : [field(7, domain)]),
  ]);
}

export function tensorAttribute(name: string, value: Uint8Array): GraphBuilder {
  return joinBytes([field(1, name), field(5, value), int(20, 4)]);
}

export function graphAttribute(name: string, value: Uint8Array): GraphBuilder {
  return joinBytes([field(1, name), field(6, value), int(20, 5)]);
}

export function integerAttribute(name: string, value: number | bigint): GraphBuilder {
  return joinBytes([field(1, name), int(3, value), int(20, 2)]);
}

export function textAttribute(name: string, value: string): GraphBuilder {
  return joinBytes([field(1, name), field(4, value), int(20, 3)]);
}

export function listAttribute(name: string, ...values: readonly (number | bigint)[]): GraphBuilder {
  return joinBytes([field(1, name), ...values.map((value) => int(8, value)), int(20, 7)]);
}

/** An operator without inputs that gives the tensor. */
export function constant(output: string, value: Uint8Array): GraphBuilder {
  return node('Constant', [], [output], { attributes: [tensorAttribute('value', value)] });
}

export interface GraphOptions {
  readonly nodes: readonly Uint8Array[];
  readonly initializers?: readonly Uint8Array[];
  readonly sparseInitializers?: readonly Uint8Array[];
  readonly inputs?: readonly Uint8Array[];
  readonly outputs?: readonly Uint8Array[];
}

export function graph({
  nodes,
  initializers = [],
  sparseInitializers = [],
  inputs = [value('x')],
  outputs = [value('y')],
}: GraphOptions): GraphBuilder {
  return joinBytes([
    ...nodes.map((bytes) => field(1, bytes)),
    field(2, 'graph'),
    ...initializers.map((bytes) => field(5, bytes)),
    ...inputs.map((bytes) => field(11, bytes)),
    ...outputs.map((bytes) => field(12, bytes)),
    ...sparseInitializers.map((bytes) => field(15, bytes)),
  ]);
}

/** An input or output of a graph; of two numbers, where nothing else is said. */
export function value(name: string, dims: readonly (number | string)[] = [2], type = FLOAT): GraphBuilder {
  const shape = joinBytes([
    ...dims.map((length) => field(1, typeof length === 'string' ? field(2, length) : int(1, length))),
  ]);
  return joinBytes([field(1, name), field(2, field(1, joinBytes([int(1, type), field(2, shape)])))]);
}

/** A function of the domain `test` with one input `x` and one output `y`. */
export function modelFunction(name: string, nodes: readonly Uint8Array[]): GraphBuilder {
  return joinBytes([
    field(1, name),
    field(4, 'x'),
    field(5, 'y'),
    ...nodes.map((bytes) => field(7, bytes)),
    field(9, operatorSet('', 17)),
    field(10, 'test'),
  ]);
}

/** @param domain of operators besides ONNX's own, in their version 1 */
export function model(options: GraphOptions, functions: readonly Uint8Array[] = [], domain?: string): GraphBuilder {
  return joinBytes([
    int(1, 8),
    field(2, 'test'),
    field(7, graph(options)),
    field(8, operatorSet('', 17)),
    ...(functions.length > 0 ? [field(8, operatorSet('test', 1))] : []),
    ...(domain === undefined ? [] : [field(8, operatorSet(domain, 1))]),
    ...functions.map((bytes) => field(25, bytes)),
  ]);
}

function operatorSet(domain: string, version: number): GraphBuilder {
  return joinBytes([field(1, domain), int(2, version)]);
}

/** y = x + w, where w is two numbers in `location`. */
export function addModel(location = 'w.bin', external: Readonly<Record<string, string>> = {}): GraphBuilder {
  return model({
    nodes: [node('Add', ['x', 'w'], ['y'])],
    initializers: [externalTensor('w', location, { external })],
  });
}

/** y = x · a + b: a matrix and a vector, each in its own file. */
export function affineModel(matrix = 'a.bin', vector = 'b.bin'): GraphBuilder {
  return model({
    nodes: [node('MatMul', ['x', 'a'], ['p']), node('Add', ['p', 'b'], ['y'])],
    initializers: [externalTensor('a', matrix, { dims: [2, 2] }), externalTensor('b', vector)],
  });
}

export function floats(...values: readonly number[]): GraphBuilder {
  return new Uint8Array(Float32Array.from(values).buffer);
}
