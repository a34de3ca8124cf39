import type { ElementType } from '../onnx/element-types.js';
import type { Shape, Tensor } from '../onnx/model.js';
import { elementTypeOf } from './data-types.js';
import {
  bytesOf,
  floatOf,
  int32Of,
  integerOf,
  type MessageField,
  textOf,
  visitFields,
  visitIntegers,
} from './message.js';
import { readShape, readTensor } from './tensor-proto.js';

/** What has attributes: a node of the model. */
export interface WithAttributes {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, Uint8Array>;
}

/** The fields of `AttrValue`. */
const fields = { list: 1, text: 2, integer: 3, float: 4, boolean: 5, type: 6, shape: 7, tensor: 8, function: 10 };

/** What one attribute may list: more than any operator needs. */
const longestList = 65_536;

export function textAttribute(node: WithAttributes, key: string, otherwise = ''): string {
  return read(node, key, fields.text, textOf) ?? otherwise;
}

export function integerAttribute(node: WithAttributes, key: string, otherwise = 0): number {
  return read(node, key, fields.integer, integerOf) ?? otherwise;
}

export function floatAttribute(node: WithAttributes, key: string, otherwise: number): number {
  return read(node, key, fields.float, floatOf) ?? otherwise;
}

export function booleanAttribute(node: WithAttributes, key: string): boolean {
  return read(node, key, fields.boolean, int32Of) === 1;
}

/** The number of a type, which may be one that ONNX lacks. */
export function typeNumberAttribute(node: WithAttributes, key: string): number | undefined {
  return read(node, key, fields.type, int32Of);
}

/** @throws WasiNNError `unsupported-operation` for a type whose tensors nothing computes with, such as strings */
export function typeAttribute(node: WithAttributes, key: string): ElementType | undefined {
  const type = typeNumberAttribute(node, key);
  return type === undefined ? undefined : elementTypeOf(type, node.name);
}

export function shapeAttribute(node: WithAttributes, key: string): Shape | undefined {
  return read(node, key, fields.shape, (field) => ({ shape: readShape(bytesOf(field)) }))?.shape;
}

export function tensorAttribute(node: WithAttributes, key: string): Tensor | undefined {
  return read(node, key, fields.tensor, (field) => readTensor(bytesOf(field), node.name));
}

/** The name of a function that the node calls. */
export function functionAttribute(node: WithAttributes, key: string): string {
  let name = '';
  read(node, key, fields.function, (field) =>
    visitFields(bytesOf(field), 'NameAttrList', (inner) => {
      if (inner.number === 1) name = textOf(inner);
    }),
  );
  return name;
}

/** A list of integers; empty where there is none. */
export function integersAttribute(node: WithAttributes, key: string): number[] {
  const values: number[] = [];
  readList(node, key, 3, (field) => visitIntegers(field, (value) => values.push(Number(value))));
  return values.slice(0, longestList);
}

/** A list of texts; empty where there is none. */
export function textsAttribute(node: WithAttributes, key: string): string[] {
  const values: string[] = [];
  readList(node, key, 2, (field) => values.push(textOf(field)));
  return values.slice(0, longestList);
}

function readList(node: WithAttributes, key: string, number: number, take: (field: MessageField) => void): void {
  read(node, key, fields.list, (list) =>
    visitFields(bytesOf(list), 'AttrValue.ListValue', (field) => {
      if (field.number === number) take(field);
    }),
  );
}

function read<Value>(
  node: WithAttributes,
  key: string,
  number: number,
  take: (field: MessageField) => Value,
): Value | undefined {
  const message = node.attributes.get(key);
  if (!message) return undefined;
  let value: Value | undefined;
  visitFields(message, `AttrValue ${key} of ${node.name}`, (field) => {
    if (field.number === number) value = take(field);
  });
  return value;
}
