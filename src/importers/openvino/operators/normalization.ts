import { scalarLike } from '../../onnx/casts.js';
import { int64s } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import { float } from '../../onnx/model.js';
import { binary, int64Vector, reshape, unary } from '../../onnx/operations.js';
import { UnsupportedVariant } from '../../unsupported.js';
import type { Converter, LayerContext } from '../layer-context.js';

export const normalization: Readonly<Record<string, Converter>> = {
  BatchNormInference: (layer) => {
    // The first version has gamma and beta in front of the data.
    const order = layer.layer.opset === 'opset1' ? [2, 0, 1, 3, 4] : [0, 1, 2, 3, 4];
    const inputs = order.map((index) => layer.input(index));
    const epsilon = float(layer.number(layer.layer.attributes.has('epsilon') ? 'epsilon' : 'eps'));
    return layer.graph.add('BatchNormalization', inputs, { type: inputs[0]?.type }, { attributes: { epsilon } });
  },
  LRN: (layer) => {
    const axes = layer.constantIntegers(1);
    if (axes.length !== 1 || axes[0] !== 1) throw new UnsupportedVariant(`axes [${axes.slice(0, 8).join(', ')}]`);
    const attributes = {
      alpha: float(layer.number('alpha')),
      beta: float(layer.number('beta')),
      bias: float(layer.number('bias')),
      size: layer.integer('size'),
    };
    return layer.graph.add('LRN', [layer.input(0)], { type: layer.input(0).type }, { attributes });
  },
  NormalizeL2: (layer) => {
    const { graph } = layer;
    const x = layer.input(0);
    const sum = sumOf(layer, binary(graph, 'Mul', x, x), int64Vector(graph, layer.input(1)));
    const operator = layer.choice('eps_mode', ['add', 'max']) === 'max' ? 'Max' : 'Add';
    const bounded = binary(graph, operator, sum, scalarLike(graph, layer.number('eps'), x));
    return binary(graph, 'Div', x, unary(graph, 'Sqrt', bounded));
  },
  GRN: (layer) => {
    const { graph } = layer;
    const x = layer.input(0);
    const sum = sumOf(layer, binary(graph, 'Mul', x, x), int64s(graph, [1]));
    const biased = binary(graph, 'Add', sum, scalarLike(graph, layer.number('bias'), x));
    return binary(graph, 'Div', x, unary(graph, 'Sqrt', biased));
  },
  MVN: (layer) => {
    const x = layer.input(0);
    const variance = layer.flag('normalize_variance', true);
    const inside = layer.choice('eps_mode', ['inside_sqrt', 'outside_sqrt'], 'inside_sqrt') === 'inside_sqrt';
    const axes = layer.inputs[1] ? int64Vector(layer.graph, layer.inputs[1]) : int64s(layer.graph, mvnAxes(layer));
    return normalize(layer, x, axes, { variance, inside, epsilon: layer.number('eps') });
  },
  GroupNormalization: groupNormalization,
};

function sumOf({ graph }: LayerContext, value: Value, axes: Value): Value {
  return graph.add('ReduceSum', [value, axes], { type: value.type }, { attributes: { keepdims: 1 } });
}

function mvnAxes(layer: LayerContext): number[] {
  const first = layer.flag('across_channels', true) ? 1 : 2;
  return Array.from({ length: layer.rank(0) - first }, (_, index) => index + first);
}

interface Normalization {
  /** Whether to divide by the standard deviation. */
  readonly variance: boolean;
  /** Whether epsilon is added to the variance, or to its root. */
  readonly inside: boolean;
  readonly epsilon: number;
}

function normalize(
  { graph }: LayerContext,
  x: Value,
  axes: Value,
  { variance, inside, epsilon }: Normalization,
): Value {
  const mean = (value: Value) =>
    graph.add('ReduceMean', [value, axes], { type: value.type }, { attributes: { keepdims: 1 } });
  const centered = binary(graph, 'Sub', x, mean(x));
  if (!variance) return centered;
  const square = mean(binary(graph, 'Mul', centered, centered));
  const small = scalarLike(graph, epsilon, x);
  const deviation = inside
    ? unary(graph, 'Sqrt', binary(graph, 'Add', square, small))
    : binary(graph, 'Add', unary(graph, 'Sqrt', square), small);
  return binary(graph, 'Div', centered, deviation);
}

/** Scale and bias are for each channel; ONNX's operator of this version has them for each group. */
function groupNormalization(layer: LayerContext): Value {
  const { graph } = layer;
  const dims = layer.staticShape(0);
  const [batch = 1, channels = 1] = dims;
  const groups = reshape(graph, layer.input(0), [batch, layer.integer('num_groups'), -1]);
  const normal = normalize(layer, groups, int64s(graph, [2]), {
    variance: true,
    inside: true,
    epsilon: layer.number('epsilon'),
  });
  const perChannel = [channels, ...dims.slice(2).map(() => 1)];
  const [scale, bias] = [1, 2].map((index) => reshape(graph, layer.input(index), perChannel));
  const whole = reshape(graph, normal, dims);
  return scale && bias ? binary(graph, 'Add', binary(graph, 'Mul', whole, scale), bias) : whole;
}
