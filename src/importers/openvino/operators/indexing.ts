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

/** Inputs: indices, depth, the number of a hit, the number of the rest. */
function oneHot(layer: LayerContext): Value {
  const { graph } = layer;
  const [on, off] = [layer.input(2), layer.input(3)];
  const pair = concat(graph, [reshape(graph, off, [1]), reshape(graph, on, [1])], 0);
  const inputs = [layer.input(0), reshape(graph, layer.input(1), [1]), pair];
  return graph.add('OneHot', inputs, { type: on.type }, { attributes: { axis: layer.integer('axis') } });
}
