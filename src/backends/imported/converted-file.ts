import type { ImportedModel } from '../../importers/importer.js';
import type { DeclaredTensors, TensorInfo } from '../../standard/tensor.js';

/**
 * What is kept of a conversion: the length of a header in four bytes, little-endian; the header, which is JSON; the ONNX
 * model. Nothing that is read back is trusted: the browser's storage may be damaged, and every script of the page's origin
 * can write to it.
 */

/** The most that a header may have: as many bytes as the names of all tensors of a model. */
const longestHeader = 16 << 20;

const lengthBytes = 4;

/** @param key what the conversion is kept under, so that it counts under no other */
export function writeConverted(key: string, model: ImportedModel): readonly Uint8Array<ArrayBuffer>[] {
  const { inputs, outputs, inputAliases, outputAliases } = model;
  const header = { key, inputs, outputs, inputAliases: [...inputAliases], outputAliases: [...outputAliases] };
  return writeFile(header, model.onnx);
}

/** @returns nothing where it is no conversion that was kept under this key */
export function readConverted(key: string, bytes: Uint8Array<ArrayBuffer>): ImportedModel | undefined {
  const { header, rest } = readFile(key, bytes);
  const inputs = parseTensors(header.inputs);
  const outputs = parseTensors(header.outputs);
  const inputAliases = parseAliases(header.inputAliases);
  const outputAliases = parseAliases(header.outputAliases);
  if (!inputs || !outputs || !inputAliases || !outputAliases || rest.byteLength === 0) return undefined;
  return { onnx: rest, inputs, outputs, inputAliases, outputAliases };
}

/** What a program declares, whose graphs are kept apart, one for each combination of inputs. */
export function writeDeclaration(key: string, inputs: DeclaredTensors): readonly Uint8Array<ArrayBuffer>[] {
  return writeFile({ key, inputs }, new Uint8Array());
}

/** @returns nothing where it is no declaration that was kept under this key */
export function readDeclaration(key: string, bytes: Uint8Array<ArrayBuffer>): DeclaredTensors | undefined {
  const { inputs } = readFile(key, bytes).header;
  return inputs === 'any' ? inputs : parseTensors(inputs);
}

/** In parts, since the weights are not to be copied. */
function writeFile(header: object, rest: Uint8Array<ArrayBuffer>): readonly Uint8Array<ArrayBuffer>[] {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(lengthBytes);
  new DataView(length.buffer).setUint32(0, text.byteLength, true);
  return [length, text, rest];
}

interface File {
  /** Without members where it is none of this key. */
  readonly header: Readonly<Record<string, unknown>>;
  readonly rest: Uint8Array<ArrayBuffer>;
}

function readFile(key: string, bytes: Uint8Array<ArrayBuffer>): File {
  const none = { header: {}, rest: bytes.subarray(bytes.byteLength) };
  if (bytes.byteLength < lengthBytes) return none;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (length > longestHeader || lengthBytes + length > bytes.byteLength) return none;
  const header = parseJson(bytes.subarray(lengthBytes, lengthBytes + length));
  return header?.key === key ? { header, rest: bytes.subarray(lengthBytes + length) } : none;
}

function parseJson(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function parseTensors(value: unknown): readonly TensorInfo[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const tensors = value.flatMap((tensor) => parseTensor(tensor) ?? []);
  return tensors.length === value.length ? tensors : undefined;
}

function parseTensor(value: unknown): TensorInfo | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { name, aliases, type, shape }: Record<string, unknown> = { ...value };
  if (typeof name !== 'string' || typeof type !== 'string') return undefined;
  if (!Array.isArray(shape) || !shape.every(isLength)) return undefined;
  if (aliases === undefined) return { name, type, shape };
  return isTexts(aliases) ? { name, type, shape, aliases } : undefined;
}

/** The length of an axis, or its name. */
function isLength(value: unknown): value is number | string {
  return typeof value === 'string' || (Number.isSafeInteger(value) && Number(value) >= 0);
}

function parseAliases(value: unknown): ReadonlyMap<string, string> | undefined {
  if (!Array.isArray(value) || !value.every(isPair)) return undefined;
  return new Map(value);
}

function isPair(value: unknown): value is [string, string] {
  return isTexts(value) && value.length === 2;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
