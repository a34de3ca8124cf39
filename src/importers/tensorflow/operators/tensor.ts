import { cast } from '../../onnx/casts.js';
import { int64s } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import type { Dimension } from '../../onnx/model.js';
import { reshape, transpose } from '../../onnx/operations.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { tensorAttribute, textAttribute, typeNumberAttribute } from '../attributes.js';
import { lastAgain, lastAxis, transposedFrom } from '../layout.js';
import { type Converter, type Item, input, itemAt, knownElements, nothing, type Operation } from '../operation.js';

// Operators that pass tensors on, or put something round them.

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
  CheckNumerics: passOn,
  Const: constant,
  Identity: passOn,
  IdentityN: (operation) => operation.inputs,
  MirrorPad: mirrorPad,
  NoOp: () => nothing,
  Pad: (operation) => pad(operation, 'constant'),
  PadV2: (operation) => pad(operation, 'constant'),
  PlaceholderWithDefault: passOn,
  PreventGradient: passOn,
  ReadVariableOp: (operation) => input(operation, 0),
  Snapshot: passOn,
  StopGradient: passOn,
};
