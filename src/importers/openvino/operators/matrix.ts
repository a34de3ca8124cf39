import { cast, scalarLike } from '../../onnx/casts.js';
import { constantOf, int64s } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import { binary, transposeMatrices } from '../../onnx/operations.js';
import type { Converter, LayerContext } from '../layer-context.js';

export const matrix: Readonly<Record<string, Converter>> = {
  MatMul: (layer) => {
    const a = operand(layer, 0, layer.flag('transpose_a', false));
    const b = operand(layer, 1, layer.flag('transpose_b', false));
    return layer.graph.add('MatMul', [a, b], { type: a.type });
  },
  Einsum: (layer) => {
    const inputs = layer.inputs.map((_, index) => layer.input(index));
    const equation = layer.text('equation').replaceAll(' ', '');
    return layer.graph.add('Einsum', inputs, { type: inputs[0]?.type }, { attributes: { equation } });
  },
  ScaledDotProductAttention: attention,
};

function operand(layer: LayerContext, index: number, isTransposed: boolean): Value {
  const value = layer.input(index);
  if (!isTransposed) return value;
  const rank = layer.rank(index);
  return rank < 2 ? value : transposeMatrices(layer.graph, value, rank);
}

/** softmax(query · keyᵀ · scale + mask) · value */
function attention(layer: LayerContext): Value {
  const { graph } = layer;
  const [query, key, value] = [layer.input(0), layer.input(1), layer.input(2)];
  const scaled = binary(graph, 'Mul', query, layer.inputs[4] ?? defaultScale(layer, query));
  let scores = graph.add('MatMul', [scaled, transposeMatrices(graph, key, layer.rank(1))], { type: query.type });
  const mask = layer.flag('causal', false) ? causalMask(layer) : layer.inputs[3];
  if (mask) scores = binary(graph, 'Add', scores, mask.type === 'bool' ? additive(layer, mask) : mask);
  const weights = graph.add('Softmax', [scores], { type: query.type }, { attributes: { axis: -1 } });
  return graph.add('MatMul', [weights, value], { type: query.type });
}

/** One over the root of the length of a query. */
function defaultScale(layer: LayerContext, query: Value): Value {
  const { graph } = layer;
  const length = query.shape?.at(-1);
  if (typeof length === 'number') return scalarLike(graph, 1 / Math.sqrt(length), query);
  const known = graph.add('Shape', [query], { type: 'int64' }, { attributes: { start: -1 } });
  const root = graph.add('Sqrt', [cast(graph, known, 'float32')], { type: 'float32' });
  return cast(graph, graph.add('Reciprocal', [root], { type: 'float32' }), query.type ?? 'float32');
}

/** Zero where the mask is true, and minus infinity elsewhere. */
function additive(layer: LayerContext, mask: Value): Value {
  const { graph } = layer;
  const like = layer.input(0);
  return graph.add('Where', [mask, scalarLike(graph, 0, like), scalarLike(graph, Number.NEGATIVE_INFINITY, like)], {
    type: like.type,
  });
}

function causalMask(layer: LayerContext): Value {
  const { graph } = layer;
  const [rows = 1] = layer.staticShape(0).slice(-2);
  const [columns = 1] = layer.staticShape(1).slice(-2);
  const like = layer.input(0);
  const size = int64s(graph, [rows, columns]);
  const value = { kind: 'tensor', tensor: { type: 'float32', dims: [1], data: new Uint8Array(4) } } as const;
  const zeros = graph.add('ConstantOfShape', [size], { type: 'float32' }, { attributes: { value } });
  const filled = graph.add('Add', [zeros, constantOf(graph, 'float32', [Number.NEGATIVE_INFINITY], [])], {
    type: 'float32',
  });
  // Above the diagonal stays what it is, and the rest becomes zero.
  const mask = graph.add('Trilu', [filled, int64s(graph, [1], [])], { type: 'float32' }, { attributes: { upper: 1 } });
  return cast(graph, mask, like.type ?? 'float32');
}
