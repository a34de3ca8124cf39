import { int64s, numbersTensor } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import type { Dimension } from '../../onnx/model.js';
import { cast, filled, int64Vector, isStatic, reshape, shapeOf, transpose } from '../../onnx/operations.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { tensorAttribute, textAttribute, typeNumberAttribute } from '../attributes.js';
import { lastAgain, lastAxis, transposedFrom } from '../layout.js';
import {
  type Converter,
  elementsOf,
  type Item,
  input,
  inputsFrom,
  itemAt,
  knownElements,
  nothing,
  type Operation,
  typeOf,
} from '../operation.js';
import { unknownShape } from './shape.js';

// Operators that make tensors, pass them on, or put something round them.

/** `DT_STRING` */
const stringType = 7;

const passOn: Converter = (operation) => itemAt(operation, 0);

function constant(operation: Operation): Item {
  // Texts are read by assertions and the like only, which are not converted.
  if (typeNumberAttribute(operation, 'dtype') === stringType) return nothing;
  const tensor = tensorAttribute(operation, 'value');
  if (!tensor) throw new UnsupportedVariant('no value');
  return operation.graph.constant(tensor);
}

function fillWith(operation: Operation, lengths: Value, value: Value): Value {
  const shape = elementsOf(operation.conversion, lengths) ?? unknownShape(lengths);
  return operation.graph.add('Expand', [value, int64Vector(operation.graph, lengths)], { type: value.type, shape });
}

/** A tensor of one number with the shape of the input. */
const like = (number: number): Converter => {
  return (operation) => {
    const { graph } = operation;
    const value = input(operation, 0);
    if (isStatic(value.shape)) return filled(graph, typeOf(value), number, value.shape);
    const attributes = { value: { kind: 'tensor', tensor: numbersTensor(typeOf(value), [number], [1]) } } as const;
    return graph.add('ConstantOfShape', [shapeOf(graph, value)], value, { attributes });
  };
};

function range(operation: Operation): Value {
  const inputs = inputsFrom(operation, 0);
  return operation.graph.add('Range', inputs, { type: inputs[0]?.type, shape: ['?'] });
}

function tile(operation: Operation): Value {
  const value = input(operation, 0);
  const counts = elementsOf(operation.conversion, input(operation, 1));
  const shape = value.shape?.map((length, axis): Dimension => {
    const count = counts?.[axis];
    if (count === 1) return length;
    return typeof length === 'number' && typeof count === 'number' ? length * count : '?';
  });
  const repeats = int64Vector(operation.graph, input(operation, 1));
  return operation.graph.add('Tile', [value, repeats], { type: value.type, shape });
}

function broadcastTo(operation: Operation): Value {
  const { graph, conversion } = operation;
  const value = input(operation, 0);
  const lengths = input(operation, 1);
  const shape = elementsOf(conversion, lengths) ?? unknownShape(lengths);
  return graph.add('Expand', [value, int64Vector(graph, lengths)], { type: value.type, shape });
}

function pad(operation: Operation, mode: string): Value {
  const value = input(operation, 0);
  const flat = knownElements(operation, 1);
  // `PadV2` says what to pad with; ONNX pads with zeros as `Pad` does.
  const filler = operation.op === 'PadV2' ? input(operation, 2) : undefined;
  if (!flat || !value.shape) return padByInput(operation, value, filler, mode);
  const rank = value.shape.length;
  const pairs = Array.from({ length: rank }, (_, axis) => pairAt(flat, axis));
  const image = transposedFrom(operation, value);
  if (!image) return padBy(operation, value, pairs, filler, mode);
  const first = pairs.map((_, axis) => pairAt(flat, lastAxis(axis, rank)));
  return lastAgain(operation, padBy(operation, image, first, filler, mode), rank);
}

function pairAt(flat: readonly number[], axis: number): readonly [number, number] {
  return [flat[axis * 2] ?? 0, flat[axis * 2 + 1] ?? 0];
}

function padBy(
  { graph, conversion }: Operation,
  value: Value,
  pairs: readonly (readonly [number, number])[],
  filler: Value | undefined,
  mode: string,
): Value {
  const shape = value.shape?.map((length, axis): Dimension => {
    const [before, after] = pairs[axis] ?? [0, 0];
    if (before + after === 0) return length;
    return typeof length === 'number' ? length + before + after : '?';
  });
  const pads = int64s(graph, [...pairs.map(([before]) => before), ...pairs.map(([, after]) => after)]);
  const inputs = filler ? [value, pads, filler] : [value, pads];
  const result = graph.add('Pad', inputs, { type: value.type, shape }, { attributes: { mode } });
  if (!filler && mode === 'constant') conversion.padded.set(result.name, { source: value, pads });
  return result;
}

/** Paddings that are known only when the model is computed: a pair for each axis, where ONNX wants all first ones first. */
function padByInput(operation: Operation, value: Value, filler: Value | undefined, mode: string): Value {
  const { graph } = operation;
  const pads = reshape(graph, transpose(graph, cast(graph, input(operation, 1), 'int64'), [1, 0]), [-1]);
  const shape = value.shape?.map((): Dimension => '?');
  const inputs = filler ? [value, pads, filler] : [value, pads];
  return graph.add('Pad', inputs, { type: value.type, shape }, { attributes: { mode } });
}

/** Mirrors what is inside: without the edge, or with it, which ONNX's version 18 of `Pad` has no mode for. */
function mirrorPad(operation: Operation): Value {
  if (textAttribute(operation, 'mode', 'REFLECT') === 'REFLECT') return pad(operation, 'reflect');
  const widths = knownElements(operation, 1);
  // At a width of one, what is mirrored is the edge itself.
  if (widths?.every((width) => width <= 1)) return pad(operation, 'edge');
  throw new UnsupportedVariant('mode SYMMETRIC with more than one element');
}

export const tensors: Readonly<Record<string, Converter>> = {
  Assert: () => nothing,
  BroadcastTo: broadcastTo,
  CheckNumerics: passOn,
  Const: constant,
  Fill: (operation) => fillWith(operation, input(operation, 0), input(operation, 1)),
  Identity: passOn,
  IdentityN: (operation) => operation.inputs,
  MirrorPad: mirrorPad,
  NoOp: () => nothing,
  OnesLike: like(1),
  Pad: (operation) => pad(operation, 'constant'),
  PadV2: (operation) => pad(operation, 'constant'),
  PlaceholderWithDefault: passOn,
  PreventGradient: passOn,
  Range: range,
  ReadVariableOp: (operation) => input(operation, 0),
  Snapshot: passOn,
  StopGradient: passOn,
  Tile: tile,
  ZerosLike: like(0),
};
