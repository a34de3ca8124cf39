import { checkLimit } from '../../limits.js';
import { cast } from '../../onnx/casts.js';
import { constantOf, int64s } from '../../onnx/constants.js';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.js';
import { binary, concat, filled, gather, reshape, slice, split, transpose, unary } from '../../onnx/operations.js';
import { UnsupportedVariant } from '../../unsupported.js';
import type { Converter, LayerContext } from '../layer-context.js';

export const proposal: Readonly<Record<string, Converter>> = { Proposal: propose };

const maximumBoxes = 2 ** 20;
const maximumImages = 16;

/** What the two frameworks that the operator comes from do differently. */
interface Style {
  /** A box includes the pixel at its end. */
  readonly offset: number;
  readonly roundsRatios: boolean;
  readonly shiftsAnchors: boolean;
  /** Anchors are cut to the image before they are moved. */
  readonly cutsAnchors: boolean;
  readonly swapsAxes: boolean;
}

function styleOf(layer: LayerContext): Style {
  const isTensorflow = layer.text('framework', '') === 'tensorflow';
  return {
    offset: isTensorflow ? 0 : 1,
    roundsRatios: !isTensorflow,
    shiftsAnchors: isTensorflow,
    cutsAnchors: isTensorflow,
    swapsAxes: isTensorflow,
  };
}

/** Inputs: scores [batch, 2 × anchors, height, width], offsets [batch, 4 × anchors, height, width], the image's size. */
function propose(layer: LayerContext): readonly Value[] {
  const { graph } = layer;
  const [batch = 1, doubled = 2, height = 1, width = 1] = layer.staticShape(0);
  const anchors = doubled / 2;
  const count = anchors * height * width;
  if (batch > maximumImages) throw new UnsupportedVariant(`${batch} images at once`);
  checkLimit('boxes of a layer', count, maximumBoxes);
  const style = styleOf(layer);
  const boxes = decode(layer, style, anchorBoxes(layer, style, height, width), batch);
  const own = slice(graph, layer.input(0), 1, anchors, doubled);
  const scores = reshape(graph, transpose(graph, own, [0, 2, 3, 1]), [batch, count]);
  const usable = binary(graph, 'Mul', scores, isLargeEnough(layer, style, boxes));
  const most = Math.min(layer.integer('pre_nms_topn'), count);
  const rois = Array.from({ length: batch }, (_, image) => best(layer, style, boxes, usable, image, most));
  const regions = concat(
    graph,
    rois.map(({ regions }) => regions),
    0,
  );
  return [
    regions,
    concat(
      graph,
      rois.map(({ scores }) => scores),
      0,
    ),
  ];
}

/** The boxes of all anchors at all places: columns of x0, y0, x1, y1. */
function anchorBoxes(layer: LayerContext, style: Style, height: number, width: number): number[][] {
  const base = layer.integer('base_size');
  const stride = layer.integer('feat_stride');
  const middle = (base - style.offset) / 2;
  const shift = style.shiftsAnchors ? base / 2 : 0;
  const scales = layer.numbers('scale');
  const ratios = layer.numbers('ratio');
  checkLimit('boxes of a layer', ratios.length * scales.length * height * width, maximumBoxes);
  const anchors = ratios.flatMap((ratio) => {
    const root = Math.sqrt((base * base) / ratio);
    const across = style.roundsRatios ? Math.round(root) : root;
    const down = style.roundsRatios ? Math.round(across * ratio) : across * ratio;
    return scales.map((scale) => {
      const [x, y] = [(across * scale - style.offset) / 2, (down * scale - style.offset) / 2];
      return [middle - x - shift, middle - y - shift, middle + x - shift, middle + y - shift];
    });
  });
  const boxes: number[][] = [[], [], [], []];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [x, y] = style.swapsAxes ? [row * stride, column * stride] : [column * stride, row * stride];
      for (const anchor of anchors) {
        for (const [side, list] of boxes.entries()) list.push((anchor[side] ?? 0) + (side % 2 === 0 ? x : y));
      }
    }
  }
  return boxes;
}

/** The boxes that the offsets make of the anchors, cut to the image: columns of [batch, boxes, 1]. */
function decode(layer: LayerContext, style: Style, anchors: readonly number[][], batch: number): Value[] {
  const { graph } = layer;
  const number = (value: number) => constantOf(graph, 'float32', [value], []);
  const count = anchors[0]?.length ?? 0;
  const [, channels = 4, height = 1, width = 1] = layer.staticShape(1);
  const cut = reshape(graph, layer.input(1), [batch, channels / 4, 4, height, width]);
  const flat = reshape(graph, transpose(graph, cut, [0, 3, 4, 1, 2]), [batch, count, 4]);
  const offsets = split(graph, flat, 2, [1, 1, 1, 1]);
  const column = (list: readonly number[]) => constantOf(graph, 'float32', list, [1, list.length, 1]);
  const coordinateScale = layer.number('box_coordinate_scale', 1);
  const sizeScale = layer.number('box_size_scale', 1);
  const sides = [0, 1].map((axis) => {
    const [low, high] = [anchors[axis] ?? [], anchors[axis + 2] ?? []].map((list) => {
      const anchor = column(list);
      return style.cutsAnchors ? cutToImage(layer, 0, anchor, axis) : anchor;
    });
    const [move, grow] = [offsets[axis], offsets[axis + 2]];
    if (!low || !high || !move || !grow) return [];
    const length = binary(graph, 'Add', binary(graph, 'Sub', high, low), number(style.offset));
    const halfLength = binary(graph, 'Mul', length, number(0.5));
    const moved = binary(graph, 'Mul', binary(graph, 'Div', move, number(coordinateScale)), length);
    const middle = binary(graph, 'Add', moved, binary(graph, 'Add', low, halfLength));
    const grown = unary(graph, 'Exp', binary(graph, 'Div', grow, number(sizeScale)));
    const half = binary(graph, 'Mul', grown, halfLength);
    const ends = [binary(graph, 'Sub', middle, half), binary(graph, 'Add', middle, half)];
    return layer.flag('clip_before_nms', true) ? ends.map((end) => cutToImage(layer, style.offset, end, axis)) : ends;
  });
  return [0, 1].flatMap((end) => sides.flatMap((side) => side[end] ?? []));
}

function cutToImage(layer: LayerContext, offset: number, ends: Value, axis: number): Value {
  const { graph } = layer;
  const last = binary(graph, 'Sub', imageLength(layer, axis), constantOf(graph, 'float32', [offset], []));
  const zero = constantOf(graph, 'float32', [0], []);
  return binary(graph, 'Max', binary(graph, 'Min', ends, last), zero);
}

/** The image's size is its height, its width, and how much it was scaled by: for both axes, or for each. */
function imageLength(layer: LayerContext, axis: number): Value {
  const { graph } = layer;
  return gather(
    graph,
    reshape(graph, cast(graph, layer.input(2), 'float32'), [-1]),
    int64s(graph, [styleOf(layer).swapsAxes ? axis : 1 - axis], []),
    0,
  );
}

/** [batch, boxes]: one for boxes that are large enough, and zero for the others. */
function isLargeEnough(layer: LayerContext, style: Style, [x0, y0, x1, y1]: readonly Value[]): Value {
  const { graph } = layer;
  if (!x0 || !y0 || !x1 || !y1) throw layer.invalid('has no boxes');
  const size = reshape(graph, cast(graph, layer.input(2), 'float32'), [-1]);
  const given = layer.input(2).shape?.at(-1);
  const least = (axis: number) => {
    const index = given === 4 ? 3 - axis : 2;
    return binary(
      graph,
      'Mul',
      gather(graph, size, int64s(graph, [index], []), 0),
      constantOf(graph, 'float32', [layer.number('min_size')], []),
    );
  };
  const tests = [
    [x0, x1],
    [y0, y1],
  ].map(([low, high], axis) => {
    const length = binary(
      graph,
      'Add',
      binary(graph, 'Sub', high ?? x1, low ?? x0),
      constantOf(graph, 'float32', [style.offset], []),
    );
    return cast(graph, binary(graph, 'GreaterOrEqual', length, least(axis), 'bool'), 'float32');
  });
  const [wide, high] = tests;
  const both = wide && high ? binary(graph, 'Mul', wide, high) : x0;
  return graph.add('Squeeze', [both, int64s(graph, [2])], { type: 'float32', shape: both.shape?.slice(0, 2) });
}

/** The boxes of one image that are left, [rows, 5], and their scores. */
function best(
  layer: LayerContext,
  style: Style,
  boxes: readonly Value[],
  scores: Value,
  image: number,
  most: number,
): { regions: Value; scores: Value } {
  const { graph } = layer;
  const rows = layer.integer('post_nms_topn');
  const own = reshape(graph, slice(graph, scores, 0, image, image + 1), [-1]);
  const types = [
    { type: 'float32', shape: [most] },
    { type: 'int64', shape: [most] },
  ] as const;
  const [top, places] = graph.addMultiple('TopK', [own, int64s(graph, [most])], types, { attributes: { axis: 0 } });
  if (!top || !places) throw layer.invalid('has no boxes');
  const all = reshape(graph, slice(graph, concat(graph, boxes, 2), 0, image, image + 1), [-1, 4]);
  const candidates = gather(graph, all, places, 0);
  // ONNX's boxes end where OpenVINO's last pixel ends.
  const ends = constantOf(graph, 'float32', [0, 0, style.offset, style.offset], [1, 4]);
  const settings = [int64s(graph, [rows]), constantOf(graph, 'float32', [layer.number('nms_thresh')])];
  const input = [
    reshape(graph, binary(graph, 'Add', candidates, ends), [1, most, 4]),
    reshape(graph, top, [1, 1, most]),
    ...settings,
  ];
  const found = graph.add('NonMaxSuppression', input, { type: 'int64', shape: ['?', 3] });
  const kept = reshape(graph, gather(graph, found, int64s(graph, [2]), 1), [-1]);
  const corners = finish(layer, gather(graph, candidates, kept, 0));
  return {
    regions: filledUp(graph, withImage(graph, corners, image), rows, [-1, 0, 0, 0, 0]),
    scores: reshape(graph, filledUp(graph, reshape(graph, gather(graph, top, kept, 0), [-1, 1]), rows, [0]), [rows]),
  };
}

/** Cuts boxes to the image, and makes fractions of it of them, where the layer wants that. */
function finish(layer: LayerContext, corners: Value): Value {
  const { graph } = layer;
  const axes = [0, 1, 0, 1];
  const cut = layer.flag('clip_after_nms', false)
    ? concat(
        graph,
        split(graph, corners, 1, [1, 1, 1, 1]).map((end, side) => cutToImage(layer, 0, end, axes[side] ?? 0)),
        1,
      )
    : corners;
  if (!layer.flag('normalize', false)) return cut;
  const lengths = axes.map((axis) => reshape(graph, imageLength(layer, axis), [1]));
  return binary(graph, 'Div', cut, concat(graph, lengths, 0));
}

/** Puts the number of the image in front of each row. */
function withImage(graph: GraphBuilder, rows: Value, image: number): Value {
  const pads = int64s(graph, [0, 1, 0, 0]);
  return graph.add('Pad', [rows, pads, constantOf(graph, 'float32', [image], [])], {
    type: 'float32',
    shape: ['?', 5],
  });
}

/** Adds a row that ends the table, and rows of zeros, where there are fewer. */
function filledUp(graph: GraphBuilder, value: Value, rows: number, end: readonly number[]): Value {
  const last = constantOf(graph, 'float32', end, [1, end.length]);
  const rest = filled(graph, 'float32', 0, [rows, end.length]);
  return slice(graph, concat(graph, [value, last, rest], 0), 0, 0, rows);
}
