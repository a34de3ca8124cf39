import { quote, WasiNNError } from '../../standard/error.js';
import type { ElementType } from '../onnx/element-types.js';
import { damaged } from './message.js';

/** The element types that a model can compute with, by the number that TensorFlow's `DataType` has for each. */
const elementTypes: ReadonlyMap<number, ElementType> = new Map([
  [1, 'float32'],
  [2, 'float64'],
  [3, 'int32'],
  [4, 'uint8'],
  [5, 'int16'],
  [6, 'int8'],
  [9, 'int64'],
  [10, 'bool'],
  [14, 'bfloat16'],
  [17, 'uint16'],
  [19, 'float16'],
  [22, 'uint32'],
  [23, 'uint64'],
]);

/** The types that TensorFlow has and ONNX has not, or that no importer converts. */
const otherTypes: ReadonlyMap<number, string> = new Map([
  [7, 'string'],
  [8, 'complex64'],
  [11, 'qint8'],
  [12, 'quint8'],
  [13, 'qint32'],
  [15, 'qint16'],
  [16, 'quint16'],
  [18, 'complex128'],
  [20, 'resource'],
  [21, 'variant'],
]);

/**
 * The type that has a number in TensorFlow.
 *
 * @param name the node whose type it is, for error texts
 * @throws WasiNNError `unsupported-operation` for a type that ONNX lacks; `invalid-encoding` for one that nobody has
 */
export function elementTypeOf(number: number, name: string): ElementType {
  const type = elementTypes.get(number);
  if (type) return type;
  const other = otherTypes.get(number);
  if (!other) throw damaged(`the node ${quote(name)} has the data type ${number}, which TensorFlow does not have`);
  throw new WasiNNError(
    'unsupported-operation',
    `load: the node ${quote(name)} has tensors of type ${other}, which cannot be computed with`,
  );
}
