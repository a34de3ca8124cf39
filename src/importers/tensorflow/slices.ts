import { integerAttribute } from './attributes.js';
import type { Operation } from './operation.js';

// What the masks of `StridedSlice` mean, as Python's `value[begin:end:stride, ..., numpy.newaxis, index]`.

/** What one element of begin, end and strides says. */
export type SlicePart =
  | { readonly kind: 'ellipsis' }
  | { readonly kind: 'new axis' }
  /** One index, whose axis goes. */
  | { readonly kind: 'index' }
  /** A range, from the beginning or to the end where that is open. */
  | { readonly kind: 'range'; readonly isFromStart: boolean; readonly isToEnd: boolean };

export function readSliceParts(operation: Operation, count: number): SlicePart[] {
  const mask = (key: string) => {
    const bits = integerAttribute(operation, key);
    // Shifts take the low 32 bits, and no tensor has as many axes.
    return (index: number) => index < 31 && ((bits >> index) & 1) === 1;
  };
  const begin = mask('begin_mask');
  const end = mask('end_mask');
  const ellipsis = mask('ellipsis_mask');
  const newAxis = mask('new_axis_mask');
  const shrink = mask('shrink_axis_mask');
  return Array.from({ length: count }, (_, index) => {
    if (ellipsis(index)) return { kind: 'ellipsis' };
    if (newAxis(index)) return { kind: 'new axis' };
    if (shrink(index)) return { kind: 'index' };
    return { kind: 'range', isFromStart: begin(index), isToEnd: end(index) };
  });
}

type RangePart = Extract<SlicePart, { kind: 'range' }>;

/** Which elements of an axis a range has. */
export function rangeIndexes(length: number, part: RangePart, begin: number, end: number, stride: number): number[] {
  const { from } = limitsOf(length, part, begin, end, stride);
  const count = rangeCount(length, part, begin, end, stride);
  return Array.from({ length: count }, (_, index) => from + index * stride);
}

/** How many elements of an axis a range has. */
export function rangeCount(length: number, part: RangePart, begin: number, end: number, stride: number): number {
  const { from, to } = limitsOf(length, part, begin, end, stride);
  return stride === 0 ? 0 : Math.max(Math.ceil((to - from) / stride), 0);
}

function limitsOf(
  length: number,
  part: RangePart,
  begin: number,
  end: number,
  stride: number,
): { from: number; to: number } {
  const least = stride > 0 ? 0 : -1;
  const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + length : at, least), length + least);
  return {
    from: part.isFromStart ? (stride > 0 ? 0 : length - 1) : clamp(begin),
    to: part.isToEnd ? (stride > 0 ? length : -1) : clamp(end),
  };
}
