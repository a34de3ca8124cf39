import type { ElementType } from '../onnx/element-types.js';

/** OpenVINO's names of element types, as they stand in `element_type` and, in capitals and of old, in `precision`. */
const types: ReadonlyMap<string, ElementType> = new Map([
  ['f32', 'float32'],
  ['fp32', 'float32'],
  ['f16', 'float16'],
  ['fp16', 'float16'],
  ['f64', 'float64'],
  ['fp64', 'float64'],
  ['bf16', 'bfloat16'],
  ['boolean', 'bool'],
  ['bool', 'bool'],
  ['i4', 'int4'],
  ['i8', 'int8'],
  ['i16', 'int16'],
  ['i32', 'int32'],
  ['i64', 'int64'],
  ['u4', 'uint4'],
  ['u8', 'uint8'],
  ['u16', 'uint16'],
  ['u32', 'uint32'],
  ['u64', 'uint64'],
]);

/** The element type that an IR names; undefined for one that ONNX lacks. */
export function elementTypeOf(name: string | undefined): ElementType | undefined {
  return types.get(name?.toLowerCase() ?? '');
}
