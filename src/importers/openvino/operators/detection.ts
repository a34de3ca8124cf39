import { checkLimit } from '../../limits.js';
import { cast } from '../../onnx/casts.js';
import { constantOf, int64s } from '../../onnx/constants.js';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.js';
import { float } from '../../onnx/model.js';
import { arithmetic, binary, concat, filled, gather, reshape, slice, unsqueeze } from '../../onnx/operations.js';
import { isStatic } from '../../onnx/shapes.js';
import { UnsupportedVariant } from '../../unsupported.js';
import type { Converter, LayerContext } from '../layer-context.js';

export const detection: Readonly<Record<string, Converter>> = {
  NonMaxSuppression: nonMaxSuppression,
  ROIAlign: roiAlign,
  ROIPooling: roiPooling,
};

/** Inputs: boxes [batch, boxes, 4], scores [batch, classes, boxes], then up to four settings. */
function nonMaxSuppression(layer: LayerContext): readonly Value[] {
  const { graph } = layer;
  const [boxes, scores] = [0, 1].map((index) => cast(graph, layer.input(index), 'float32'));
  if (!boxes || !scores) return [];
  checkSoft(layer);
  const settings = [setting(layer, 2, 'int64'), setting(layer, 3, 'float32'), setting(layer, 4, 'float32')];
  const center_point_box = Number(layer.choice('box_encoding', ['corner', 'center'], 'corner') === 'center');
  const attributes = { center_point_box };
  const found = graph.add(
    'NonMaxSuppression',
    [boxes, scores, ...settings],
    { type: 'int64', shape: ['?', 3] },
    { attributes },
  );
  const ownScores = graph.add('GatherND', [scores, found], { type: 'float32', shape: ['?'] });
  const [picked, pickedScores] = layer.flag('sort_result_descending', true)
    ? sortedByScore(graph, found, ownScores)
    : [found, ownScores];
  const count = graph.add('Shape', [picked], { type: 'int64', shape: [1] }, { attributes: { start: 0, end: 1 } });
  const placed = cast(graph, slice(graph, picked, 1, 0, 2), 'float32');
  const withScores = concat(graph, [placed, unsqueeze(graph, pickedScores, [1])], 1);
  return [picked, withScores, count].map((value, index) => filledUp(layer, value, index));
}

function setting(layer: LayerContext, index: number, type: 'int64' | 'float32'): Value {
  const value = layer.inputs[index];
  return value ? reshape(layer.graph, cast(layer.graph, value, type), [1]) : constantOf(layer.graph, type, [0]);
}

/** Boxes whose scores fall with what they overlap are not ONNX's. */
function checkSoft(layer: LayerContext): void {
  if (layer.inputs[5] && layer.constantNumbers(5)[0] !== 0) throw new UnsupportedVariant('soft_nms_sigma');
}

/** Puts rows in the order of their scores, the highest first. */
export function sortedByScore(graph: GraphBuilder, rows: Value, scores: Value): [Value, Value] {
  const count = graph.add('Shape', [scores], { type: 'int64', shape: [1] });
  const types = [{ type: 'float32' }, { type: 'int64' }] as const;
  const [sorted, order] = graph.addMultiple('TopK', [scores, count], types, { attributes: { axis: 0 } });
  if (!sorted || !order) return [rows, scores];
  return [gather(graph, rows, order, 0), sorted];
}

/** Versions before the fifth have as many rows as there can be, and -1 in those that are left over. */
function filledUp(layer: LayerContext, value: Value, index: number): Value {
  const shape = layer.layer.outputs[index]?.shape;
  if (index === 2 || !isStatic(shape)) return value;
  const [rows = 0, columns = 3] = shape;
  const rest = filled(layer.graph, value.type ?? 'int64', -1, [rows, columns]);
  return slice(layer.graph, concat(layer.graph, [value, rest], 0), 0, 0, rows);
}

/** Inputs: data [batch, channels, height, width], corners of regions [regions, 4], the image of each [regions]. */
function roiAlign(layer: LayerContext): Value {
  const { graph } = layer;
  const x = layer.input(0);
  const aligned = layer.choice('aligned_mode', ['asymmetric', 'half_pixel', 'half_pixel_for_nn'], 'asymmetric');
  const half = constantOf(graph, 'float32', [0.5], []);
  const regions = aligned === 'half_pixel' ? binary(graph, 'Add', layer.input(1), half) : layer.input(1);
  const pooled = [layer.integer('pooled_h'), layer.integer('pooled_w')] as const;
  const samples = layer.integer('sampling_ratio');
  const align = (times: number) => {
    const attributes = {
      mode: 'avg',
      output_height: pooled[0] * times,
      output_width: pooled[1] * times,
      sampling_ratio: times > 1 ? 1 : samples,
      spatial_scale: float(layer.number('spatial_scale')),
      coordinate_transformation_mode: aligned === 'asymmetric' ? 'output_half_pixel' : 'half_pixel',
    };
    const inputs = [x, regions, cast(graph, layer.input(2), 'int64')];
    return graph.add('RoiAlign', inputs, { type: x.type }, { attributes });
  };
  if (layer.choice('mode', ['avg', 'max']) === 'avg') return align(1);
  // onnxruntime takes the maximum of weighted neighbours: here each sample is made by itself, and the largest is taken.
  if (samples < 1) throw new UnsupportedVariant('mode "max" with a sampling_ratio of 0');
  const attributes = { kernel_shape: [samples, samples], strides: [samples, samples] };
  const largest = graph.add('MaxPool', [align(samples)], { type: x.type }, { attributes });
  return graph.add('Relu', [largest], { type: x.type });
}

const maximumSamples = 1024;

/** Inputs: data [batch, channels, height, width], regions [regions, 5], whose first number is the index in the batch. */
function roiPooling(layer: LayerContext): Value {
  const { graph } = layer;
  const [x, regions] = [layer.input(0), layer.input(1)];
  const given = layer.integers('output_roi', layer.integers('output_size', []));
  const pooled = given.length === 2 ? given : [layer.integer('pooled_h'), layer.integer('pooled_w')];
  const [height = 1, width = 1] = pooled;
  checkLimit('samples in a region', Math.max(height, width), maximumSamples);
  if (layer.choice('method', ['max', 'bilinear'], 'max') === 'max') {
    const attributes = { pooled_shape: pooled, spatial_scale: float(layer.number('spatial_scale')) };
    return graph.add('MaxRoiPool', [x, regions], { type: x.type }, { attributes });
  }
  // Samples lie on the region's corners and evenly between them; its lengths are fractions of the image's.
  const images = gather(graph, x, cast(graph, gather(graph, regions, int64s(graph, [0], []), 1), 'int64'), 0);
  const corner = (index: number) => reshape(graph, gather(graph, regions, int64s(graph, [index]), 1), [-1, 1, 1, 1]);
  const samples = (start: Value, end: Value, count: number, dims: number[]) => {
    const steps = Array.from({ length: count }, (_, index) => (count > 1 ? index / (count - 1) : 0.5));
    const span = binary(graph, 'Mul', binary(graph, 'Sub', end, start), constantOf(graph, 'float32', steps, dims));
    const place = arithmetic(graph, 'Mul', binary(graph, 'Add', start, span), constantOf(graph, 'float32', [2], []));
    return binary(graph, 'Sub', place, constantOf(graph, 'float32', [1], []));
  };
  const ones = filled(graph, 'float32', 1, [1, height, width, 1]);
  const across = binary(graph, 'Mul', samples(corner(1), corner(3), width, [1, 1, width, 1]), ones);
  const down = binary(graph, 'Mul', samples(corner(2), corner(4), height, [1, height, 1, 1]), ones);
  const grid = concat(graph, [across, down], 3);
  return graph.add('GridSample', [images, grid], { type: x.type }, { attributes: { align_corners: 1 } });
}
