import { quote, WasiNNError } from '../../standard/error.js';
import type { Quantization, TensorInfo, TensorType } from '../../standard/tensor.js';
import { damaged, readRoot, type Table, type Tables } from './flatbuffer.js';

/** What a model says of itself, as far as LiteRT.js does not report it or is not asked yet. */
export interface ModelDescription {
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
  /** Which of the model's signatures is computed: LiteRT.js counts them in the order of the file. */
  readonly signature: number;
  /** Whether operators compute with quantised numbers. Where only weights are quantised, they do not. */
  readonly isQuantized: boolean;
}

/** An input or output, in the order of the model's graph. */
export interface ModelTensor {
  readonly info: TensorInfo & { readonly type: TensorType; readonly shape: readonly number[] };
  readonly elementType: ElementType;
  /** The names that LiteRT.js has for it. */
  readonly keys: readonly string[];
}

/** The fields that are read of each table of the TensorFlow Lite schema, by their numbers. */
const fields = {
  model: { operatorCodes: 1, subgraphs: 2, signatures: 7 },
  subgraph: { tensors: 0, inputs: 1, outputs: 2, operators: 3 },
  tensor: { shape: 0, type: 1, name: 3, quantization: 4 },
  quantization: { scale: 2, zeroPoint: 3 },
  operator: { code: 0, outputs: 2 },
  signature: { inputs: 0, outputs: 1, subgraph: 4 },
  signatureTensor: { name: 0, tensor: 1 },
} as const;

/** The element types of tensors that wasi-nn's guests can pass, by their numbers in the schema. */
const elementTypes = {
  0: { name: 'FLOAT32', type: 'FP32' },
  1: { name: 'FLOAT16', type: 'FP16' },
  2: { name: 'INT32', type: 'I32' },
  3: { name: 'UINT8', type: 'U8' },
  4: { name: 'INT64', type: 'I64' },
  6: { name: 'BOOL', type: 'U8' },
  7: { name: 'INT16', type: 'I32' },
  9: { name: 'INT8', type: 'U8' },
  10: { name: 'FLOAT64', type: 'FP64' },
} as const satisfies Readonly<Record<number, { readonly name: string; readonly type: TensorType }>>;

export type ElementType = (typeof elementTypes)[keyof typeof elementTypes]['name'];

/** UINT8, INT16, INT8 and INT4: what quantised numbers are. */
const quantizedTypes: readonly number[] = [3, 7, 9, 17];

const maximumTensors = 1024;
const maximumRank = 64;
const maximumNameBytes = 4096;
const maximumSignatures = 1024;

/**
 * Reads what a model says of its inputs and outputs.
 *
 * @throws WasiNNError `invalid-encoding` for bytes that are no model, `unsupported-operation` for inputs and outputs of
 *   types that wasi-nn has nothing for
 */
export function readModel(bytes: Uint8Array): ModelDescription {
  const model = readRoot(bytes, 'TFL3');
  const subgraphs = model.tables(fields.model.subgraphs);
  const signatures = model.tables(fields.model.signatures);
  if (signatures.length > maximumSignatures)
    throw damaged(`it has ${signatures.length} signatures, more than ${maximumSignatures}`);
  const graphs = Array.from(signatures, (signature) => signature.uint32(fields.signature.subgraph, 0));
  // A model's main graph is its first. Signatures of other graphs are further entry points, which wasi-nn cannot name.
  const number = Math.max(0, graphs.indexOf(0));
  const subgraph = subgraphs.at(graphs[number] ?? 0);
  if (!subgraph) throw damaged(`it has ${subgraphs.length} graphs, and computes one that is not among them`);
  const inputs = readTensors('inputs', subgraph, signatures.at(number));
  if (new Set(inputs.map(({ info }) => info.name)).size < inputs.length)
    throw damaged('two of its inputs have the same name');
  const computes = computesQuantized(subgraphs, model.tables(fields.model.operatorCodes).length);
  return {
    inputs,
    outputs: readTensors('outputs', subgraph, signatures.at(number)),
    signature: number,
    isQuantized: computes || inputs.some(({ info }) => info.quantization !== undefined),
  };
}

/** The inputs or outputs of a graph; where there is a signature, only those that it names can be had. */
function readTensors(field: 'inputs' | 'outputs', subgraph: Table, signature: Table | undefined): ModelTensor[] {
  const indices = subgraph.int32s(fields.subgraph[field], maximumTensors + 1);
  if (indices.length > maximumTensors) throw damaged(`it has more than ${maximumTensors} ${field}`);
  const tensors = subgraph.tables(fields.subgraph.tensors);
  const named = signature && namesByTensor(signature.tables(fields.signature[field]));
  return indices.flatMap((index): ModelTensor[] => {
    const tensor = tensors.at(index);
    if (!tensor) throw damaged(`tensor ${index} of its ${field} is none of its ${tensors.length} tensors`);
    const name = tensor.text(fields.tensor.name, maximumNameBytes) ?? '';
    const keys = named ? named.get(index) : [name];
    return keys ? [readTensor(tensor, name, keys)] : [];
  });
}

function namesByTensor(entries: Tables): Map<number, string[]> {
  if (entries.length > maximumTensors)
    throw damaged(`a signature has ${entries.length} tensors, more than ${maximumTensors}`);
  const names = new Map<number, string[]>();
  for (const entry of entries) {
    const index = entry.uint32(fields.signatureTensor.tensor, 0);
    const name = entry.text(fields.signatureTensor.name, maximumNameBytes) ?? '';
    names.set(index, [...(names.get(index) ?? []), name]);
  }
  return names;
}

function readTensor(tensor: Table, name: string, keys: readonly string[]): ModelTensor {
  const number = tensor.uint8(fields.tensor.type, 0);
  const element = elementTypeOf(number);
  if (!element) {
    throw new WasiNNError(
      'unsupported-operation',
      `load: tensor ${quote(name)} is of TensorFlow Lite's element type ${number}, which wasi-nn has no type for: convert it within the model (tf.cast)`,
    );
  }
  const shape = tensor.int32s(fields.tensor.shape, maximumRank + 1);
  if (shape.length > maximumRank) throw damaged(`tensor ${quote(name)} has more than ${maximumRank} axes`);
  if (shape.some((length) => length < 0)) {
    throw new WasiNNError(
      'unsupported-operation',
      `load: the shape [${shape.join(', ')}] of tensor ${quote(name)} is open, but LiteRT.js needs fixed shapes: convert the model with fixed ones`,
    );
  }
  const quantization = readQuantization(tensor.table(fields.tensor.quantization));
  const aliases = keys.filter((key) => key !== name);
  return {
    info: {
      name,
      type: element.type,
      shape,
      ...(aliases.length > 0 && { aliases }),
      ...(isOtherType(element.name) && { modelType: element.name }),
      ...(quantization && { quantization }),
    },
    elementType: element.name,
    keys,
  };
}

function elementTypeOf(number: number): (typeof elementTypes)[keyof typeof elementTypes] | undefined {
  return Object.entries(elementTypes).find(([key]) => Number(key) === number)?.[1];
}

/** Whether guests pass such elements as those of another type. */
function isOtherType(type: ElementType): boolean {
  return type === 'INT8' || type === 'INT16' || type === 'BOOL';
}

/** How a tensor is quantised as a whole. Weights alone are quantised by channels. */
function readQuantization(quantization: Table | undefined): Quantization | undefined {
  const [scale, ...furtherScales] = quantization?.float32s(fields.quantization.scale, 2) ?? [];
  const [zeroPoint = 0] = quantization?.int64s(fields.quantization.zeroPoint, 1) ?? [];
  if (scale === undefined || furtherScales.length > 0 || !(scale > 0 && Number.isFinite(scale))) return undefined;
  return { scale, zeroPoint };
}

/**
 * Whether an operator of any graph answers with quantised numbers.
 *
 * @throws WasiNNError for an operator of a number that the model does not have: LiteRT.js corrupts its memory by it
 */
function computesQuantized(subgraphs: Tables, codes: number): boolean {
  let isAnyQuantized = false;
  for (const graph of subgraphs) {
    const tensors = graph.tables(fields.subgraph.tensors);
    for (const operator of graph.tables(fields.subgraph.operators)) {
      const code = operator.uint32(fields.operator.code, 0);
      if (code >= codes) throw damaged(`an operator has the number ${code}, but there are ${codes}`);
      const answers = operator.int32s(fields.operator.outputs, maximumTensors);
      isAnyQuantized ||= answers.some((index) => isQuantizedTensor(tensors.at(index)));
    }
  }
  return isAnyQuantized;
}

function isQuantizedTensor(tensor: Table | undefined): boolean {
  if (!tensor || !quantizedTypes.includes(tensor.uint8(fields.tensor.type, 0))) return false;
  return tensor.table(fields.tensor.quantization)?.float32s(fields.quantization.scale, 1).length === 1;
}
