import { checkLimit } from '../../limits.js';
import { cast } from '../../onnx/casts.js';
import { int64s } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import { concat, int64Vector } from '../../onnx/operations.js';
import type { Converter, LayerContext } from '../layer-context.js';

export const padding: Readonly<Record<string, Converter>> = { Pad: pad };

function pad(layer: LayerContext): Value {
  const { graph } = layer;
  const x = layer.input(0);
  const mode = layer.choice('pad_mode', ['constant', 'edge', 'reflect', 'symmetric']);
  if (mode === 'symmetric') return mirrored(layer);
  const sides = concat(
    graph,
    [1, 2].map((index) => int64Vector(graph, layer.input(index))),
    0,
  );
  const value = mode === 'constant' && layer.inputs[3] ? cast(graph, layer.inputs[3], x.type ?? 'float32') : undefined;
  return graph.add('Pad', value ? [x, sides, value] : [x, sides], { type: x.type }, { attributes: { mode } });
}

const maximumLength = 2 ** 16;

/** The border is repeated: each padded axis becomes a selection of its own places. */
function mirrored(layer: LayerContext): Value {
  const [begin, end] = [layer.constantIntegers(1), layer.constantIntegers(2)];
  const dims = layer.staticShape(0);
  return dims.reduce((value: Value, length, axis) => {
    const [before, after] = [begin[axis] ?? 0, end[axis] ?? 0];
    if (before === 0 && after === 0) return value;
    checkLimit('places on an axis that is padded', length + before + after, maximumLength);
    const places = Array.from({ length: before + length + after }, (_, index) => {
      const place = (((index - before) % (2 * length)) + 2 * length) % (2 * length);
      return place < length ? place : 2 * length - 1 - place;
    });
    return layer.graph.add(
      'Gather',
      [value, int64s(layer.graph, places)],
      { type: value.type },
      { attributes: { axis } },
    );
  }, layer.input(0));
}
