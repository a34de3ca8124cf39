import { quote } from '../../standard/error.js';
import type { TensorInfo } from '../../standard/tensor.js';
import type { ImportedModel } from '../importer.js';
import { limitsFor } from '../limits.js';
import { type ElementType, wasiNameOf } from '../onnx/element-types.js';
import { GraphBuilder, type Value } from '../onnx/graph-builder.js';
import type { Shape, Tensor } from '../onnx/model.js';
import { withoutUnused } from '../onnx/unused.js';
import { writeModel } from '../onnx/write-model.js';
import { UnsupportedOperators } from '../unsupported.js';
import { shapeAttribute, typeAttribute } from './attributes.js';
import { GraphConverter } from './convert-graph.js';
import type { GraphDef, NodeDef } from './graph-def.js';
import { damaged } from './message.js';
import { type Item, tensorOf, typeOf } from './operation.js';
import { operatorsFor } from './operators/index.js';
import { readReference } from './order.js';
import { addUnsupported, reachableNodes } from './reachable-nodes.js';
import type { Port, Signature } from './signature.js';

/** A TensorFlow model in all its parts. */
export interface TensorFlowModel {
  readonly graph: GraphDef;
  readonly signature: Signature;
  /** The values of variables, by the nodes that stand for them in the graph. */
  readonly variables: ReadonlyMap<string, () => Tensor>;
  /** How large it is, in bytes. */
  readonly byteLength: number;
}

/**
 * Makes an ONNX model of a TensorFlow model.
 *
 * @throws WasiNNError `unsupported-operation` that names every operator that cannot be converted and its nodes;
 *   `invalid-encoding` for a graph that does not hold together; `too-large` for one beyond the limits
 */
export async function convertModel({
  graph,
  signature,
  variables,
  byteLength,
}: TensorFlowModel): Promise<ImportedModel> {
  const unsupported = new UnsupportedOperators('TensorFlow');
  const results = signature.outputs.map(({ reference }) => reference);
  const inputNodes = new Set(signature.inputs.map(({ reference }) => readReference(reference)?.node ?? ''));
  const nodes = reachableNodes(graph, results, new Set([...inputNodes, ...variables.keys()]));
  const names = new Set(nodes.map(({ op }) => op).filter((op) => !graph.functions.has(op)));
  const operators = await operatorsFor(names);
  addUnsupported(nodes, graph.functions, operators, unsupported);
  unsupported.throwIfAny();

  const builder = new GraphBuilder('main', limitsFor(byteLength));
  const inputs = signature.inputs.map((port) => addInput(builder, graph, port));
  const given = new Map<string, Item>(inputs.map(({ node, value }) => [node, value]));
  for (const [name, read] of variables) given.set(name, variableOf(builder, read));

  const items = new GraphConverter(graph.functions, operators, unsupported).convert(
    { nodes: graph.nodes, given, results },
    builder,
  );
  unsupported.throwIfAny();
  const outputs = signature.outputs.map((port, index) => addOutput(builder, port, items[index]));
  return {
    onnx: writeModel({ graph: withoutUnused(builder.build()), opset: builder.opset }),
    inputs: inputs.map(({ info }) => info),
    outputs: outputs.map(({ info }) => info),
    inputAliases: aliasesOf(inputs),
    outputAliases: aliasesOf(outputs),
  };
}

interface AddedPort {
  readonly port: Port;
  readonly info: TensorInfo;
}

function addInput(builder: GraphBuilder, graph: GraphDef, port: Port): AddedPort & { node: string; value: Value } {
  const name = readReference(port.reference)?.node ?? '';
  const node = graph.nodes.get(name);
  const type = node && typeAttribute(node, 'dtype');
  if (!type) throw damaged(`the input ${quote(port.name)} is the node ${quote(name)}, which is no placeholder`);
  const value = builder.input(port.name, type, namedAxes(node, port.name));
  return { port, node: name, value, info: infoOf(value.name, type, value.shape) };
}

/** Lengths that are left open get a name, so that those that are the same are known to be. */
function namedAxes(node: NodeDef, name: string): Shape | undefined {
  return shapeAttribute(node, 'shape')?.map((length, axis) => (length === '?' ? `${name}_${axis}` : length));
}

/** The value is read once, when the first node wants it. */
function variableOf(builder: GraphBuilder, read: () => Tensor): Item {
  let value: Value | undefined;
  return {
    kind: 'variable',
    value: () => {
      value ??= builder.constant(read());
      return value;
    },
  };
}

function addOutput(builder: GraphBuilder, port: Port, item: Item | undefined): AddedPort {
  if (!item || 'kind' in item)
    throw damaged(`the output ${quote(port.name)} is the node output ${quote(port.reference)}, which has no tensor`);
  const value = tensorOf(item);
  const type = typeOf(value);
  const name = builder.output(port.name, value, type, value.shape);
  return { port, info: infoOf(name, type, value.shape) };
}

function infoOf(name: string, type: ElementType, shape: Shape | undefined): TensorInfo {
  return { name, type: wasiNameOf(type), shape: shape ?? [] };
}

function aliasesOf(ports: readonly AddedPort[]): ReadonlyMap<string, string> {
  const names = new Set(ports.map(({ info }) => info.name));
  const aliases = ports.flatMap(({ port, info }) =>
    [port.name, ...port.aliases].filter((alias) => !names.has(alias)).map((alias) => [alias, info.name] as const),
  );
  return new Map(aliases);
}
