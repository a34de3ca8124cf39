import { float } from '../../onnx/model.js';
import { type Operator, operator, variant } from '../operator.js';
import type { Tensor } from '../tensor.js';
import { mismatch, type TensorGraph } from '../tensor-graph.js';

export interface BatchStatistics {
  readonly mean: Tensor | undefined;
  readonly variance: Tensor | undefined;
}

export function batchNormalization(
  graph: TensorGraph,
  x: Tensor,
  weight: Tensor | undefined,
  bias: Tensor | undefined,
  { mean, variance }: BatchStatistics,
  epsilon: number,
): Tensor {
  if (!mean || !variance) throw variant('statistics of the batch');
  const channels = x.shape[1] ?? 0;
  if (mean.size !== channels) throw mismatch(`a normalisation of ${mean.size} channels gets the tensor [${x.shape}]`);
  const scale = weight ?? graph.filled(x.type, 1, [channels]);
  const shift = bias ?? graph.filled(x.type, 0, [channels]);
  return graph.add('BatchNormalization', [x, scale, shift, mean, variance], x, { epsilon: float(epsilon) });
}

const batchNorm: Operator = operator(
  'input weight bias running_mean running_var training|use_input_stats momentum eps',
  (graph, call) => {
    if (call.flag('training')) throw variant('training: call eval() before the model is saved');
    const statistics = { mean: call.optionalTensor('running_mean'), variance: call.optionalTensor('running_var') };
    const [weight, bias] = [call.optionalTensor('weight'), call.optionalTensor('bias')];
    return batchNormalization(graph, call.tensor('input'), weight, bias, statistics, call.number('eps', 1e-5));
  },
);

/** The operators that also give the statistics, which only training needs. */
export function withStatistics(inner: Operator, parameters = inner.parameters.join(' ')): Operator {
  return operator(parameters, (graph, call) => {
    const empty = graph.filled('float32', 0, [0]);
    return [inner.convert(graph, call), empty, empty];
  });
}

export const batchNormOperators: Record<string, Operator> = {
  batch_norm: batchNorm,
  native_batch_norm: withStatistics(batchNorm),
  _native_batch_norm_legit_no_training: withStatistics(
    batchNorm,
    'input weight bias running_mean running_var momentum eps',
  ),
};
