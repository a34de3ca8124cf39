import { type Field, readFields, readInt32, wireTypes } from '../../standard/protobuf.js';

export type AttributeValue = number | string | readonly number[];

/** What a model says of a tensor, short of its elements. */
export interface KnownValue {
  /** The lengths of its axes; -1 for one that is open. */
  readonly shape?: readonly number[];
  /** Its elements, where they are a few numbers that the model fixes. */
  readonly numbers?: readonly number[];
}

/** What the names of one graph stand for. */
export type Scope = Map<string, KnownValue>;

/** Names of models in use are shorter. A longer one is cut, and may then be taken for another that is cut alike. */
const maximumName = 1024;

/** No tensor has as many axes, and no list that says something of axes as many numbers. */
const maximumIntegers = 64;

const tensorFields = { dims: 1, dataType: 2, floatData: 4, int32Data: 5, int64Data: 7, name: 8, rawData: 9 };
const declarationFields = { name: 1, type: 2 };
const attributeFields = { name: 1, float: 2, int: 3, text: 4, tensor: 5, floats: 7, ints: 8 };

/** How the elements of a tensor are read, by its type (`TensorProto.DataType`): FP32, I32 and I64. */
const elements: ReadonlyMap<number, readonly [width: number, read: (view: DataView, at: number) => number]> = new Map([
  [1, [4, (view: DataView, at: number) => view.getFloat32(at, true)]],
  [6, [4, (view: DataView, at: number) => view.getInt32(at, true)]],
  [7, [8, (view: DataView, at: number) => Number(view.getBigInt64(at, true))]],
]);
const floatType = 1;

/** Operators whose output has the shape of their first input: weights are often stored in another type. */
const shapeKeeping = new Set(['Cast', 'CastLike', 'Identity', 'DequantizeLinear', 'QuantizeLinear']);

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** A text of a few ASCII characters is read in place, ten times as quickly as a decoder is called. */
const shortText = 32;

export function text(bytes: Uint8Array, { start, end }: Field): string {
  let short = '';
  for (let at = start; at < end && short.length < shortText; at++) {
    const byte = bytes[at] ?? 0x80;
    if (byte >= 0x80) break;
    short += String.fromCharCode(byte);
  }
  if (short.length === end - start) return short;
  return utf8.decode(bytes.subarray(start, Math.min(end, start + maximumName)));
}

/** Takes note of a tensor (`TensorProto`) that the model has. */
export function readInitializer(bytes: Uint8Array, tensor: Field, scope: Scope): void {
  const { name, value } = readTensor(bytes, tensor);
  note(scope, name, value);
}

/** Takes note of the shape of a tensor that the model declares (`ValueInfoProto`), unless it has the tensor itself. */
export function readDeclaration(bytes: Uint8Array, declaration: Field, scope: Scope): void {
  let name = '';
  let shape: readonly number[] | undefined;
  readFields(bytes, declaration.start, declaration.end, (field) => {
    if (field.number === declarationFields.name && field.wireType === wireTypes.bytes) name = text(bytes, field);
    if (field.number === declarationFields.type && field.wireType === wireTypes.bytes) shape = readType(bytes, field);
    return true;
  });
  if (shape && !scope.has(name)) note(scope, name, { shape });
}

interface NodeParts {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly Field[];
}

/** Takes note of the output of an operator that makes a constant, or keeps the shape of what it gets. */
export function addConstant(bytes: Uint8Array, node: NodeParts, scope: Scope, scopes: readonly Scope[]): void {
  const { operator, inputs, outputs, attributes } = node;
  const [output = ''] = outputs;
  if (operator === 'Constant') {
    for (const attribute of attributes) note(scope, output, readConstant(bytes, attribute));
    return;
  }
  const [input = ''] = inputs;
  if (!shapeKeeping.has(operator) || scope.has(output)) return;
  const value = scopes.findLast((outer) => outer.has(input))?.get(input);
  if (value) note(scope, output, value);
}

/** The value of a Constant, which one attribute has: as a tensor, a whole number or a list of them. */
function readConstant(bytes: Uint8Array, attribute: Field): KnownValue {
  let value: KnownValue = {};
  readFields(bytes, attribute.start, attribute.end, (field) => {
    const isTensor = field.number === attributeFields.tensor && field.wireType === wireTypes.bytes;
    if (isTensor) value = readTensor(bytes, field).value;
    return true;
  });
  const [[name, number] = []] = readAttribute(bytes, attribute) ?? [];
  if (name === 'value_int' && typeof number === 'number') return { shape: [], numbers: [number] };
  return name === 'value_ints' && Array.isArray(number) ? { shape: [number.length], numbers: number } : value;
}

/** An attribute's name and value (`AttributeProto`); nothing for one that is a tensor, a graph or a list of texts. */
export function readAttribute(
  bytes: Uint8Array,
  attribute: Field,
): readonly [readonly [name: string, value: AttributeValue]] | undefined {
  let name = '';
  let value: AttributeValue | undefined;
  const integers: number[] = [];
  const isWhole = readFields(bytes, attribute.start, attribute.end, (field) => {
    const { number, wireType, start, end } = field;
    if (number === attributeFields.name && wireType === wireTypes.bytes) name = text(bytes, field);
    if (number === attributeFields.text && wireType === wireTypes.bytes) value = text(bytes, field);
    if (number === attributeFields.int && wireType === wireTypes.varint) value = readInt64(bytes, start, end);
    if (number === attributeFields.float && wireType === wireTypes.fixed32)
      value = viewOf(bytes).getFloat32(start, true);
    if (number === attributeFields.ints) addIntegers(bytes, field, integers);
    return true;
  });
  if (!isWhole) return undefined;
  const known = integers.length > 0 ? integers : value;
  return known === undefined ? undefined : [[name, known]];
}

function note(scope: Scope, name: string, value: KnownValue): void {
  if (name !== '') scope.set(name, value);
}

function readTensor(bytes: Uint8Array, tensor: Field): { name: string; value: KnownValue } {
  let name = '';
  let type = 0;
  /** Elements of a width of their own, which stand as they are in memory. */
  let raw: Field | undefined;
  const shape: number[] = [];
  const data: number[] = [];
  readFields(bytes, tensor.start, tensor.end, (field) => {
    const { number, wireType, start, end } = field;
    if (number === tensorFields.name && wireType === wireTypes.bytes) name = text(bytes, field);
    if (number === tensorFields.dims) addIntegers(bytes, field, shape);
    if (number === tensorFields.dataType && wireType === wireTypes.varint) type = readInt32(bytes, start, end);
    if (number === tensorFields.int32Data || number === tensorFields.int64Data) addIntegers(bytes, field, data);
    if (number === tensorFields.floatData && wireType === wireTypes.bytes) raw = field;
    if (number === tensorFields.rawData && wireType === wireTypes.bytes) raw = field;
    return true;
  });
  const numbers = data.length > 0 && type !== floatType ? data : rawNumbers(bytes, raw, type);
  return { name, value: numbers.length > 0 ? { shape, numbers } : { shape } };
}

function rawNumbers(bytes: Uint8Array, raw: Field | undefined, type: number): readonly number[] {
  const [width, read] = elements.get(type) ?? [];
  if (!raw || !width || !read) return [];
  const length = (raw.end - raw.start) / width;
  if (!Number.isInteger(length) || length > maximumIntegers) return [];
  const view = viewOf(bytes);
  return Array.from({ length }, (_, index) => read(view, raw.start + index * width));
}

/** The shape in a `TypeProto`: its `tensor_type`, whose `shape` has `dim`s, each of them a `dim_value` or another. */
function readType(bytes: Uint8Array, type: Field): readonly number[] | undefined {
  let shape: number[] | undefined;
  const inside = (field: Field, number: number, visit: (inner: Field) => void) =>
    readFields(bytes, field.start, field.end, (inner) => {
      if (inner.number === number && inner.wireType === wireTypes.bytes) visit(inner);
      return true;
    });
  inside(type, 1, (tensorType) =>
    inside(tensorType, 2, (tensorShape) => {
      shape = [];
      inside(tensorShape, 1, (dim) => {
        let length = -1;
        readFields(bytes, dim.start, dim.end, ({ number, wireType, start, end }) => {
          if (number === 1 && wireType === wireTypes.varint) length = readInt64(bytes, start, end);
          return true;
        });
        if (shape && shape.length < maximumIntegers) shape.push(length);
      });
    }),
  );
  return shape;
}

/** Adds the numbers of a repeated integer field, packed or not, up to as many as are of use. */
function addIntegers(bytes: Uint8Array, { wireType, start, end }: Field, into: number[]): void {
  if (wireType === wireTypes.varint) {
    if (into.length < maximumIntegers) into.push(readInt64(bytes, start, end));
    return;
  }
  if (wireType !== wireTypes.bytes) return;
  for (let at = start, from = start; at < end && into.length < maximumIntegers; at++) {
    if ((bytes[at] ?? 0) >= 0x80) continue;
    into.push(readInt64(bytes, from, at + 1));
    from = at + 1;
  }
}

/** A varint as `int64`; as near as a number of JavaScript comes to it. */
function readInt64(bytes: Uint8Array, start: number, end: number): number {
  let value = 0n;
  for (let at = start, shift = 0n; at < end && shift < 70n; at++, shift += 7n) {
    value |= BigInt((bytes[at] ?? 0) & 0x7f) << shift;
  }
  return Number(BigInt.asIntN(64, value));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
