import { cast } from '../../onnx/casts.js';
import { isFloat } from '../../onnx/element-types.js';
import type { Value } from '../../onnx/graph-builder.js';
import { concat, reshape } from '../../onnx/operations.js';
import type { Converter, LayerContext } from '../layer-context.js';

export const indexing: Readonly<Record<string, Converter>> = {
  OneHot: oneHot,
  GridSample: (layer) => {
    const [x, grid] = [layer.input(0), layer.input(1)];
    const attributes = {
      align_corners: Number(layer.flag('align_corners', false)),
      mode: layer.choice('mode', ['bilinear', 'nearest', 'bicubic'], 'bilinear'),
      padding_mode: layer.choice('padding_mode', ['zeros', 'border', 'reflection'], 'zeros'),
    };
    return layer.graph.add('GridSample', [x, grid], { type: x.type }, { attributes });
  },
};

/** Inputs: indices, depth, the number of a hit, the number of the rest. onnxruntime has it for a few types alone. */
function oneHot(layer: LayerContext): Value {
  const { graph } = layer;
  const [on, off] = [layer.input(2), layer.input(3)];
  const type = on.type && isFloat(on.type) ? 'float32' : 'int64';
  const pair = concat(
    graph,
    [off, on].map((value) => reshape(graph, cast(graph, value, type), [1])),
    0,
  );
  const inputs = [
    cast(graph, layer.input(0), 'int64'),
    reshape(graph, cast(graph, layer.input(1), 'int64'), [1]),
    pair,
  ];
  return graph.add('OneHot', inputs, { type }, { attributes: { axis: layer.integer('axis') } });
}
