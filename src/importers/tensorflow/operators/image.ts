import { cast, scalarLike } from '../../onnx/casts.js';
import { constantOf, int64s, scalar } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import type { Dimension } from '../../onnx/model.js';
import {
  binary,
  concat,
  int64Vector,
  lengthOf,
  reshape,
  slice,
  squeeze,
  transpose,
  unsqueeze,
} from '../../onnx/operations.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { booleanAttribute, floatAttribute, textAttribute } from '../attributes.js';
import { type Converter, input, knownElements, knownInput, type Operation } from '../operation.js';

// Operators on boxes in images, and on blocks of them.

/** The numbers of the boxes that overlap no better one too much, the best first. */
function suppress(operation: Operation): Value {
  const { graph } = operation;
  const boxes = unsqueeze(graph, input(operation, 0), [0]);
  const scores = unsqueeze(graph, input(operation, 1), [0, 1]);
  const limits = [2, 3, 4].map((index) => (operation.inputs[index] ? input(operation, index) : undefined));
  const [most, overlap, least] = limits;
  const selected = graph.add(
    'NonMaxSuppression',
    [
      boxes,
      scores,
      most && int64Vector(graph, most),
      overlap && reshape(graph, overlap, [1]),
      least && reshape(graph, least, [1]),
    ],
    { type: 'int64', shape: ['?', 3] },
  );
  // ONNX answers with batch, class and box.
  return squeeze(graph, cast(graph, slice(graph, selected, 1, 2, 3), 'int32'), [1]);
}

/** Also says how many boxes there are, where the list may be filled up. */
function suppressAndCount(operation: Operation): readonly Value[] {
  const { graph } = operation;
  const selected = suppress(operation);
  const count = cast(graph, lengthOf(graph, selected, 0), 'int32');
  const valid = reshape(graph, count, []);
  if (!booleanAttribute(operation, 'pad_to_max_output_size')) return [selected, valid];
  const most = int64Vector(graph, input(operation, 2));
  const missing = binary(graph, 'Sub', most, cast(graph, count, 'int64'));
  const pads = concat(graph, [int64s(graph, [0]), missing], 0);
  const [length] = knownElements(operation, 2) ?? [];
  const shape: Dimension[] = [length ?? '?'];
  return [graph.add('Pad', [selected, pads], { type: 'int32', shape }), valid];
}

/** Also answers with the scores of the boxes. */
function suppressAndScore(operation: Operation): readonly Value[] {
  const { graph } = operation;
  const sigma = operation.inputs[5] ? knownInput(operation, 5)[0] : 0;
  if (sigma !== 0) throw new UnsupportedVariant(`soft_nms_sigma ${sigma}`);
  if (booleanAttribute(operation, 'pad_to_max_output_size')) throw new UnsupportedVariant('pad_to_max_output_size');
  const [selected, valid] = suppressAndCount(operation);
  if (!selected || !valid) throw new RangeError('two outputs were added');
  const scores = input(operation, 1);
  return [selected, graph.add('Gather', [scores, selected], { type: scores.type, shape: ['?'] }), valid];
}

/** Each row and column of a box has a number in the ONNX model. */
const longestSide = 65_536;

/**
 * Cuts boxes out of images and resizes each. Boxes are given in parts of the image, as y and x of two corners.
 */
function cropAndResize(operation: Operation): Value {
  const { graph } = operation;
  if (textAttribute(operation, 'method', 'bilinear') !== 'bilinear') throw new UnsupportedVariant('method nearest');
  const [rows = 1, columns = 1] = knownInput(operation, 3);
  if (rows > longestSide || columns > longestSide) throw new UnsupportedVariant(`boxes of ${rows} by ${columns}`);
  const images = cast(graph, input(operation, 0), 'float32');
  const ofBoxes = graph.add(
    'Gather',
    [images, input(operation, 2)],
    { type: 'float32', shape: images.shape && ['?', ...images.shape.slice(1)] },
    { attributes: { axis: 0 } },
  );
  const corner = (index: number) => unsqueeze(graph, slice(graph, input(operation, 1), 1, index, index + 1), [2]);
  const y = gridAxis(operation, corner(0), corner(2), rows, [1, rows, 1]);
  const x = gridAxis(operation, corner(1), corner(3), columns, [1, 1, columns]);
  const whole = [x, y].map((axis) =>
    unsqueeze(
      graph,
      graph.add('Expand', [axis, concat(graph, [lengthOf(graph, axis, 0), int64s(graph, [rows, columns])], 0)], {
        type: 'float32',
        shape: ['?', rows, columns],
      }),
      [3],
    ),
  );
  const grid = concat(graph, whole, 3);
  const attributes = { mode: 'bilinear', padding_mode: 'border', align_corners: 1 };
  const channels = images.shape?.[3] ?? '?';
  const sampled = graph.add(
    'GridSample',
    [transpose(graph, ofBoxes, [0, 3, 1, 2]), grid],
    { type: 'float32', shape: ['?', channels, rows, columns] },
    { attributes },
  );
  const inside = graph.add('And', [isInside(operation, y), isInside(operation, x)], {
    type: 'bool',
    shape: ['?', rows, columns],
  });
  const outside = scalar(graph, floatAttribute(operation, 'extrapolation_value', 0), 'float32');
  const result = transpose(graph, sampled, [0, 2, 3, 1]);
  return graph.add('Where', [unsqueeze(graph, inside, [3]), result, outside], result);
}

/** The places on one axis, from -1 for the first element of the image to 1 for its last. */
function gridAxis(operation: Operation, from: Value, to: Value, count: number, dims: readonly number[]): Value {
  const { graph } = operation;
  const steps = Array.from({ length: count }, (_, index) => (count > 1 ? index / (count - 1) : 0.5));
  const way = binary(graph, 'Mul', binary(graph, 'Sub', to, from), constantOf(graph, 'float32', steps, dims));
  const place = binary(graph, 'Add', from, way);
  return binary(graph, 'Sub', binary(graph, 'Mul', place, scalarLike(graph, 2, place)), scalarLike(graph, 1, place));
}

function isInside(operation: Operation, place: Value): Value {
  const { graph } = operation;
  const size = graph.add('Abs', [place], place);
  return binary(graph, 'LessOrEqual', size, scalarLike(graph, 1, place), 'bool');
}

export const images: Readonly<Record<string, Converter>> = {
  CropAndResize: cropAndResize,
  NonMaxSuppression: suppress,
  NonMaxSuppressionV2: suppress,
  NonMaxSuppressionV3: suppress,
  NonMaxSuppressionV4: suppressAndCount,
  NonMaxSuppressionV5: suppressAndScore,
};
