import { cast } from '../../onnx/casts.js';
import { int64s } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import { int64Vector, reshape } from '../../onnx/operations.js';
import type { Converter, LayerContext } from '../layer-context.js';

export const reduction: Readonly<Record<string, Converter>> = {
  ReduceMean: (layer) => reduce(layer, 'ReduceMean', layer.input(0)),
  ReduceSum: (layer) => reduce(layer, 'ReduceSum', layer.input(0)),
  ReduceMax: (layer) => reduce(layer, 'ReduceMax', layer.input(0)),
  ReduceMin: (layer) => reduce(layer, 'ReduceMin', layer.input(0)),
  ReduceProd: (layer) => reduce(layer, 'ReduceProd', layer.input(0)),
  ReduceL1: (layer) => reduce(layer, 'ReduceL1', layer.input(0)),
  ReduceL2: (layer) => reduce(layer, 'ReduceL2', layer.input(0)),
  ReduceLogicalAnd: (layer) => reduceLogical(layer, 'ReduceMin'),
  ReduceLogicalOr: (layer) => reduceLogical(layer, 'ReduceMax'),
  CumSum: (layer) => {
    const attributes = {
      exclusive: Number(layer.flag('exclusive', false)),
      reverse: Number(layer.flag('reverse', false)),
    };
    const axis = reshape(layer.graph, layer.input(1), []);
    return layer.graph.add('CumSum', [layer.input(0), axis], { type: layer.input(0).type }, { attributes });
  },
  TopK: topK,
};

/** Axes may be a scalar. Where there are none, nothing is reduced. */
function reduce(layer: LayerContext, operator: string, x: Value): Value {
  const axes = int64Vector(layer.graph, layer.input(1));
  const attributes = { keepdims: Number(layer.flag('keep_dims', false)), noop_with_empty_axes: 1 };
  return layer.graph.add(operator, [x, axes], { type: x.type }, { attributes });
}

function reduceLogical(layer: LayerContext, operator: string): Value {
  return cast(layer.graph, reduce(layer, operator, cast(layer.graph, layer.input(0), 'int32')), 'bool');
}

/** With `sort` by index, what was found is put in the order in which the input has it. */
function topK(layer: LayerContext): Value[] {
  const { graph } = layer;
  const x = layer.input(0);
  const count = reshape(graph, cast(graph, layer.input(1), 'int64'), [1]);
  const axis = layer.integer('axis');
  const sort = layer.choice('sort', ['value', 'index', 'none'], 'value');
  const largest = Number(layer.choice('mode', ['max', 'min']) === 'max');
  const types = [{ type: x.type }, { type: 'int64' }] as const;
  const found = graph.addMultiple('TopK', [x, count], types, { attributes: { axis, largest, sorted: 1 } });
  const [values, indices] = found;
  if (sort !== 'index' || !values || !indices) return found;
  const length = graph.add('Shape', [indices], { type: 'int64', shape: [layer.rank(0)] });
  const all = graph.add('Gather', [length, int64s(graph, [axis])], { type: 'int64', shape: [1] });
  const attributes = { axis, largest: 0, sorted: 1 };
  const [inOrder, order] = graph.addMultiple('TopK', [indices, all], [{ type: 'int64' }, { type: 'int64' }], {
    attributes,
  });
  if (!inOrder || !order) return found;
  return [graph.add('GatherElements', [values, order], { type: x.type }, { attributes: { axis } }), inOrder];
}
