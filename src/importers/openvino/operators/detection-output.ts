import { checkLimit } from '../../limits.js';
import { cast } from '../../onnx/casts.js';
import { constantOf, int64s } from '../../onnx/constants.js';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.js';
import {
  binary,
  concat,
  filled,
  gather,
  reshape,
  slice,
  split,
  transpose,
  unary,
  unsqueeze,
} from '../../onnx/operations.js';
import { UnsupportedVariant } from '../../unsupported.js';
import type { Converter, LayerContext } from '../layer-context.js';

export const detectionOutput: Readonly<Record<string, Converter>> = { DetectionOutput: detect };

const maximumImages = 64;
const maximumClasses = 2 ** 16;

/**
 * What an SSD found: box offsets and class scores for prior boxes become rows of image, class, score and corners. The
 * best of each class are kept by ONNX's `NonMaxSuppression`, then the best of each image.
 */
function detect(layer: LayerContext): Value {
  const { graph } = layer;
  checkVariant(layer);
  const [batch = 1] = layer.staticShape(0);
  if (batch > maximumImages) throw new UnsupportedVariant(`${batch} images at once`);
  const [, , rows = 0] = layer.staticOutputShape();
  const boxes = decodeBoxes(layer, batch);
  const scores = classScores(layer, batch, priorCount(layer));

  const most = layer.integer('top_k', -1);
  const limit = most > 0 ? most : priorCount(layer);
  const settings = [
    int64s(graph, [limit]),
    constantOf(graph, 'float32', [layer.number('nms_threshold')]),
    constantOf(graph, 'float32', [layer.number('confidence_threshold', 0)]),
  ];
  const found = graph.add('NonMaxSuppression', [boxes, scores, ...settings], { type: 'int64', shape: ['?', 3] });
  const foundScores = graph.add('GatherND', [scores, found], { type: 'float32', shape: ['?'] });
  const kept = keepBest(layer, found, foundScores, batch);
  const places = gather(graph, found, kept, 0);
  const image = gather(graph, places, int64s(graph, [0]), 1);
  const kind = gather(graph, places, int64s(graph, [1]), 1);
  const box = gather(graph, places, int64s(graph, [2]), 1);
  const corners = graph.add('GatherND', [boxes, concat(graph, [image, box], 1)], { type: 'float32', shape: ['?', 4] });
  const clipped = layer.flag('clip_after_nms', false) ? clip(graph, corners) : corners;
  const score = unsqueeze(graph, gather(graph, foundScores, kept, 0), [1]);
  const table = concat(graph, [cast(graph, image, 'float32'), cast(graph, kind, 'float32'), score, clipped], 1);
  return reshape(graph, filledUp(graph, table, rows), layer.staticOutputShape());
}

function checkVariant(layer: LayerContext): void {
  if (layer.inputs.length > 3) throw new UnsupportedVariant('inputs of a cascade');
  if (!layer.flag('share_location', true)) throw new UnsupportedVariant('share_location "false"');
  if (layer.flag('decrease_label_id', false)) throw new UnsupportedVariant('decrease_label_id "true"');
}

function priorLength(layer: LayerContext): number {
  return layer.flag('normalized', false) ? 4 : 5;
}

function priorCount(layer: LayerContext): number {
  const [, , numbers = 0] = layer.staticShape(2);
  return numbers / priorLength(layer);
}

/** The corners of all boxes, [batch, boxes, 4]. */
function decodeBoxes(layer: LayerContext, batch: number): Value {
  const { graph } = layer;
  const count = priorCount(layer);
  const offsets = columns(graph, reshape(graph, layer.input(0), [batch, count, 4]));
  const priors = columns(graph, priorPart(layer, 0, count));
  const scaled = layer.flag('variance_encoded_in_target', false)
    ? offsets
    : columns(graph, priorPart(layer, 1, count)).map((variance, index) =>
        binary(graph, 'Mul', offsets[index] ?? variance, variance),
      );
  const boxes = /center_size$/i.test(layer.text('code_type', 'caffe.PriorBoxParameter.CORNER'))
    ? centered(graph, priors, scaled)
    : priors.map((prior, index) => binary(graph, 'Add', prior, scaled[index] ?? prior));
  const joined = concat(graph, boxes, 2);
  return layer.flag('clip_before_nms', false) ? clip(graph, joined) : joined;
}

/** The corners of the prior boxes, or their variances. Corners in pixels become fractions of the image. */
function priorPart(layer: LayerContext, part: number, count: number): Value {
  const { graph } = layer;
  const [images = 1] = layer.staticShape(2);
  const length = part === 0 ? priorLength(layer) : 4;
  const chosen = slice(graph, layer.input(2), 1, part, part + 1);
  const used = slice(graph, chosen, 2, 0, count * length);
  const table = slice(graph, reshape(graph, used, [images, count, length]), 2, length - 4, length);
  if (part === 1 || length === 4) return table;
  const [width, height] = [layer.number('input_width', 1), layer.number('input_height', 1)];
  return binary(graph, 'Div', table, constantOf(graph, 'float32', [width, height, width, height], [1, 1, 4]));
}

function columns(graph: GraphBuilder, table: Value): Value[] {
  return split(graph, table, 2, [1, 1, 1, 1]);
}

function centered(graph: GraphBuilder, priors: readonly Value[], offsets: readonly Value[]): Value[] {
  const half = constantOf(graph, 'float32', [0.5], []);
  const sides = [0, 1].map((axis) => {
    const [low, high, move, grow] = [priors[axis], priors[axis + 2], offsets[axis], offsets[axis + 2]];
    if (!low || !high || !move || !grow) return [];
    const length = binary(graph, 'Sub', high, low);
    const middle = binary(graph, 'Mul', binary(graph, 'Add', low, high), half);
    const newMiddle = binary(graph, 'Add', middle, binary(graph, 'Mul', move, length));
    const newHalf = binary(graph, 'Mul', binary(graph, 'Mul', unary(graph, 'Exp', grow), length), half);
    return [binary(graph, 'Sub', newMiddle, newHalf), binary(graph, 'Add', newMiddle, newHalf)];
  });
  return [0, 1].flatMap((end) => sides.flatMap((side) => side[end] ?? []));
}

/** [batch, classes, boxes], minus infinity for the background and for what is not among the best `top_k` of a class. */
function classScores(layer: LayerContext, batch: number, count: number): Value {
  const { graph } = layer;
  const all = reshape(graph, layer.input(1), [batch, count, -1]);
  const scores = transpose(graph, cast(graph, all, 'float32'), [0, 2, 1]);
  const classes = Number(scores.shape?.[1]);
  checkLimit('classes of a layer', classes, maximumClasses);
  const never = constantOf(graph, 'float32', [Number.NEGATIVE_INFINITY], []);
  const background = layer.integer('background_label_id', 0);
  const counted = Array.from({ length: classes }, (_, index) => Number(index !== background));
  const real = constantOf(graph, 'bool', counted, [1, classes, 1]);
  const known = { type: 'float32', shape: scores.shape } as const;
  const foreground = graph.add('Where', [real, scores, never], known);
  const most = layer.integer('top_k', -1);
  if (most <= 0 || most >= count) return foreground;
  const types = [{ type: 'float32', shape: [batch, classes, most] }, { type: 'int64' }] as const;
  const [best] = graph.addMultiple('TopK', [foreground, int64s(graph, [most])], types, { attributes: { axis: 2 } });
  if (!best) return foreground;
  const isBest = binary(graph, 'GreaterOrEqual', foreground, slice(graph, best, 2, most - 1, most), 'bool');
  return graph.add('Where', [isBest, foreground, never], known);
}

/** The places in `found` of each image's best, in the order of `found`: by class, then by score. */
function keepBest(layer: LayerContext, found: Value, scores: Value, batch: number): Value {
  const { graph } = layer;
  const [most = -1] = layer.integers('keep_top_k', [-1]);
  const images = reshape(graph, gather(graph, found, int64s(graph, [0]), 1), [-1]);
  const parts = Array.from({ length: batch }, (_, image) => {
    const isOwn = binary(graph, 'Equal', images, int64s(graph, [image], []), 'bool');
    const own = reshape(graph, graph.add('NonZero', [isOwn], { type: 'int64' }), [-1]);
    if (most <= 0) return own;
    const count = graph.add('Shape', [own], { type: 'int64', shape: [1] });
    const limit = binary(graph, 'Min', count, int64s(graph, [most]));
    const best = lastOf(graph, graph.add('Gather', [scores, own], { type: 'float32' }), limit, 1);
    return lastOf(graph, gather(graph, own, best, 0), limit, 0, true);
  });
  return concat(graph, parts, 0);
}

/** The highest or lowest numbers of a list: their places, or they themselves. */
function lastOf(graph: GraphBuilder, list: Value, count: Value, largest: number, asValues = false): Value {
  const types = [{ type: list.type }, { type: 'int64' }] as const;
  const [values, places] = graph.addMultiple('TopK', [list, count], types, { attributes: { axis: 0, largest } });
  return (asValues ? values : places) ?? list;
}

/** A row that begins with -1 ends the table; what is behind it is zero. */
function filledUp(graph: GraphBuilder, table: Value, rows: number): Value {
  const end = constantOf(graph, 'float32', [-1, 0, 0, 0, 0, 0, 0], [1, 7]);
  const rest = filled(graph, 'float32', 0, [rows, 7]);
  return slice(graph, concat(graph, [table, end, rest], 0), 0, 0, rows);
}

function clip(graph: GraphBuilder, value: Value): Value {
  const bounds = [0, 1].map((bound) => constantOf(graph, 'float32', [bound], []));
  return graph.add('Clip', [value, ...bounds], { type: value.type, shape: value.shape });
}
