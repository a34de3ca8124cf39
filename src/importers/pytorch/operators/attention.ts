import { type Arguments, type Operator, operator, variant } from '../operator.js';
import type { Tensor } from '../tensor.js';
import { mismatch, type TensorGraph } from '../tensor-graph.js';
import { UnknownValue } from '../values.js';
import { gelu, softmax } from './activations.js';
import { choose } from './comparisons.js';
import { linear, transposed } from './matrices.js';
import { layerNormalization } from './normalization.js';

interface AttentionOptions {
  readonly mask?: Tensor | undefined;
  readonly causal?: boolean;
  readonly scale?: number | undefined;
}

/** `softmax(query · keyᵀ · scale + mask) · value` */
function attend(graph: TensorGraph, query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const scale = options.scale ?? 1 / Math.sqrt(query.shape.at(-1) ?? 1);
  const scores = graph.matmul(graph.withNumber('Mul', query, scale), transposed(graph, key));
  const allowed = options.causal ? lowerTriangle(graph, scores) : options.mask;
  return graph.matmul(softmax(graph, allowed ? masked(graph, scores, allowed) : scores, -1), value);
}

/** Booleans say what takes part; numbers are added. */
function masked(graph: TensorGraph, scores: Tensor, mask: Tensor): Tensor {
  if (mask.type !== 'bool') return graph.binary('Add', scores, graph.cast(mask, scores.type));
  return choose(graph, mask, scores, graph.scalar(scores.type, Number.NEGATIVE_INFINITY));
}

function lowerTriangle(graph: TensorGraph, scores: Tensor): Tensor {
  const ones = graph.filled('float32', 1, scores.shape.slice(-2));
  return graph.cast(graph.add('Trilu', [ones, graph.scalar('int64', 0)], ones, { upper: 0 }), 'bool');
}

function scaledDotProduct(graph: TensorGraph, call: Arguments): Tensor {
  const query = call.tensor('query');
  let [key, value] = [call.tensor('key'), call.tensor('value')];
  if (call.flag('enable_gqa')) {
    const times = (query.shape.at(-3) ?? 1) / (key.shape.at(-3) ?? 1);
    [key, value] = [repeatHeads(graph, key, times), repeatHeads(graph, value, times)];
  }
  return attend(graph, query, key, value, {
    mask: call.optionalTensor('attn_mask'),
    causal: call.flag('is_causal'),
    scale: call.has('scale') ? call.number('scale') : undefined,
  });
}

/** Groups of heads of the query share one of key and value. */
function repeatHeads(graph: TensorGraph, x: Tensor, times: number): Tensor {
  const heads = x.rank - 3;
  const apart = graph.unsqueeze(x, [heads + 1]);
  const shape = apart.shape.map((length, axis) => (axis === heads + 1 ? times : length));
  const repeated = x.shape.map((length, axis) => (axis === heads ? length * times : length));
  return graph.reshape(graph.expand(apart, shape), repeated);
}

/** Attention of a sequence to itself, with the projections of query, key and value in one matrix. */
function selfAttention(
  graph: TensorGraph,
  x: Tensor,
  heads: number,
  [weight, bias, outWeight, outBias]: readonly Tensor[],
): Tensor {
  if (!weight || !outWeight || x.rank !== 3) throw mismatch(`attention gets a tensor of the shape [${x.shape}]`);
  const [batch = 1, length = 1, width = 1] = x.shape;
  const projected = graph.reshape(linear(graph, x, weight, bias), [batch, length, 3, heads, width / heads]);
  const apart = graph.transpose(projected, [2, 0, 3, 1, 4]);
  const [query = x, key = x, value = x] = [0, 1, 2].map((part) => graph.select(apart, 0, part));
  const attended = graph.transpose(attend(graph, query, key, value, {}), [0, 2, 1, 3]);
  return linear(graph, graph.reshape(attended, [batch, length, width]), outWeight, outBias);
}

const multiHeadAttention: Operator = operator(
  'query key value embed_dim num_head qkv_weight qkv_bias proj_weight proj_bias mask need_weights',
  (graph, call) => {
    const query = call.tensor('query');
    if (call.value('key') !== query || call.value('value') !== query) throw variant('attention to another sequence');
    if (call.has('mask')) throw variant('a mask');
    const weights = ['qkv_weight', 'qkv_bias', 'proj_weight', 'proj_bias'].map((name) => call.tensor(name));
    return [selfAttention(graph, query, call.integer('num_head'), weights), new UnknownValue()];
  },
);

const encoderLayer: Operator = operator(
  'src embed_dim num_heads qkv_weight qkv_bias proj_weight proj_bias use_gelu norm_first eps ' +
    'norm_weight_1 norm_bias_1 norm_weight_2 norm_bias_2 ffn_weight_1 ffn_bias_1 ffn_weight_2 ffn_bias_2 mask',
  (graph, call) => {
    if (call.has('mask')) throw variant('a mask');
    const weights = ['qkv_weight', 'qkv_bias', 'proj_weight', 'proj_bias'].map((name) => call.tensor(name));
    const attention = (x: Tensor) => selfAttention(graph, x, call.integer('num_heads'), weights);
    const feedForward = (x: Tensor) => {
      const inner = linear(graph, x, call.tensor('ffn_weight_1'), call.tensor('ffn_bias_1'));
      const active = call.flag('use_gelu') ? gelu(graph, inner) : graph.unary('Relu', inner);
      return linear(graph, active, call.tensor('ffn_weight_2'), call.tensor('ffn_bias_2'));
    };
    return [attention, feedForward].reduce((x, block, index) => {
      const weight = call.tensor(`norm_weight_${index + 1}`);
      const normalize = (y: Tensor) =>
        layerNormalization(graph, y, weight.shape, weight, call.tensor(`norm_bias_${index + 1}`), call.number('eps'));
      return call.flag('norm_first')
        ? graph.binary('Add', x, block(normalize(x)))
        : normalize(graph.binary('Add', x, block(x)));
    }, call.tensor('src'));
  },
);

export const attentionOperators: Record<string, Operator> = {
  scaled_dot_product_attention: operator(
    'query key value attn_mask dropout_p is_causal scale enable_gqa',
    scaledDotProduct,
  ),
  _scaled_dot_product_flash_attention_for_cpu: operator(
    'query key value dropout_p is_causal attn_mask scale',
    (graph, call) => [scaledDotProduct(graph, call), new UnknownValue()],
  ),
  _native_multi_head_attention: multiHeadAttention,
  _transformer_encoder_layer_fwd: encoderLayer,
};
