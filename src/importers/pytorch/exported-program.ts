import { describeTensor, type TensorInfo, type TensorShape } from '../../standard/tensor.js';
import type { ImportedModel } from '../importer.js';
import { type ElementType, wasiNameOf } from '../onnx/element-types.js';
import type { Archive } from './archive.js';
import { type Conversion, convertProgram } from './conversion.js';
import { readArgument, serializedType } from './exported-arguments.js';
import { invalid, unsupported } from './failure.js';
import { array, integer, type JsonObject, object, parseJson, text } from './json.js';
import { loadTensorOperators } from './operator-calls.js';
import type { PyTorchProgram } from './pytorch-program.js';
import { StoredTensor } from './stored-tensor.js';
import type { Tensor } from './tensor.js';
import { mismatch } from './tensor-graph.js';
import { itemsOf, type PythonValue, UnknownValue, unknown } from './values.js';

/** The values of a graph by their names. */
type Environment = Map<string, PythonValue>;

interface Input {
  readonly name: string;
  readonly type: ElementType;
  /** Undefined where any length will do. */
  readonly shape: readonly (number | undefined)[];
}

/**
 * Reads a program that `torch.export.save` has written.
 *
 * @see https://github.com/pytorch/pytorch/blob/main/torch/_export/serde/schema.py
 */
export async function readExportedProgram(archive: Archive, modelBytes: number): Promise<PyTorchProgram> {
  const files = [...archive.keys()].filter((name) => /^models\/[^/]+\.json$/.test(name));
  const [file] = files;
  if (file === undefined || files.length > 1)
    throw unsupported(`it has ${files.length} programs in one archive, not one`);
  const graphModule = object(parseJson(archive.get(file), file).graph_module, 'the graph module');
  const graph = object(graphModule.graph, 'the graph');
  const signature = object(graphModule.signature, 'the signature');
  const stored = readStoredTensors(archive, file.slice('models/'.length, -'.json'.length));
  const inputSpecs = array(signature.input_specs, 'the inputs').map((spec) => readInputSpec(spec, graph, stored));
  const inputs = inputSpecs.flatMap((spec) => ('shape' in spec ? [spec] : []));
  const names = inputs.map(({ name }) => name);
  const nodes = array(graph.nodes, 'the nodes').map((node) => object(node, 'a node'));
  const outputs = array(signature.output_specs, 'the outputs').map(readOutputSpec);
  const operators = await loadTensorOperators(nodes.map(operatorOf));
  return {
    inputs: inputs.map(declared),
    specialise(given: readonly TensorShape[]): ImportedModel {
      return convertProgram({ modelBytes, names, operators }, given, (conversion, tensors) => {
        const environment: Environment = new Map();
        for (const spec of inputSpecs) {
          if ('stored' in spec) environment.set(spec.name, conversion.load(spec.stored));
          if ('value' in spec) environment.set(spec.name, spec.value);
        }
        takeInputs(conversion, environment, inputs, tensors);
        for (const node of nodes) runNode(conversion, environment, node);
        return outputs.map((output) => readArgument(output, environment));
      });
    },
  };
}

function declared({ name, type, shape }: Input): TensorInfo {
  return { name, type: wasiNameOf(type), shape: shape.map((length, axis) => length ?? `${name}.${axis}`) };
}

/** The weights and constants, by the names that the signature gives them. */
function readStoredTensors(archive: Archive, model: string): Map<string, StoredTensor> {
  const stored = new Map<string, StoredTensor>();
  for (const kind of ['weights', 'constants']) {
    const file = `data/${kind}/${model}_${kind}_config.json`;
    if (!archive.has(file)) continue;
    const config = object(parseJson(archive.get(file), file).config, 'the configuration');
    for (const [name, entry] of Object.entries(config)) {
      stored.set(name, readStoredTensor(archive, kind, object(entry, `the tensor ${name}`)));
    }
  }
  return stored;
}

function readStoredTensor(archive: Archive, kind: string, entry: JsonObject): StoredTensor {
  const file = `data/${kind}/${text(entry.path_name, 'the name of a file')}`;
  if (entry.use_pickle === true) throw unsupported(`its ${file} is a tensor of a class of its own`);
  const bytes = archive.get(file);
  if (!bytes) throw invalid(`the archive lacks ${file}`);
  const meta = object(entry.tensor_meta, 'the description of a tensor');
  const offset = object(meta.storage_offset, 'the offset of a tensor').as_int;
  return new StoredTensor(
    bytes,
    serializedType(integer(meta.dtype, 'the type of a tensor')),
    lengths(meta.sizes, 'the shape of a tensor'),
    lengths(meta.strides, 'the strides of a tensor'),
    integer(offset, 'the offset of a tensor'),
  );
}

function lengths(value: unknown, what: string): number[] {
  return array(value, what).map((length) => integer(object(length, what).as_int, what));
}

type InputSpec =
  | Input
  | { readonly name: string; readonly stored: StoredTensor }
  | { readonly name: string; readonly value: PythonValue };

function readInputSpec(value: unknown, graph: JsonObject, stored: ReadonlyMap<string, StoredTensor>): InputSpec {
  const spec = object(value, 'an input');
  for (const [kind, key] of storedKinds) {
    if (spec[kind] === undefined) continue;
    const entry = object(spec[kind], 'an input');
    const key_ = text(entry[key], 'the name of a tensor');
    const tensor = stored.get(key_);
    if (!tensor) throw invalid(`the archive lacks the tensor ${JSON.stringify(key_.slice(0, 100))}`);
    return { name: text(object(entry.arg, 'an input').name, 'the name of an input'), stored: tensor };
  }
  if (spec.constant_input !== undefined) {
    const entry = object(spec.constant_input, 'an input');
    return {
      name: text(entry.name, 'the name of an input'),
      value: readArgument(object(entry.value, 'an input'), new Map()),
    };
  }
  if (spec.user_input === undefined)
    throw unsupported(`it has inputs of the kind ${Object.keys(spec).join().slice(0, 50)}`);
  const argument = object(object(spec.user_input, 'an input').arg, 'an input');
  if (argument.as_tensor === undefined) {
    return { name: '', value: null };
  }
  const name = text(object(argument.as_tensor, 'an input').name, 'the name of an input');
  const meta = object(object(graph.tensor_values, 'the tensors')[name], `the tensor ${name}`);
  const shape = array(meta.sizes, 'the shape of an input').map((length) => {
    const size = object(length, 'the shape of an input').as_int;
    return size === undefined ? undefined : integer(size, 'the shape of an input');
  });
  const type = serializedType(integer(meta.dtype, 'the type of an input'));
  return { name, type: type === 'bfloat16' ? 'float32' : type, shape };
}

/** The kinds of inputs that the archive brings along, and where each has its name. */
const storedKinds = [
  ['parameter', 'parameter_name'],
  ['buffer', 'buffer_name'],
  ['tensor_constant', 'tensor_constant_name'],
] as const;

function readOutputSpec(value: unknown): JsonObject {
  const spec = object(value, 'an output');
  if (spec.user_output === undefined) {
    throw unsupported(`it keeps a state between computations (${Object.keys(spec).join().slice(0, 50)})`);
  }
  return object(object(spec.user_output, 'an output').arg, 'an output');
}

function takeInputs(
  { graph }: Conversion,
  environment: Environment,
  inputs: readonly Input[],
  tensors: readonly Tensor[],
): void {
  if (inputs.length !== tensors.length) {
    throw mismatch(
      `it takes ${inputs.length} (${inputs.map(({ name }) => name).join(', ')}), and gets ${tensors.length}`,
    );
  }
  for (const [index, input] of inputs.entries()) {
    const tensor = tensors[index];
    if (!tensor) continue;
    const fits =
      tensor.rank === input.shape.length &&
      input.shape.every((length, axis) => length === undefined || length === tensor.shape[axis]);
    if (!fits) {
      const { shape, type } = declared(input);
      throw mismatch(
        `the input ${input.name} is ${describeTensor(type, shape)}, and gets [${tensor.shape.join(', ')}]`,
      );
    }
    environment.set(input.name, graph.cast(tensor, input.type));
  }
}

function runNode({ operators }: Conversion, environment: Environment, node: JsonObject): void {
  const positional: PythonValue[] = [];
  const named: [string, PythonValue][] = [];
  for (const value of array(node.inputs, 'the inputs of a node')) {
    const input = object(value, 'the input of a node');
    const argument = readArgument(object(input.arg, 'the input of a node'), environment);
    if (input.kind === keyword) named.push([text(input.name, 'the name of an argument'), argument]);
    else positional.push(argument);
  }
  const result = operators.call(operatorOf(node), positional, named, layerOf(node));
  const outputs = array(node.outputs, 'the outputs of a node').map((output) => object(output, 'the output of a node'));
  const [first] = outputs;
  if (first && outputs.length === 1) {
    store(environment, first, result);
  } else {
    const results = result instanceof UnknownValue ? [] : (itemsOf(result) ?? [result]);
    for (const [index, output] of outputs.entries()) store(environment, output, results[index] ?? unknown);
  }
}

/** `ArgumentKind.KEYWORD` */
const keyword = 2;

/** `torch.ops.aten.conv2d.default` → `conv2d`, `torch.ops.torchvision.nms.default` → `torchvision.nms`, `_operator.mul` → `mul` */
function operatorOf(node: JsonObject): string {
  const target = text(node.target, 'the operator of a node');
  const [, namespace, name] = /^torch\.ops\.(\w+)\.(\w+)/.exec(target) ?? [];
  if (namespace === 'aten' && name !== undefined) return name;
  if (namespace !== undefined) return `${namespace}.${name}`;
  return target.replace(/^(_operator|math|torch)\./, '');
}

/** The path of the module that made the node: the last of a list of `key,path,class;…`. */
function layerOf(node: JsonObject): string {
  const metadata = object(node.metadata ?? {}, 'the metadata of a node');
  const stack = typeof metadata.nn_module_stack === 'string' ? metadata.nn_module_stack : '';
  return stack.split(';').at(-1)?.split(',')[1] ?? '';
}

/** Gives the result of a node its name: a tensor, a number, or a list of tensors. */
function store(environment: Environment, output: JsonObject, result: PythonValue): void {
  if (Array.isArray(output.as_tensors)) {
    const results = result instanceof UnknownValue ? [] : (itemsOf(result) ?? []);
    for (const [index, value] of output.as_tensors.entries()) {
      environment.set(text(object(value, 'an output').name, 'the name of an output'), results[index] ?? unknown);
    }
    return;
  }
  const [value] = Object.values(output);
  if (typeof value !== 'object' || value === null) return;
  const { name, as_name: symbol } = object(value, 'an output');
  environment.set(text(name ?? symbol, 'the name of an output'), result);
}
