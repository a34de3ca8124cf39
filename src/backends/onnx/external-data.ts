import { quote, WasiNNError } from '../../standard/error.js';
import type { GraphBuilder } from '../../standard/graph.js';
import { type Field, readFields, readInt32, wireTypes } from '../../standard/protobuf.js';

/** The files in which an ONNX model keeps weights outside of itself. */
export interface ExternalData {
  /** Their names, in the order in which the model's bytes first name them. */
  readonly files: readonly string[];
  /** False where the model does not parse: there may then be more files than were found. */
  readonly wellFormed: boolean;
}

/** The parts of an ONNX model, as onnxruntime-web wants them. */
export interface OnnxParts {
  readonly model: GraphBuilder;
  readonly externalData: readonly { readonly path: string; readonly data: GraphBuilder }[];
}

/** As protobuf's own parsers: deeper messages do not parse there either. */
const maximumDepth = 100;

/** What one model may make us remember: more files than models with one for each tensor have, and longer paths. */
const maximumFiles = 4096;
const maximumPathBytes = 4096;

/** How many files an error text names. */
const shownFiles = 8;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

type Message = 'model' | 'graph' | 'node' | 'attribute' | 'function' | 'sparse tensor' | 'tensor';

/**
 * The fields through which a model leads to its tensors, by their numbers. `training_info` is left out: inference does
 * not look at it.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
const submessages: Readonly<Record<Exclude<Message, 'tensor'>, ReadonlyMap<number, Message>>> = {
  model: new Map([
    [7, 'graph'],
    [25, 'function'],
  ]),
  graph: new Map([
    [1, 'node'],
    [5, 'tensor'],
    [15, 'sparse tensor'],
  ]),
  node: new Map([[5, 'attribute']]),
  attribute: new Map([
    [5, 'tensor'],
    [6, 'graph'],
    [10, 'tensor'],
    [11, 'graph'],
    [22, 'sparse tensor'],
    [23, 'sparse tensor'],
  ]),
  function: new Map([
    [7, 'node'],
    [11, 'attribute'],
  ]),
  'sparse tensor': new Map([
    [1, 'tensor'],
    [2, 'tensor'],
  ]),
};

/** The fields of `TensorProto` and of the entries of its `external_data`. */
const tensorFields = { externalData: 13, dataLocation: 14 };
const entryFields = { key: 1, value: 2 };
const externalLocation = 1;

/**
 * Gives each part of a model its place: the `.onnx` file first, then its external data files in the order in which the
 * model names them. Names are only names: nothing is fetched.
 *
 * @throws WasiNNError `invalid-argument` that names the parts expected, for a wrong number of them; `too-large` for a
 *   model that names thousands of files
 */
export function assignParts(parts: readonly GraphBuilder[]): OnnxParts {
  const [model, ...data] = parts;
  const { files, wellFormed } = model ? findExternalData(model) : { files: [], wellFormed: true };
  if (files.length > maximumFiles) {
    throw new WasiNNError(
      'too-large',
      `load: the model names more than ${maximumFiles} external data files: save it with all tensors in one`,
    );
  }
  // Of a damaged model nobody knows how many parts it has; onnxruntime reports what is wrong with it.
  if (!model || (wellFormed && data.length !== files.length)) throw wrongCount(files, parts.length);
  return { model, externalData: files.flatMap((path, index) => pair(path, data[index])) };
}

/**
 * Finds the external data files that a model names, without decoding it: weights are passed by, nothing is copied, and
 * nothing is thrown, whatever the bytes. Finds up to one file more than a model may have.
 */
export function findExternalData(model: Uint8Array): ExternalData {
  // onnxruntime's own format (.ort) is no protobuf, and has no external data that a browser could give it.
  if (isOrtFormat(model)) return { files: [], wellFormed: true };
  const files = new Set<string>();
  const wellFormed = findIn('model', model, 0, model.byteLength, 0, files);
  return { files: [...files], wellFormed };
}

function findIn(
  message: Message,
  bytes: Uint8Array,
  start: number,
  stop: number,
  depth: number,
  files: Set<string>,
): boolean {
  if (depth > maximumDepth) return false;
  if (message === 'tensor') return findInTensor(bytes, start, stop, files);
  const inner = submessages[message];
  return readFields(bytes, start, stop, (field) => {
    const next = field.wireType === wireTypes.bytes ? inner.get(field.number) : undefined;
    return next === undefined || findIn(next, bytes, field.start, field.end, depth + 1, files);
  });
}

function findInTensor(bytes: Uint8Array, start: number, stop: number, files: Set<string>): boolean {
  let location = '';
  let isExternal = false;
  const wellFormed = readFields(bytes, start, stop, (field) => {
    if (field.number === tensorFields.dataLocation && field.wireType === wireTypes.varint) {
      isExternal = readInt32(bytes, field.start, field.end) === externalLocation;
    }
    if (field.number !== tensorFields.externalData || field.wireType !== wireTypes.bytes) return true;
    const entry = readEntry(bytes, field);
    if (entry?.key === 'location') location = entry.value;
    return entry !== undefined;
  });
  // An empty location is for onnxruntime to refuse: no part could stand for it.
  const path = isExternal && wellFormed ? withoutDot(location) : '';
  if (path !== '' && files.size <= maximumFiles) files.add(path);
  return wellFormed;
}

function readEntry(bytes: Uint8Array, { start, end }: Field): { key: string; value: string } | undefined {
  let key = '';
  let value = '';
  const wellFormed = readFields(bytes, start, end, (field) => {
    if (field.wireType !== wireTypes.bytes) return true;
    if (field.number === entryFields.key) key = readText(bytes, field);
    if (field.number === entryFields.value) value = readText(bytes, field);
    return true;
  });
  return wellFormed ? { key, value } : undefined;
}

function readText(bytes: Uint8Array, { start, end }: Field): string {
  return utf8.decode(bytes.subarray(start, Math.min(end, start + maximumPathBytes)));
}

/** onnxruntime-web takes `./a.bin` and `a.bin` for the same file. */
function withoutDot(location: string): string {
  return location.startsWith('./') ? location.slice(2) : location;
}

function isOrtFormat(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(4, 8)) === 'ORTM';
}

function pair(path: string, data: GraphBuilder | undefined): OnnxParts['externalData'] {
  return data ? [{ path, data }] : [];
}

function wrongCount(files: readonly string[], came: number): WasiNNError {
  const expected =
    files.length === 0
      ? 'an ONNX model is 1 part (the .onnx file)'
      : `this ONNX model is ${files.length + 1} parts (the .onnx file, then its external data: ${list(files.map(quote))})`;
  return new WasiNNError('invalid-argument', `load: ${expected}, but ${came} came`);
}

/** Some of what may be thousands of files, for an error text. */
export function list(files: readonly string[]): string {
  const shown = files.slice(0, shownFiles).join(', ');
  return files.length > shownFiles ? `${shown} and ${files.length - shownFiles} more` : shown;
}
