import { numbersTensor } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import type { Dimension } from '../../onnx/model.js';
import { filled, int64Vector, shapeOf } from '../../onnx/operations.js';
import { isStatic } from '../../onnx/shapes.js';
import { type Converter, elementsOf, input, inputsFrom, type Operation, typeOf } from '../operation.js';
import { unknownShape } from './shape.js';

// Operators that fill tensors with numbers, or with copies of another tensor.

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

export const fillings: Readonly<Record<string, Converter>> = {
  BroadcastTo: broadcastTo,
  Fill: (operation) => fillWith(operation, input(operation, 0), input(operation, 1)),
  OnesLike: like(1),
  Range: range,
  Tile: tile,
  ZerosLike: like(0),
};
