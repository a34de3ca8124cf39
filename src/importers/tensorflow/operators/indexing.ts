import { cast } from '../../onnx/casts.js';
import { numbersTensor, scalar } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import type { Dimension } from '../../onnx/model.js';
import { concat, int64Vector, transpose, unsqueeze } from '../../onnx/operations.js';
import { integerAttribute, typeAttribute } from '../attributes.js';
import { type Converter, elementsOf, input, type Operation, typeOf } from '../operation.js';
import { unknownShape } from './shape.js';

// Operators that take or put elements by whole tuples of indexes, or answer with indexes.

function gatherTuples(operation: Operation): Value {
  const value = input(operation, 0);
  const indices = cast(operation.graph, input(operation, 1), 'int64');
  const width = indices.shape?.at(-1);
  const shape =
    value.shape && indices.shape && typeof width === 'number'
      ? [...indices.shape.slice(0, -1), ...value.shape.slice(width)]
      : undefined;
  return operation.graph.add('GatherND', [value, indices], { type: value.type, shape });
}

/** Puts rows into a tensor of zeros; those for the same place add up. */
function scatter(operation: Operation): Value {
  const { graph, conversion } = operation;
  const updates = input(operation, 1);
  const lengths = input(operation, 2);
  const shape = elementsOf(conversion, lengths) ?? unknownShape(lengths);
  const zero = { kind: 'tensor', tensor: numbersTensor(typeOf(updates), [0], [1]) } as const;
  const zeros = graph.add(
    'ConstantOfShape',
    [int64Vector(graph, lengths)],
    { type: updates.type, shape },
    {
      attributes: { value: zero },
    },
  );
  return scatterInto(operation, zeros, input(operation, 0), updates, 'add');
}

function scatterInto(operation: Operation, value: Value, indices: Value, updates: Value, reduction: string): Value {
  const inputs = [value, cast(operation.graph, indices, 'int64'), updates];
  return operation.graph.add('ScatterND', inputs, value, { attributes: { reduction } });
}

const scatterWith = (reduction: string): Converter => {
  return (operation) =>
    scatterInto(operation, input(operation, 0), input(operation, 1), input(operation, 2), reduction);
};

/** The indexes of all elements that are not zero, one row for each. */
function where(operation: Operation): Value {
  const value = input(operation, 0);
  const columns = operation.graph.add('NonZero', [value], { type: 'int64', shape: [value.shape?.length ?? '?', '?'] });
  return transpose(operation.graph, columns, [1, 0]);
}

function largest(operation: Operation): readonly Value[] {
  const { graph } = operation;
  const value = input(operation, 0);
  const count =
    operation.inputs.length > 1 ? input(operation, 1) : scalar(graph, integerAttribute(operation, 'k'), 'int64');
  const [length = '?'] = elementsOf(operation.conversion, count) ?? [];
  const shape = value.shape && [...value.shape.slice(0, -1), length];
  const attributes = { axis: -1, largest: 1, sorted: 1 };
  const [values, indices] = graph.addMultiple(
    'TopK',
    [value, int64Vector(graph, count)],
    [
      { type: value.type, shape },
      { type: 'int64', shape },
    ],
    { attributes },
  );
  if (!values || !indices) throw new RangeError('TopK has two outputs');
  return [values, cast(graph, indices, typeAttribute(operation, 'index_type') ?? 'int32')];
}

function oneHot(operation: Operation): Value {
  const { graph } = operation;
  const indices = input(operation, 0);
  const [on, off] = [input(operation, 2), input(operation, 3)];
  const values = concat(
    graph,
    [off, on].map((value) => unsqueeze(graph, value, [0])),
    0,
  );
  const axis = integerAttribute(operation, 'axis', -1);
  const [depth = '?'] = elementsOf(operation.conversion, input(operation, 1)) ?? [];
  const at = axis === -1 ? (indices.shape?.length ?? 0) : axis;
  const shape: readonly Dimension[] | undefined = indices.shape && [
    ...indices.shape.slice(0, at),
    depth,
    ...indices.shape.slice(at),
  ];
  // What is out of range has no place in TensorFlow; ONNX counts negative indexes from the end.
  return graph.add(
    'OneHot',
    [indices, input(operation, 1), values],
    { type: on.type, shape },
    { attributes: { axis } },
  );
}

export const indexings: Readonly<Record<string, Converter>> = {
  GatherNd: gatherTuples,
  OneHot: oneHot,
  ScatterNd: scatter,
  TensorScatterAdd: scatterWith('add'),
  TensorScatterUpdate: scatterWith('none'),
  TopK: largest,
  TopKV2: largest,
  Where: where,
};
