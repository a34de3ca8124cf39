import type { Value } from '../../onnx/graph-builder.js';
import type { Attributes } from '../../onnx/model.js';
import { reshape } from '../../onnx/operations.js';
import { isStatic } from '../../onnx/shapes.js';
import { UnsupportedVariant } from '../../unsupported.js';
import type { Converter, LayerContext } from '../layer-context.js';
import { samePads, slidingWindow } from './sliding-window.js';

export const convolution: Readonly<Record<string, Converter>> = {
  Convolution: (layer) => convolve(layer, layer.input(1), 1),
  GroupConvolution: (layer) => {
    const { weights, groups } = withoutGroups(layer);
    return convolve(layer, weights, groups);
  },
  ConvolutionBackpropData: (layer) => transposed(layer, layer.input(1), 1),
  GroupConvolutionBackpropData: (layer) => {
    const { weights, groups } = withoutGroups(layer);
    return transposed(layer, weights, groups);
  },
};

/** Weights have an axis for the groups, which ONNX joins with the one behind it. */
function withoutGroups(layer: LayerContext): { weights: Value; groups: number } {
  const [groups = 1, outputs = 1, ...rest] = layer.staticShape(1);
  return { weights: reshape(layer.graph, layer.input(1), [groups * outputs, ...rest]), groups };
}

function convolve(layer: LayerContext, weights: Value, group: number): Value {
  const x = layer.input(0);
  const kernel = kernelOf(weights);
  const attributes = { kernel_shape: kernel, group, ...slidingWindow(layer, x, kernel) };
  return layer.graph.add('Conv', [x, weights], { type: x.type }, { attributes });
}

function transposed(layer: LayerContext, weights: Value, group: number): Value {
  const x = layer.input(0);
  const kernel = kernelOf(weights);
  const strides = layer.integers('strides');
  const dilations = layer.integers('dilations');
  const attributes: Attributes = {
    kernel_shape: kernel,
    group,
    strides,
    dilations,
    ...outputPlace(layer, kernel, strides, dilations),
  };
  return layer.graph.add('ConvTranspose', [x, weights], { type: x.type }, { attributes });
}

/** What of the full result is cut off, and what is added at its end. */
function outputPlace(
  layer: LayerContext,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): Attributes {
  const padding = layer.choice('auto_pad', ['explicit', 'notset', 'valid', 'same_upper', 'same_lower'], 'explicit');
  const extra = layer.integers(
    'output_padding',
    kernel.map(() => 0),
  );
  const hasShape = layer.inputs[2] !== undefined;
  if (!hasShape && !padding.startsWith('same')) {
    const none = kernel.map(() => 0);
    const isValid = padding === 'valid';
    const begin = isValid ? none : layer.integers('pads_begin');
    const end = isValid ? none : layer.integers('pads_end');
    return { pads: [...begin, ...end], output_padding: extra };
  }
  const input = layer.staticShape(0).slice(2);
  const output = hasShape ? layer.constantIntegers(2) : layer.staticOutputShape().slice(2);
  const cut = kernel.map((length, axis) => {
    const full = (strides[axis] ?? 1) * ((input[axis] ?? 1) - 1) + (dilations[axis] ?? 1) * (length - 1) + 1;
    return full + (extra[axis] ?? 0) - (output[axis] ?? 1);
  });
  // A result that is larger than the full one grows at its end.
  const output_padding = cut.map((length, axis) => (extra[axis] ?? 0) + Math.max(-length, 0));
  const total = cut.map((length) => Math.max(length, 0));
  if (padding.startsWith('same')) {
    return { pads: samePads(total, padding === 'same_upper' ? 'same_lower' : 'same_upper'), output_padding };
  }
  const begin = layer.integers('pads_begin');
  return { pads: [...begin, ...total.map((length, axis) => length - (begin[axis] ?? 0))], output_padding };
}

function kernelOf({ shape }: Value): readonly number[] {
  const kernel = shape?.slice(2);
  if (isStatic(kernel)) return kernel;
  throw new UnsupportedVariant('the lengths of its weights are not fixed');
}
