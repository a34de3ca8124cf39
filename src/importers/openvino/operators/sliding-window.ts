import type { Value } from '../../onnx/graph-builder.js';
import type { Attributes } from '../../onnx/model.js';
import { isStatic } from '../../onnx/shapes.js';
import type { LayerContext } from '../layer-context.js';

/**
 * The attributes of operators that move a window over the spatial axes, the third and those behind it. Padding that shall
 * keep the size is worked out where the lengths are known: runtimes do not agree on it with dilations.
 */
export function slidingWindow(layer: LayerContext, x: Value, kernel: readonly number[]): Attributes & Window {
  const strides = layer.integers(
    'strides',
    kernel.map(() => 1),
  );
  const dilations = layer.integers(
    'dilations',
    kernel.map(() => 1),
  );
  const padding = layer.choice('auto_pad', ['explicit', 'notset', 'valid', 'same_upper', 'same_lower'], 'explicit');
  if (padding === 'valid') return { strides, dilations, pads: [...kernel, ...kernel].map(() => 0) };
  if (padding === 'explicit' || padding === 'notset') {
    return { strides, dilations, pads: [...layer.integers('pads_begin'), ...layer.integers('pads_end')] };
  }
  const lengths = x.shape?.slice(2);
  if (!isStatic(lengths)) return { strides, dilations, auto_pad: padding.toUpperCase() };
  const missing = kernel.map((size, axis) => {
    const stride = strides[axis] ?? 1;
    const length = lengths[axis] ?? 1;
    const windows = Math.ceil(length / stride);
    return Math.max((windows - 1) * stride + (dilations[axis] ?? 1) * (size - 1) + 1 - length, 0);
  });
  return { strides, dilations, pads: samePads(missing, padding) };
}

interface Window {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** All beginnings, then all ends. Missing where onnxruntime has to work them out. */
  readonly pads?: readonly number[];
}

/** Padding on both sides of each axis; an odd number has the larger half at the end with `same_upper`. */
export function samePads(total: readonly number[], mode: 'same_upper' | 'same_lower'): number[] {
  const smaller = total.map((length) => Math.floor(length / 2));
  const larger = total.map((length) => Math.ceil(length / 2));
  return mode === 'same_upper' ? [...smaller, ...larger] : [...larger, ...smaller];
}
