import { quote, WasiNNError } from '../../standard/error.js';
import { toTruthValues } from '../truth-values.js';
import type { ElementType } from './model.js';

/**
 * Elements as LiteRT has them and as guests pass them. wasi-nn has no type for three of TensorFlow Lite's: INT8 travels as
 * the same bytes of type U8, BOOL as U8 that are 0 or 1, INT16 as I32.
 */

/** @throws WasiNNError `invalid-argument` for a number that does not fit an INT16 */
export function toElements(name: string, type: ElementType, data: Uint8Array): Uint8Array {
  if (type === 'BOOL') return toTruthValues(data);
  if (type !== 'INT16') return data;
  const from = viewOf(data);
  const elements = new Uint8Array(data.byteLength / 2);
  const to = viewOf(elements);
  for (let index = 0; index < elements.byteLength / 2; index++) {
    const value = from.getInt32(index * 4, true);
    if (value < -0x8000 || value > 0x7fff)
      throw new WasiNNError(
        'invalid-argument',
        `compute: element ${index} of input ${quote(name)} is ${value}, but the model has INT16, from -32768 to 32767`,
      );
    to.setInt16(index * 2, value, true);
  }
  return elements;
}

/** @param elements a copy of them, which is the result where nothing has to be converted */
export function fromElements(type: ElementType, elements: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (type !== 'INT16') return elements;
  const from = viewOf(elements);
  const data = new Uint8Array(elements.byteLength * 2);
  const to = viewOf(data);
  for (let index = 0; index < elements.byteLength / 2; index++)
    to.setInt32(index * 4, from.getInt16(index * 2, true), true);
  return data;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
