import { functionAttribute } from '../attributes.js';
import type { Converter, Item, Operation } from '../operation.js';

/** Puts the nodes of a function in the place of its call. */
function callFunction(operation: Operation): readonly Item[] {
  return operation.conversion.call(functionAttribute(operation, 'f'), operation.inputs, operation.graph);
}

export const calls: Readonly<Record<string, Converter>> = {
  PartitionedCall: callFunction,
  StatefulPartitionedCall: callFunction,
};
