/** ONNX's element types: the number of each in `TensorProto.DataType`, and how many bits an element takes. */
const table = {
  float32: [1, 32],
  uint8: [2, 8],
  int8: [3, 8],
  uint16: [4, 16],
  int16: [5, 16],
  int32: [6, 32],
  int64: [7, 64],
  bool: [9, 8],
  float16: [10, 16],
  float64: [11, 64],
  uint32: [12, 32],
  uint64: [13, 64],
  bfloat16: [16, 16],
  uint4: [21, 4],
  int4: [22, 4],
} as const satisfies Record<string, readonly [code: number, bits: number]>;

/** The type of a tensor's elements. Importers convert no string tensors. */
export type ElementType = keyof typeof table;

/** The number that ONNX gives the type, as the attribute `to` of `Cast` wants it. */
export function codeOf(type: ElementType): number {
  return table[type][0];
}

export function bitsOf(type: ElementType): number {
  return table[type][1];
}

/** The length of a tensor's data in bytes. Elements of 4 bits are packed in pairs, the first in the low half. */
export function dataBytes(type: ElementType, elements: number): number {
  return Math.ceil((elements * bitsOf(type)) / 8);
}

export function isFloat(type: ElementType): boolean {
  return type === 'float32' || type === 'float16' || type === 'float64' || type === 'bfloat16';
}

const wasiNames: ReadonlyMap<ElementType, string> = new Map([
  ['float16', 'FP16'],
  ['float32', 'FP32'],
  ['float64', 'FP64'],
  ['bfloat16', 'BF16'],
  ['uint8', 'U8'],
  ['int32', 'I32'],
  ['int64', 'I64'],
]);

/** The type as `TensorInfo` spells it: wasi-nn's name, or ONNX's for a type that wasi-nn lacks. */
export function wasiNameOf(type: ElementType): string {
  return wasiNames.get(type) ?? type;
}
