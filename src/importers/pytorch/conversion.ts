import { toWasiNNError, WasiNNError } from '../../standard/error.js';
import { describeTensor, type TensorShape, type TensorType } from '../../standard/tensor.js';
import type { ImportedModel } from '../importer.js';
import { type Limits, limitsFor } from '../limits.js';
import { type ElementType, wasiNameOf } from '../onnx/element-types.js';
import { GraphBuilder } from '../onnx/graph-builder.js';
import { withoutUnused } from '../onnx/unused.js';
import { writeModel } from '../onnx/write-model.js';
import { excessive, unsupported } from './failure.js';
import { numberTensor } from './operator.js';
import { OperatorCalls } from './operator-calls.js';
import type { StoredTensor } from './stored-tensor.js';
import { Tensor } from './tensor.js';
import { mismatch, TensorGraph } from './tensor-graph.js';
import { itemsOf, type PythonValue, UnknownValue } from './values.js';

/** What carries a program out, while it is converted. */
export interface Conversion {
  readonly graph: TensorGraph;
  readonly operators: OperatorCalls;
  /** A tensor of the archive as one of the graph. */
  readonly load: (stored: StoredTensor) => Tensor;
}

const elementTypes: Readonly<Record<TensorType, ElementType>> = {
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BF16: 'bfloat16',
  U8: 'uint8',
  I32: 'int32',
  I64: 'int64',
};

/** Code can loop, so that a small file makes many nodes and constants. The largest models have a tenth of these. */
const limitsOf = (modelBytes: number): Limits => ({
  ...limitsFor(modelBytes),
  nodes: 20_000,
  constantBytes: 4 * modelBytes + 16 * 1024 * 1024,
});

/**
 * Makes an ONNX model of a program for inputs of certain types and shapes.
 *
 * @param names of the inputs, as the program has them
 * @param run carries the program out, and returns what it does: tensors, and lists and dictionaries of such
 */
export function convertProgram(
  modelBytes: number,
  names: readonly string[],
  inputs: readonly TensorShape[],
  run: (conversion: Conversion, inputs: readonly Tensor[]) => PythonValue,
): ImportedModel {
  const builder = new GraphBuilder('pytorch', limitsOf(modelBytes));
  const graph = new TensorGraph(builder);
  const operators = new OperatorCalls(graph);
  const loaded = new Map<StoredTensor, Tensor>();
  const load = (stored: StoredTensor): Tensor => {
    const tensor = loaded.get(stored) ?? graph.constant(stored.read());
    loaded.set(stored, tensor);
    return tensor;
  };
  const declared = inputs.map((input, index) => declareInput(graph, names[index] ?? `input${index}`, input));
  const result = operators.collectUnsupported(() =>
    run(
      { graph, operators, load },
      declared.map(({ tensor }) => tensor),
    ),
  );
  const outputs = declareOutputs(graph, tensorsIn(graph, result));
  return {
    onnx: writeModel({ graph: withoutUnused(builder.build()), opset: builder.opset }),
    inputs: declared.map(({ name, type, shape }) => ({ name, type: wasiNameOf(type), shape })),
    outputs,
    inputAliases: new Map(),
    outputAliases: new Map(),
  };
}

interface DeclaredInput {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly tensor: Tensor;
}

function declareInput(graph: TensorGraph, wanted: string, { type, dimensions }: TensorShape): DeclaredInput {
  const elementType = elementTypes[type];
  // onnxruntime computes nothing in bfloat16.
  if (type === 'BF16') throw mismatch(`an input is ${describeTensor(type, dimensions)}: give it as FP32`);
  const value = graph.builder.input(wanted, elementType, dimensions);
  return { name: value.name, type: elementType, shape: dimensions, tensor: new Tensor(value, elementType, dimensions) };
}

/** As WasmEdge has it, outputs have 32-bit floats. */
function declareOutputs(graph: TensorGraph, tensors: readonly Tensor[]): ImportedModel['outputs'] {
  if (tensors.length === 0) throw unsupported('it returns no tensor');
  return tensors.map((tensor, index) => {
    const value = graph.cast(tensor, 'float32').value;
    const name = graph.builder.output(
      tensors.length === 1 ? 'output' : `output${index}`,
      value,
      'float32',
      tensor.shape,
    );
    return { name, type: 'FP32', shape: tensor.shape };
  });
}

/** Of results in one another. */
const maximumDepth = 16;

/** More than any program returns. */
const maximumOutputs = 1000;

/** The tensors of a result in their order: those of a dictionary in that of its entries. */
function tensorsIn(graph: TensorGraph, value: PythonValue, depth = 0): Tensor[] {
  if (value instanceof UnknownValue) {
    throw unsupported('it returns what is not converted: the places of a pooling, or the weights of an attention');
  }
  if (value instanceof Tensor) return [value];
  const items = value instanceof Map ? [...value.values()] : itemsOf(value);
  if (!items) return [numberTensor(graph, value)].filter((tensor) => tensor !== undefined);
  if (depth > maximumDepth) throw excessive(`returns values that nest deeper than ${maximumDepth}`);
  const tensors = items.flatMap((item) => tensorsIn(graph, item, depth + 1));
  if (tensors.length > maximumOutputs) throw excessive(`returns more than ${maximumOutputs} tensors`);
  return tensors;
}

/** What is not thrown with a code comes from bytes that nobody foresaw. */
export function asModelError(cause: unknown): Error {
  if (cause instanceof RangeError) {
    return new WasiNNError('too-large', `load: the PyTorch model nests too deep, or is damaged: ${cause.message}`, {
      cause,
    });
  }
  return toWasiNNError(cause, 'load: the PyTorch model cannot be converted', 'invalid-encoding');
}
