import type { ElementType } from '../onnx/element-types.js';
import type { StoredTensor } from './stored-tensor.js';
import type { Tensor } from './tensor.js';

/**
 * What a TorchScript program computes with while it is converted. Integers are plain numbers, floats are
 * {@link FloatNumber}s: the two promote the types of tensors differently. Lists and tuples are arrays.
 */
export type PythonValue =
  | null
  | undefined
  | boolean
  | number
  | string
  | FloatNumber
  | Tensor
  | StoredTensor
  | ModuleObject
  | NamedTuple
  | Reference
  | UnknownValue
  | Map<PythonValue, PythonValue>
  | PythonValue[];

export class FloatNumber {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** An instance of a class of the archive, with its attributes. */
export class ModuleObject {
  readonly className: string;
  readonly attributes = new Map<PythonValue, PythonValue>();
  /** Where the module is in the model: `features.3.squeeze`. Empty for the model itself. */
  path = '';

  constructor(className: string) {
    this.className = className;
  }
}

export class NamedTuple {
  readonly fields: ReadonlyMap<string, PythonValue>;

  constructor(fields: ReadonlyMap<string, PythonValue>) {
    this.fields = fields;
  }
}

/** A dotted name that stands for something outside of the function: `torch.add`, `__torch__.torch.nn.functional.relu`. */
export class Reference {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }
}

/**
 * The result of an operator that is not known. What is computed with it is not known either, so that the conversion goes
 * on and finds the other operators that are not known.
 */
export class UnknownValue {}

export const unknown = new UnknownValue();

/** Of a list, a tuple or a named tuple. */
export function itemsOf(value: PythonValue): PythonValue[] | undefined {
  if (Array.isArray(value)) return value;
  return value instanceof NamedTuple ? [...value.fields.values()] : undefined;
}

/** The number that an integer, a float or a boolean is. */
export function numberOf(value: PythonValue): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  return value instanceof FloatNumber ? value.value : undefined;
}

/** In the order of the numbers that PyTorch gives its types (`c10::ScalarType`). Complex and quantised types are left out. */
const scalarTypes: readonly (ElementType | undefined)[] = [
  'uint8',
  'int8',
  'int16',
  'int32',
  'int64',
  'float16',
  'float32',
  'float64',
  undefined,
  undefined,
  undefined,
  'bool',
  undefined,
  undefined,
  undefined,
  // onnxruntime computes nothing in bfloat16: what is stored as such is computed in 32 bits.
  'float32',
];

export function scalarType(code: number): ElementType | undefined {
  return scalarTypes[code];
}

export function scalarTypeCode(type: ElementType): number {
  return scalarTypes.indexOf(type);
}

/** For error texts. */
export function describeKind(value: PythonValue): string {
  if (value === null || value === undefined) return 'None';
  if (value instanceof FloatNumber) return `the number ${value.value}`;
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'object') {
    if (Array.isArray(value) || value instanceof NamedTuple) return 'a list';
    if (value instanceof Map) return 'a dictionary';
    if (value instanceof ModuleObject) return `a ${value.className}`;
    return value instanceof Reference ? value.path : 'a tensor';
  }
  return typeof value === 'number' ? `the integer ${value}` : String(value);
}
