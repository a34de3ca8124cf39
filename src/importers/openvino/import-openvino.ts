import { WasiNNError } from '../../standard/error.js';
import type { TensorInfo } from '../../standard/tensor.js';
import type { ImportedModel } from '../importer.js';
import { limitsFor } from '../limits.js';
import { wasiNameOf } from '../onnx/element-types.js';
import { GraphBuilder, type Value } from '../onnx/graph-builder.js';
import { withoutUnused } from '../onnx/unused.js';
import { writeModel } from '../onnx/write-model.js';
import { UnsupportedOperators } from '../unsupported.js';
import { convertNetwork, operatorLayers, parameterType } from './convert-network.js';
import { type Layer, type Network, portKey } from './ir.js';
import { loadOperators } from './operators/index.js';
import { parseShape, readIr } from './read-ir.js';

/**
 * Converts an OpenVINO model (IR version 10 or 11) to ONNX.
 *
 * Inputs have the names of the `Parameter` layers; the other names of their tensors are aliases. Outputs have the first
 * name of their tensor, or the name of the layer that computes it.
 *
 * @param parts the topology (`.xml`), then the weights (`.bin`), which may be empty
 * @throws WasiNNError `invalid-argument` for another number of parts; `invalid-encoding` for what is no IR of these
 *   versions, or contradicts itself; `unsupported-operation` that names all layers that cannot be converted; `too-large`
 */
export async function importOpenvino(parts: readonly Uint8Array[]): Promise<ImportedModel> {
  const [xml, weights] = parts;
  if (!xml || !weights || parts.length > 2) {
    throw new WasiNNError(
      'invalid-argument',
      `load: an OpenVINO model is 2 parts (the .xml file, then the .bin file with its weights), but ${parts.length} came`,
    );
  }
  const limits = limitsFor(xml.byteLength + weights.byteLength);
  const network = readIr(xml, limits);
  const unsupported = new UnsupportedOperators('OpenVINO');
  const layers = operatorLayers(network);
  const operators = await loadOperators(new Set(layers.map(({ type }) => type)));
  for (const { type, name } of layers) if (!operators.has(type)) unsupported.add(type, name);
  unsupported.throwIfAny();

  const graph = new GraphBuilder(network.name || 'openvino', limits);
  const inputs = network.layers.filter(({ type }) => type === 'Parameter').map((layer) => addInput(graph, layer));
  const parameters = new Map(inputs.map(({ layer, value }) => [layer.id, value]));
  const results = convertNetwork(network, graph, parameters, { weights, operators, unsupported });
  unsupported.throwIfAny();
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
