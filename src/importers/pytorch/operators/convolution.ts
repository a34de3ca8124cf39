import { type Arguments, type Operator, operator } from '../operator.js';
import type { Tensor } from '../tensor.js';
import { mismatch, type TensorGraph } from '../tensor-graph.js';

interface Settings {
  readonly stride: readonly number[];
  readonly padding: readonly number[] | string;
  readonly dilation: readonly number[];
  readonly groups: number;
}

/** One number for each spatial axis, of a list that may have one for all. */
export function perAxis(numbers: readonly number[], axes: number): number[] {
  return Array.from({ length: axes }, (_, index) => numbers[numbers.length === 1 ? 0 : index] ?? 1);
}

function settingsOf(call: Arguments): Settings {
  const padding = call.value('padding');
  return {
    stride: call.integers('stride', [1]),
    padding: typeof padding === 'string' ? padding : call.integers('padding', [0]),
    dilation: call.integers('dilation', [1]),
    groups: call.integer('groups', 1),
  };
}

/** Pads in the order of ONNX: where each axis begins, then where it ends. */
function padsOf(padding: Settings['padding'], dilation: readonly number[], kernel: readonly number[]): number[] {
  if (typeof padding !== 'string') {
    const pads = perAxis(padding, kernel.length);
    return [...pads, ...pads];
  }
  if (padding === 'valid') return new Array<number>(kernel.length * 2).fill(0);
  const totals = kernel.map((length, axis) => (dilation[axis] ?? 1) * (length - 1));
  const starts = totals.map((total) => Math.floor(total / 2));
  return [...starts, ...totals.map((total, axis) => total - (starts[axis] ?? 0))];
}

function convolve(graph: TensorGraph, x: Tensor, weight: Tensor, bias: Tensor | undefined, settings: Settings): Tensor {
  const axes = weight.rank - 2;
  // A tensor without a batch.
  if (x.rank === axes + 1) {
    const result = convolve(graph, graph.unsqueeze(x, [0]), weight, bias, settings);
    return graph.reshape(result, result.shape.slice(1));
  }
  checkChannels(x, weight, (weight.shape[1] ?? 0) * settings.groups);
  const kernel = weight.shape.slice(2);
  const strides = perAxis(settings.stride, axes);
  const dilations = perAxis(settings.dilation, axes);
  const pads = padsOf(settings.padding, dilations, kernel);
  const spatial = kernel.map((length, axis) => {
    const padded = (x.shape[axis + 2] ?? 0) + (pads[axis] ?? 0) + (pads[axis + axes] ?? 0);
    return Math.floor((padded - (dilations[axis] ?? 1) * (length - 1) - 1) / (strides[axis] ?? 1)) + 1;
  });
  const shape = [x.shape[0] ?? 1, weight.shape[0] ?? 1, ...spatial];
  const attributes = { strides, pads, dilations, group: settings.groups, kernel_shape: kernel };
  return graph.add('Conv', bias ? [x, weight, bias] : [x, weight], { type: x.type, shape }, attributes);
}

function convolveTransposed(
  graph: TensorGraph,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  settings: Settings,
  outputPadding: readonly number[],
): Tensor {
  const axes = weight.rank - 2;
  if (x.rank === axes + 1) {
    const result = convolveTransposed(graph, graph.unsqueeze(x, [0]), weight, bias, settings, outputPadding);
    return graph.reshape(result, result.shape.slice(1));
  }
  checkChannels(x, weight, weight.shape[0] ?? 0);
  const kernel = weight.shape.slice(2);
  const strides = perAxis(settings.stride, axes);
  const dilations = perAxis(settings.dilation, axes);
  const extra = perAxis(outputPadding, axes);
  const pads = padsOf(settings.padding, dilations, kernel);
  const spatial = kernel.map((length, axis) => {
    const grown = ((x.shape[axis + 2] ?? 0) - 1) * (strides[axis] ?? 1) + (dilations[axis] ?? 1) * (length - 1) + 1;
    return grown - 2 * (pads[axis] ?? 0) + (extra[axis] ?? 0);
  });
  const shape = [x.shape[0] ?? 1, (weight.shape[1] ?? 1) * settings.groups, ...spatial];
  const attributes = { strides, pads, dilations, group: settings.groups, kernel_shape: kernel, output_padding: extra };
  return graph.add('ConvTranspose', bias ? [x, weight, bias] : [x, weight], { type: x.type, shape }, attributes);
}

function checkChannels(x: Tensor, weight: Tensor, channels: number): void {
  if (x.rank === weight.rank && x.shape[1] === channels && weight.rank > 2) return;
  throw mismatch(
    `a convolution of ${channels} channels with the weights [${weight.shape}] gets the tensor [${x.shape}]`,
  );
}

const convolution: Operator = operator('input weight bias stride padding dilation groups', (graph, call) =>
  convolve(graph, call.tensor('input'), call.tensor('weight'), call.optionalTensor('bias'), settingsOf(call)),
);

const transposed: Operator = operator(
  'input weight bias stride padding output_padding groups dilation',
  (graph, call) =>
    convolveTransposed(
      graph,
      call.tensor('input'),
      call.tensor('weight'),
      call.optionalTensor('bias'),
      settingsOf(call),
      call.integers('output_padding', [0]),
    ),
);

/** The operator below all others. */
const either: Operator = operator(
  'input weight bias stride padding dilation transposed output_padding groups',
  (graph, call) => (call.flag('transposed') ? transposed : convolution).convert(graph, call),
);

export const convolutionOperators: Record<string, Operator> = {
  conv1d: convolution,
  conv2d: convolution,
  conv3d: convolution,
  _convolution_mode: convolution,
  conv_transpose1d: transposed,
  conv_transpose2d: transposed,
  conv_transpose3d: transposed,
  _convolution: either,
  convolution: either,
};
