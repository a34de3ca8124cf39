import { WasiNNError } from '../../standard/error.js';
import { codeOf } from './element-types.js';
import type { Attribute, Graph, Initializer, Model, Node, Tensor, ValueInfo } from './model.js';
import { ProtobufWriter } from './protobuf-writer.js';

/** The fields' numbers in onnx.proto. */
const fields = {
  model: { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8 },
  opset: { domain: 1, version: 2 },
  graph: { node: 1, name: 2, initializer: 5, input: 11, output: 12 },
  node: { input: 1, output: 2, name: 3, operator: 4, attribute: 5, domain: 7 },
  attribute: { name: 1, float: 2, int: 3, string: 4, tensor: 5, graph: 6, floats: 7, ints: 8, strings: 9, type: 20 },
  tensor: { dims: 1, type: 2, name: 8, rawData: 9 },
  value: { name: 1, type: 2 },
  type: { tensor: 1 },
  tensorType: { elementType: 1, shape: 2 },
  shape: { dimension: 1 },
  dimension: { value: 1, parameter: 2 },
} as const;

/** `AttributeProto.AttributeType`. */
const attributeTypes = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const;

/** Protobuf's parsers refuse messages of 2 GiB. */
const maximumBytes = 0x7fff_ffff;

/** The domain of operators that onnxruntime adds to ONNX's. */
export const microsoftDomain = 'com.microsoft';

/**
 * Serialises a model. Weights are copied once, from where they lie into the result.
 *
 * @throws WasiNNError `too-large` for a model of 2 GiB or more
 */
export function writeModel({ graph, opset }: Model): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter();
  // onnxruntime takes the operators of version 21 only from files of IR version 10.
  writer.int(fields.model.irVersion, opset > 20 ? 10 : 9);
  writer.text(fields.model.producerName, 'wasi-nn-web');
  writer.message(fields.model.graph, () => writeGraph(writer, graph));
  writeOpset(writer, '', opset);
  writeOpset(writer, microsoftDomain, 1);
  if (writer.byteLength > maximumBytes) {
    throw new WasiNNError(
      'too-large',
      `load: the model has ${writer.byteLength} bytes as ONNX, and at most ${maximumBytes} can be loaded; use a smaller one`,
    );
  }
  return writer.finish();
}

function writeOpset(writer: ProtobufWriter, domain: string, version: number): void {
  writer.message(fields.model.opsetImport, () => {
    writer.text(fields.opset.domain, domain);
    writer.int(fields.opset.version, version);
  });
}

function writeGraph(writer: ProtobufWriter, graph: Graph): void {
  for (const node of graph.nodes) writer.message(fields.graph.node, () => writeNode(writer, node));
  writer.text(fields.graph.name, graph.name);
  for (const initializer of graph.initializers) writeInitializer(writer, initializer);
  for (const input of graph.inputs) writer.message(fields.graph.input, () => writeValueInfo(writer, input));
  for (const output of graph.outputs) writer.message(fields.graph.output, () => writeValueInfo(writer, output));
}

function writeNode(writer: ProtobufWriter, node: Node): void {
  for (const input of node.inputs) writer.text(fields.node.input, input);
  for (const output of node.outputs) writer.text(fields.node.output, output);
  writer.text(fields.node.name, node.name);
  writer.text(fields.node.operator, node.operator);
  for (const [name, value] of Object.entries(node.attributes)) {
    if (value !== undefined) writer.message(fields.node.attribute, () => writeAttribute(writer, name, value));
  }
  if (node.domain) writer.text(fields.node.domain, node.domain);
}

function writeAttribute(writer: ProtobufWriter, name: string, value: Attribute): void {
  writer.text(fields.attribute.name, name);
  writer.int(fields.attribute.type, attributeTypes[writeAttributeValue(writer, value)]);
}

function writeAttributeValue(writer: ProtobufWriter, value: Attribute): keyof typeof attributeTypes {
  const field = fields.attribute;
  if (typeof value === 'string') {
    writer.text(field.string, value);
    return 'string';
  }
  if (typeof value === 'number' || typeof value === 'bigint') {
    writer.int(field.int, value);
    return 'int';
  }
  if ('kind' in value) return writeTaggedValue(writer, value);
  for (const item of value) {
    if (typeof item === 'number') writer.int(field.ints, item);
    else writer.text(field.strings, item);
  }
  return typeof value[0] === 'string' ? 'strings' : 'ints';
}

function writeTaggedValue(
  writer: ProtobufWriter,
  value: Extract<Attribute, { kind: string }>,
): keyof typeof attributeTypes {
  const field = fields.attribute;
  if (value.kind === 'float') writer.float(field.float, value.value);
  if (value.kind === 'floats') for (const item of value.values) writer.float(field.floats, item);
  if (value.kind === 'tensor') writer.message(field.tensor, () => writeTensor(writer, value.tensor));
  if (value.kind === 'graph') writer.message(field.graph, () => writeGraph(writer, value.graph));
  return value.kind;
}

function writeInitializer(writer: ProtobufWriter, { name, tensor }: Initializer): void {
  writer.message(fields.graph.initializer, () => {
    writer.text(fields.tensor.name, name);
    writeTensor(writer, tensor);
  });
}

function writeTensor(writer: ProtobufWriter, { type, dims, data }: Tensor): void {
  for (const length of dims) writer.int(fields.tensor.dims, length);
  writer.int(fields.tensor.type, codeOf(type));
  writer.bulk(fields.tensor.rawData, data);
}

function writeValueInfo(writer: ProtobufWriter, { name, type, shape }: ValueInfo): void {
  writer.text(fields.value.name, name);
  writer.message(fields.value.type, () =>
    writer.message(fields.type.tensor, () => {
      writer.int(fields.tensorType.elementType, codeOf(type));
      if (!shape) return;
      writer.message(fields.tensorType.shape, () => {
        for (const length of shape) writer.message(fields.shape.dimension, () => writeDimension(writer, length));
      });
    }),
  );
}

function writeDimension(writer: ProtobufWriter, length: number | string): void {
  if (typeof length === 'number') writer.int(fields.dimension.value, length);
  else if (length !== '?') writer.text(fields.dimension.parameter, length);
}
