import { WasiNNError } from '../../standard/error.js';
import type { TensorInfo } from '../../standard/tensor.js';
import type { ImportedModel } from '../importer.js';
import type { Limits } from '../limits.js';
import { wasiNameOf } from '../onnx/element-types.js';
import { GraphBuilder, type Value } from '../onnx/graph-builder.js';
import { withoutUnused } from '../onnx/unused.js';
import { writeModel } from '../onnx/write-model.js';
import { type Conversion, convertNetwork } from './convert-network.js';
import { type Layer, type Network, portKey } from './ir.js';
import { parameterType, parseShape } from './read-ir.js';

/**
 * Makes an ONNX model of a network whose operators are all known.
 *
 * @throws WasiNNError `unsupported-operation` that names all layers that cannot be converted; `invalid-encoding` for a
 *   network that contradicts itself; `too-large`
 */
export function convertModel(network: Network, limits: Limits, conversion: Conversion): ImportedModel {
  const graph = new GraphBuilder(network.name || 'openvino', limits);
  const inputs = network.layers.filter(({ type }) => type === 'Parameter').map((layer) => addInput(graph, layer));
  const parameters = new Map(inputs.map(({ layer, value }) => [layer.id, value]));
  const results = convertNetwork(network, graph, parameters, conversion);
  conversion.unsupported.throwIfAny();
  const outputs = network.layers
    .filter(({ type }) => type === 'Result')
    .map((layer) => addOutput(graph, network, layer, results.get(layer.id)));
  if (outputs.length === 0) {
    throw new WasiNNError('invalid-encoding', 'load: the OpenVINO model has no outputs (no layer of the type Result)');
  }

  return {
    onnx: writeModel({ graph: withoutUnused(graph.build()), opset: graph.opset }),
    inputs: inputs.map(({ info }) => info),
    outputs: outputs.map(({ info }) => info),
    inputAliases: aliases(inputs),
    outputAliases: aliases(outputs),
  };
}

interface Named {
  readonly info: TensorInfo;
  readonly names: readonly string[];
}

function addInput(graph: GraphBuilder, layer: Layer): Named & { layer: Layer; value: Value } {
  const type = parameterType(layer);
  const value = graph.input(layer.name, type, parseShape(layer.attributes.get('shape') ?? '', layer.name));
  const info = { name: value.name, type: wasiNameOf(type), shape: value.shape ?? [] };
  return { layer, value, info, names: layer.outputs[0]?.names ?? [] };
}

function addOutput(graph: GraphBuilder, network: Network, layer: Layer, value: Value | undefined): Named {
  const source = network.sources.get(portKey(layer.id, layer.inputs[0]?.id ?? ''));
  const type = value?.type ?? layer.inputs[0]?.type;
  if (!source || !value || !type) {
    throw new WasiNNError(
      'invalid-encoding',
      `load: the output ${JSON.stringify(layer.name)} of the OpenVINO model has no source of a known type`,
    );
  }
  const { outputs, name: producer } = source.layer;
  const index = outputs.findIndex(({ id }) => portKey(source.layer.id, id) === source.port);
  const names = outputs[index]?.names ?? [];
  const wanted = names[0] ?? (outputs.length > 1 ? `${producer}.${index}` : producer);
  const name = graph.output(graph.hasName(wanted) ? layer.name : wanted, value, type, openAxes(value, wanted));
  const info = { name, type: wasiNameOf(type), shape: value.shape ?? [] };
  return { info, names: [...names, producer, layer.name] };
}

/** Axes without a name get one of their own, so that onnxruntime reports them as open. */
function openAxes({ shape }: Value, name: string): Value['shape'] {
  return shape?.map((length, axis) => (length === '?' ? `${name}_${axis}` : length));
}

/** The names beside the first, but for those that are already taken. */
function aliases(tensors: readonly Named[]): Map<string, string> {
  const own = new Set(tensors.map(({ info }) => info.name));
  const pairs = tensors.flatMap(({ info, names }) => names.map((name) => [name, info.name] as const));
  return new Map(pairs.filter(([name]) => !own.has(name)).reverse());
}
