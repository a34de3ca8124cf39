import type { Dimension, Shape } from './model.js';

// What is known of the shapes of values.

/** Whether all lengths are known. */
export function isStatic(shape: Shape | undefined): shape is readonly number[] {
  return shape?.every((length) => typeof length === 'number') ?? false;
}

/** Axes counted from the beginning. Those that a rank does not have stay as they are. */
export function normalizeAxes(axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => (axis < 0 ? axis + rank : axis));
}

/** The shape that two shapes broadcast to, as NumPy's rules have it; undefined where one of them is not known. */
export function broadcast(left: Shape | undefined, right: Shape | undefined): Shape | undefined {
  if (!left || !right) return undefined;
  const rank = Math.max(left.length, right.length);
  return Array.from({ length: rank }, (_, index) =>
    broadcastLength(left[index + left.length - rank] ?? 1, right[index + right.length - rank] ?? 1),
  );
}

function broadcastLength(left: Dimension, right: Dimension): Dimension {
  if (left === 1) return right;
  if (right === 1 || left === right) return left;
  if (typeof left === 'number') return left;
  return typeof right === 'number' ? right : '?';
}
