import type { Value } from '../../onnx/graph-builder.js';
import { concat, reshape, split, transpose, unary } from '../../onnx/operations.js';
import type { Converter, LayerContext } from '../layer-context.js';

export const yolo: Readonly<Record<string, Converter>> = { RegionYolo: regionYolo, ReorgYolo: reorgYolo };

/** For each region: two numbers for the place, the others for the size, whether something is there, and the classes. */
function regionYolo(layer: LayerContext): Value {
  const { graph } = layer;
  const [batch = 1, , height = 1, width = 1] = layer.staticShape(0);
  const isSoftmax = layer.flag('do_softmax', true);
  const [coords, classes] = [layer.integer('coords'), layer.integer('classes')];
  const regions = isSoftmax ? layer.integer('num') : layer.integers('mask', []).length || layer.integer('num');
  const x = reshape(graph, layer.input(0), [batch, regions, coords + 1 + classes, height, width]);
  const [place, size, object, kinds] = split(graph, x, 2, [2, coords - 2, 1, classes]);
  if (!place || !size || !object || !kinds) return x;
  const softmax = () => graph.add('Softmax', [kinds], { type: x.type }, { attributes: { axis: 2 } });
  const classScores = isSoftmax ? softmax() : unary(graph, 'Sigmoid', kinds);
  const parts = [unary(graph, 'Sigmoid', place), size, unary(graph, 'Sigmoid', object), classScores];
  return reshape(graph, concat(graph, parts, 2), layer.staticOutputShape());
}

/** Darknet's reorganisation: it takes the data for a grid of finer places and fewer channels than it has. */
function reorgYolo(layer: LayerContext): Value {
  const { graph } = layer;
  const [stride = 1] = layer.integers('stride');
  const [batch = 1, channels = 1, height = 1, width = 1] = layer.staticShape(0);
  const depth = channels / stride ** 2;
  if (!Number.isInteger(depth)) throw layer.invalid(`has ${channels} channels, which its stride does not divide`);
  const cut = reshape(graph, layer.input(0), [batch, depth, height, stride, width, stride]);
  return reshape(graph, transpose(graph, cut, [0, 3, 5, 1, 2, 4]), layer.staticOutputShape());
}
