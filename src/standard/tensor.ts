/** The element types of wasi-nn, as WIT spells them (`enum tensor-type`). */
export const tensorTypes = ['FP16', 'FP32', 'FP64', 'BF16', 'U8', 'I32', 'I64'] as const;

/** The type of a tensor's elements: `FP16`, `FP32`, `FP64`, `BF16`, `U8`, `I32` or `I64`. */
export type TensorType = (typeof tensorTypes)[number];

/** The width of one element, in bytes. */
export const elementBytes: Readonly<Record<TensorType, number>> = {
  FP16: 2,
  FP32: 4,
  FP64: 8,
  BF16: 2,
  U8: 1,
  I32: 4,
  I64: 8,
};

/** What a tensor is, whatever its elements are. */
export interface TensorShape {
  readonly dimensions: readonly number[];
  readonly type: TensorType;
}

/**
 * A tensor by value. `data` holds the elements contiguous, row-major and little-endian; no dimensions at all make a
 * scalar, a dimension of zero an empty tensor.
 */
export interface TensorValue extends TensorShape {
  readonly data: Uint8Array<ArrayBuffer>;
}

/** A tensor and the name of the graph's input or output that it belongs to (`type named-tensor`). */
export type NamedTensor = readonly [name: string, tensor: TensorValue];

/** What the whole numbers of a quantised tensor stand for: `(number - zeroPoint) * scale`. */
export interface Quantization {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** What a graph says of one of its inputs or outputs. */
export interface TensorInfo {
  readonly name: string;
  /** Further names that the model has for it. Default: none. */
  readonly aliases?: readonly string[];
  /** A {@link TensorType}, or the backend's own name of a type that wasi-nn lacks (such as `bool`). */
  readonly type: string;
  /** One entry for each axis: its length, or the name of a length that is known only when the graph is computed. */
  readonly shape: readonly (number | string)[];
  /** The element type that the model has where guests pass its elements as `type`, such as `INT8`. Default: `type`. */
  readonly modelType?: string;
  /** How a quantised tensor is to be read. Default: its elements stand for themselves. */
  readonly quantization?: Quantization;
}

/**
 * The inputs or the outputs of a graph, in its order. `any`: it declares none, and takes tensors of any number, name, type
 * and shape, or answers with such.
 */
export type DeclaredTensors = readonly TensorInfo[] | 'any';

/** The tensor of this name; else the one that has it as an alias, or, for a decimal number, the one at that position. */
export function findTensor<Tensor extends Pick<TensorInfo, 'name' | 'aliases'>>(
  tensors: readonly Tensor[],
  name: string,
): Tensor | undefined {
  const byName =
    tensors.find((tensor) => tensor.name === name) ?? tensors.find((tensor) => tensor.aliases?.includes(name));
  if (byName || !/^\d{1,9}$/.test(name)) return byName;
  return tensors[Number(name)];
}

export function isTensorType(value: unknown): value is TensorType {
  return tensorTypes.some((type) => type === value);
}

/** The number of bytes that a tensor of this type and shape has. Not an integer that fits memory if the shape is absurd. */
export function byteLengthOf(type: TensorType, dimensions: readonly number[]): number {
  return dimensions.reduce((product, length) => product * length, elementBytes[type]);
}

/** What a graph says of a tensor, in words: `U8 [1, 10] (INT8 in the model, scale 0.5, zero point -128)`. */
export function describeInfo({ type, shape, modelType, quantization }: TensorInfo): string {
  const details = [
    ...(modelType === undefined ? [] : [`${modelType} in the model`]),
    ...(quantization ? [`scale ${quantization.scale}`, `zero point ${quantization.zeroPoint}`] : []),
  ];
  const described = describeTensor(type, shape);
  return details.length === 0 ? described : `${described} (${details.join(', ')})`;
}

/** A type and shape in words, for error texts: `FP32 [1, 3, 224, 224]`. */
export function describeTensor(type: string, shape: readonly (number | string)[]): string {
  return `${type} [${shape.join(', ')}]`;
}
