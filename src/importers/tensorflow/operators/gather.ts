import { cast } from '../../onnx/casts.js';
import type { Value } from '../../onnx/graph-builder.js';
import { unsqueeze } from '../../onnx/operations.js';
import { broadcast } from '../../onnx/shapes.js';
import { UnsupportedVariant } from '../../unsupported.js';
import { integerAttribute } from '../attributes.js';
import { axisOf, type Converter, input, knownNumber, type Operation, rankOf } from '../operation.js';

/** Slices by their numbers. An embedding takes them from a variable. */
function gather(operation: Operation): Value {
  const { graph } = operation;
  const value = input(operation, 0);
  const axisNumber = operation.inputs.length > 2 ? knownNumber(operation, 2) : 0;
  const indices = input(operation, 1);
  const batchAxes = integerAttribute(operation, 'batch_dims');
  const axis = value.shape || axisNumber !== 0 ? axisOf(value, axisNumber) : 0;
  if (batchAxes !== 0) return gatherInBatches(operation, value, indices, axis);
  const shape = value.shape &&
    indices.shape && [...value.shape.slice(0, axis), ...indices.shape, ...value.shape.slice(axis + 1)];
  return graph.add('Gather', [value, indices], { type: value.type, shape }, { attributes: { axis } });
}

/** ONNX has batches only where whole tuples of indexes are gathered. */
function gatherInBatches(operation: Operation, value: Value, indices: Value, axis: number): Value {
  const { graph } = operation;
  const rank = rankOf(indices);
  const batchAxes = integerAttribute(operation, 'batch_dims');
  const count = batchAxes < 0 ? batchAxes + rank : batchAxes;
  if (axis !== count) throw new UnsupportedVariant(`batch_dims ${count} with the axis ${axis}`);
  const tuples = unsqueeze(graph, cast(graph, indices, 'int64'), [rank]);
  const shape = value.shape && indices.shape && [...indices.shape, ...value.shape.slice(axis + 1)];
  return graph.add('GatherND', [value, tuples], { type: value.type, shape }, { attributes: { batch_dims: count } });
}

function select(operation: Operation): Value {
  const { graph } = operation;
  const [yes, no] = [input(operation, 1), input(operation, 2)];
  const shape = broadcast(input(operation, 0).shape, broadcast(yes.shape, no.shape));
  return graph.add('Where', [selectCondition(operation, yes), yes, no], { type: yes.type, shape });
}

/** The first version of the operator takes a vector for whole rows. */
function selectCondition(operation: Operation, value: Value): Value {
  const condition = input(operation, 0);
  if (operation.op !== 'Select' || condition.shape?.length !== 1 || (value.shape?.length ?? 1) < 2) return condition;
  return unsqueeze(
    operation.graph,
    condition,
    Array.from({ length: rankOf(value) - 1 }, (_, axis) => axis + 1),
  );
}

export const gathers: Readonly<Record<string, Converter>> = {
  Gather: gather,
  GatherV2: gather,
  ResourceGather: gather,
  Select: select,
  SelectV2: select,
};
