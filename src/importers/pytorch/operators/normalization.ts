import { float } from '../../onnx/model.js';
import { type Operator, operator, variant } from '../operator.js';
import type { Tensor } from '../tensor.js';
import type { TensorGraph } from '../tensor-graph.js';
import { batchNormalization, withStatistics } from './batch-norm.js';

/** Layer normalisation over the last axes. */
export function layerNormalization(
  graph: TensorGraph,
  x: Tensor,
  shape: readonly number[],
  weight: Tensor | undefined,
  bias: Tensor | undefined,
  epsilon: number,
): Tensor {
  const scale = weight ?? graph.filled(x.type, 1, shape);
  const attributes = { axis: x.rank - shape.length, epsilon: float(epsilon) };
  return graph.add('LayerNormalization', bias ? [x, scale, bias] : [x, scale], x, attributes);
}

const layerNorm: Operator = operator('input normalized_shape weight bias eps', (graph, call) =>
  layerNormalization(
    graph,
    call.tensor('input'),
    call.integers('normalized_shape'),
    call.optionalTensor('weight'),
    call.optionalTensor('bias'),
    call.number('eps', 1e-5),
  ),
);

/** A scale or a shift for each channel. */
function perChannel(graph: TensorGraph, x: Tensor, values: Tensor): Tensor {
  return graph.reshape(values, [1, values.size, ...new Array<number>(x.rank - 2).fill(1)]);
}

function groupNormalization(
  graph: TensorGraph,
  x: Tensor,
  groups: number,
  weight: Tensor | undefined,
  bias: Tensor | undefined,
  epsilon: number,
): Tensor {
  const ones = graph.filled(x.type, 1, [groups]);
  const zeros = graph.filled(x.type, 0, [groups]);
  const grouped = graph.reshape(x, [x.shape[0] ?? 1, groups, -1, 1]);
  const normal = graph.add('InstanceNormalization', [grouped, ones, zeros], grouped, { epsilon: float(epsilon) });
  const restored = graph.reshape(normal, x.shape);
  const scaled = weight ? graph.binary('Mul', restored, perChannel(graph, x, weight)) : restored;
  return bias ? graph.binary('Add', scaled, perChannel(graph, x, bias)) : scaled;
}

const groupNorm: Operator = operator('input num_groups weight bias eps', (graph, call) =>
  groupNormalization(
    graph,
    call.tensor('input'),
    call.integer('num_groups'),
    call.optionalTensor('weight'),
    call.optionalTensor('bias'),
    call.number('eps', 1e-5),
  ),
);

const instanceNorm: Operator = operator(
  'input weight bias running_mean running_var use_input_stats momentum eps',
  (graph, call) => {
    const x = call.tensor('input');
    const [weight, bias] = [call.optionalTensor('weight'), call.optionalTensor('bias')];
    const epsilon = call.number('eps', 1e-5);
    if (call.flag('use_input_stats', true)) return groupNormalization(graph, x, x.shape[1] ?? 1, weight, bias, epsilon);
    const statistics = { mean: call.optionalTensor('running_mean'), variance: call.optionalTensor('running_var') };
    return batchNormalization(graph, x, weight, bias, statistics, epsilon);
  },
);

const rmsNorm: Operator = operator('input normalized_shape weight eps', (graph, call) => {
  const x = call.tensor('input');
  const axes = call.integers('normalized_shape').map((_, index, shape) => x.rank - shape.length + index);
  const mean = graph.reduce('ReduceMean', graph.binary('Mul', x, x), axes, true);
  const root = graph.unary('Sqrt', graph.withNumber('Add', mean, call.number('eps', 2 ** -23)));
  const normal = graph.binary('Div', x, root);
  const weight = call.optionalTensor('weight');
  return weight ? graph.binary('Mul', normal, weight) : normal;
});

/** `v · g / ‖v‖` */
const weightNorm: Operator = operator('v g dim', (graph, call) => {
  const v = call.tensor('v');
  const kept = call.integer('dim', 0);
  const axes = v.shape.map((_, axis) => axis).filter((axis) => axis !== kept);
  const norm = graph.reduce('ReduceL2', v, axes, true);
  return graph.binary('Mul', v, graph.binary('Div', call.tensor('g'), norm));
});

/** Statistics of the batch: what an export makes of an instance normalisation, with one batch of all channels. */
const batchStatistics: Operator = operator('input weight bias training momentum eps', (graph, call) => {
  const x = call.tensor('input');
  const [weight, bias] = [call.optionalTensor('weight'), call.optionalTensor('bias')];
  if (x.shape[0] !== 1) throw variant('statistics of the batch');
  return groupNormalization(graph, x, x.shape[1] ?? 1, weight, bias, call.number('eps', 1e-5));
});

export const normalizationOperators: Record<string, Operator> = {
  _native_batch_norm_legit: withStatistics(batchStatistics),
  layer_norm: layerNorm,
  native_layer_norm: withStatistics(layerNorm),
  group_norm: groupNorm,
  native_group_norm: withStatistics(groupNorm, 'input weight bias N C HxW group|num_groups eps'),
  instance_norm: instanceNorm,
  rms_norm: rmsNorm,
  _weight_norm: weightNorm,
};
