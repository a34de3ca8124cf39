import type { ElementType } from './element-types.js';

// The parts of an ONNX model that importers write, as plain data.
// See https://github.com/onnx/onnx/blob/main/onnx/onnx.proto

/** The length of an axis. A string names a length that is known only at run time; `?` names none. */
export type Dimension = number | string;

export type Shape = readonly Dimension[];

/** A tensor by value: row-major, little-endian. `data` may be a view of the original model's bytes. */
export interface Tensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: Uint8Array;
}

export interface Float {
  readonly kind: 'float';
  readonly value: number;
}

export interface Floats {
  readonly kind: 'floats';
  readonly values: readonly number[];
}

/**
 * The value of an attribute. A bare number is an `int`, which has to be an integer; an array of numbers is `ints`. Floats
 * are made with {@link float} and {@link floats}, since 1 may mean either.
 */
export type Attribute =
  | number
  | bigint
  | string
  | readonly number[]
  | readonly string[]
  | Float
  | Floats
  | { readonly kind: 'tensor'; readonly tensor: Tensor }
  | { readonly kind: 'graph'; readonly graph: Graph };

/** Attributes by their names. Those that are undefined are left out. */
export type Attributes = Readonly<Record<string, Attribute | undefined>>;

export interface Node {
  readonly operator: string;
  /** For people. No two nodes have the same. */
  readonly name: string;
  /** Empty where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
}

export interface Initializer {
  readonly name: string;
  readonly tensor: Tensor;
}

/** What a graph says of one of its inputs or outputs. */
export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  /** Undefined where not even the rank is known. */
  readonly shape: Shape | undefined;
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export interface Model {
  readonly graph: Graph;
  /** The version of ONNX's own operators. */
  readonly opset: number;
}

export function float(value: number): Float {
  return { kind: 'float', value };
}

export function floats(values: readonly number[]): Floats {
  return { kind: 'floats', values };
}

/** The body of a control-flow operator (`If`, `Loop`, `Scan`) as an attribute. */
export function subgraph(graph: Graph): Attribute {
  return { kind: 'graph', graph };
}

export function tensorAttribute(tensor: Tensor): Attribute {
  return { kind: 'tensor', tensor };
}
