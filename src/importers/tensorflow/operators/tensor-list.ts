import { cast } from '../../onnx/casts.js';
import { scalar } from '../../onnx/constants.js';
import type { Value } from '../../onnx/graph-builder.js';
import { concat, filled, gather, lengthOf, reshape, unsqueeze } from '../../onnx/operations.js';
import { isStatic } from '../../onnx/shapes.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { type Converter, elementsOf, input, itemAt, knownNumber, type Operation, typeOf } from '../operation.js';
import type { TensorList } from '../tensor-list.js';

/** Lists that are written element by element while the model is converted. */
const longestList = 4096;

function listAt(operation: Operation, index: number): TensorList {
  const item = itemAt(operation, index);
  if ('kind' in item && item.kind === 'list') return item;
  throw new UnsupportedVariant('a list that the model does not make itself');
}

function listOf(elements: readonly (Value | undefined)[]): TensorList {
  return { kind: 'list', content: { is: 'elements', elements } };
}

/** A list with places for as many elements as it says. */
function reserve(operation: Operation): TensorList {
  const [count] = elementsOf(operation.conversion, input(operation, 1)) ?? [];
  // Loops that end when the model is computed fill their lists by themselves.
  if (typeof count !== 'number') return listOf([]);
  if (count > longestList) throw new UnsupportedVariant(`a list of ${count} elements`);
  return listOf(new Array<undefined>(Math.max(count, 0)).fill(undefined));
}

function fromTensor(operation: Operation): TensorList {
  return { kind: 'list', content: { is: 'tensor', tensor: input(operation, 0) } };
}

function getItem(operation: Operation): Value {
  const { content } = listAt(operation, 0);
  if (content.is === 'tensor') return gather(operation.graph, content.tensor, input(operation, 1), 0);
  const element = content.is === 'elements' ? content.elements[knownNumber(operation, 1)] : undefined;
  if (element) return element;
  throw new UnsupportedVariant('an element that was not written before');
}

function setItem(operation: Operation): TensorList {
  const { content } = listAt(operation, 0);
  const value = input(operation, 2);
  if (content.is === 'loop state') {
    if (content.written) throw new UnsupportedVariant('two elements in one round of a loop');
    return { kind: 'list', content: { is: 'loop state', written: { index: input(operation, 1), value } } };
  }
  if (content.is === 'tensor') throw new UnsupportedVariant('an element of a list made of a tensor');
  const index = knownNumber(operation, 1);
  if (index < 0 || index >= longestList) throw new UnsupportedVariant(`the element ${index}`);
  const elements = [...content.elements];
  elements[index] = value;
  return listOf(Array.from(elements));
}

/** A tensor with the elements behind one another along a new first axis. */
function stack(operation: Operation): Value {
  const { graph } = operation;
  const { content } = listAt(operation, 0);
  if (content.is === 'tensor') return content.tensor;
  const elements = content.is === 'elements' ? content.elements : [];
  const written = elements.find((element) => element !== undefined);
  if (!written) throw new UnsupportedVariant('a list into which nothing is written');
  const zeros = isStatic(written.shape) ? filled(graph, typeOf(written), 0, written.shape) : undefined;
  const all = elements.map((element) => element ?? zeros);
  const rows = all.flatMap((element) => (element ? [unsqueeze(graph, element, [0])] : []));
  if (rows.length < all.length)
    throw new UnsupportedVariant('elements that are not written, of a shape that is not known');
  return concat(graph, rows, 0);
}

function lengthOfList(operation: Operation): Value {
  const { content } = listAt(operation, 0);
  if (content.is === 'elements') return scalar(operation.graph, content.elements.length, 'int32');
  if (content.is === 'loop state') throw new UnsupportedVariant('the length of a list that a loop writes');
  const length = lengthOf(operation.graph, content.tensor, 0);
  return cast(operation.graph, reshape(operation.graph, length, []), 'int32');
}

export const tensorLists: Readonly<Record<string, Converter>> = {
  TensorListFromTensor: fromTensor,
  TensorListGetItem: getItem,
  TensorListLength: lengthOfList,
  TensorListReserve: reserve,
  TensorListSetItem: setItem,
  TensorListStack: stack,
};
