import { type Field, readField, readInt32, wireTypes } from '../standard/protobuf.js';

// Protobuf has no signature, and any message parses as many another. What these look at is which fields a file has, how
// they are written and, where two formats have the same, what a value begins with.

/** Enough to see what a file is; metadata can make thousands. */
const fieldsLookedAt = 32;

/** A key and a length that the end of the file cuts are at most so long. */
const longestCut = 10;

/** The fields of ONNX's `ModelProto`, and how they are written. */
const onnxFields: ReadonlyMap<number, number> = new Map([
  ...[1, 5].map((number) => [number, wireTypes.varint] as const),
  ...[2, 3, 4, 6, 7, 8, 14, 20, 25, 26].map((number) => [number, wireTypes.bytes] as const),
]);

/**
 * Whether a file is an ONNX `ModelProto`, perhaps cut short. Fields that are not known yet may follow the first.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function startsLikeOnnx(bytes: Uint8Array): boolean {
  const { fields, isWhole } = topFields(bytes);
  const [first] = fields;
  return (
    isWhole && first !== undefined && onnxFields.has(first.number) && fields.every((field) => isOnnx(bytes, field))
  );
}

function isOnnx(bytes: Uint8Array, { number, wireType, start, end }: Field): boolean {
  if ((onnxFields.get(number) ?? wireType) !== wireType) return false;
  if (number === 1) {
    const irVersion = readInt32(bytes, start, end);
    return irVersion > 0 && irVersion < 0x80;
  }
  // The producer's name. Core ML and TensorFlow have a message here, whose first byte is a low one.
  return number !== 2 || start === end || (bytes[start] ?? 0) >= 0x20;
}

/**
 * Whether a file is a TensorFlow `SavedModel`: version 1 and `MetaGraphDef`s, to the end. One that is cut short is not
 * recognised, since a Core ML model can begin alike.
 *
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/saved_model.proto
 */
export function startsLikeTensorFlowSavedModel(bytes: Uint8Array): boolean {
  const { fields, isWhole } = topFields(bytes);
  const [version, ...metaGraphs] = fields;
  if (!isWhole || version?.number !== 1 || version.wireType !== wireTypes.varint) return false;
  if (readInt32(bytes, version.start, version.end) !== 1 || metaGraphs.length === 0) return false;
  return metaGraphs.every(
    ({ number, wireType, start, end }) =>
      number === 2 && wireType === wireTypes.bytes && end <= bytes.byteLength && isOneOf(bytes[start], [0x0a, 0x12]),
  );
}

/**
 * Whether a file is a TensorFlow `GraphDef` (a frozen graph): nodes, which begin with a name and an operator.
 *
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/graph.proto
 */
export function startsLikeTensorFlowGraph(bytes: Uint8Array): boolean {
  const node = readField(bytes, 0, bytes.byteLength);
  if (node?.number !== 1 || node.wireType !== wireTypes.bytes) return false;
  const name = readField(bytes, node.start, node.end);
  if (name?.number !== 1 || name.wireType !== wireTypes.bytes || name.end > node.end) return false;
  const operator = readField(bytes, name.end, node.end);
  if (operator?.number !== 2 || operator.wireType !== wireTypes.bytes || operator.end > node.end) return false;
  return isIdentifier(bytes, name, /^[\w.][\w.\-/>]*$/) && isIdentifier(bytes, operator, /^_?[A-Z][\w>]*$/);
}

/** The first fields of the file, up to one that its end cuts. `isWhole` is false where bytes follow that are none. */
function topFields(bytes: Uint8Array): { fields: readonly Field[]; isWhole: boolean } {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.byteLength && fields.length < fieldsLookedAt; ) {
    const field = readField(bytes, at, bytes.byteLength);
    if (!field) return { fields, isWhole: bytes.byteLength - at < longestCut };
    fields.push(field);
    at = field.end;
  }
  return { fields, isWhole: true };
}

function isIdentifier(bytes: Uint8Array, { start, end }: Field, pattern: RegExp): boolean {
  return end - start <= 1024 && pattern.test(String.fromCharCode(...bytes.subarray(start, end)));
}

function isOneOf(byte: number | undefined, allowed: readonly number[]): boolean {
  return byte !== undefined && allowed.includes(byte);
}
