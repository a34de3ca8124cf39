import { messageOf, WasiNNError } from '../../standard/error.js';
import { elementCount } from '../limits.js';
import { cast } from '../onnx/casts.js';
import { dataBytes, type ElementType } from '../onnx/element-types.js';
import type { GraphBuilder, Value } from '../onnx/graph-builder.js';
import type { OperatorTable } from '../operator-groups.js';
import { type UnsupportedOperators, UnsupportedVariant } from '../unsupported.js';
import { type Body, describeLayer, type Layer, type Network, type Port, portKey } from './ir.js';
import { type Converter, LayerContext } from './layer-context.js';
import { sortLayers } from './sort-layers.js';

/** What the conversion of a model carries along, into its bodies too. */
export interface Conversion {
  /** The weights, the `.bin` file. */
  readonly weights: Uint8Array;
  readonly operators: OperatorTable<Converter>;
  readonly unsupported: UnsupportedOperators;
}

/**
 * Converts the layers of a network into nodes.
 *
 * @param parameters the values of the `Parameter`s, by their layers' ids
 * @returns the values that the `Result`s have, by their layers' ids. Those that depend on something unsupported are missing.
 */
export function convertNetwork(
  network: Network,
  graph: GraphBuilder,
  parameters: ReadonlyMap<string, Value>,
  conversion: Conversion,
): Map<string, Value> {
  const values = new Map<string, Value>();
  const results = new Map<string, Value>();
  const convertBody = (body: Body, inner: GraphBuilder, given: ReadonlyMap<string, Value>) =>
    convertNetwork(body.network, inner, given, conversion);

  const used = new Set([...network.sources.values()].map(({ port }) => port));
  for (const layer of sortLayers(network)) {
    graph.layer = layer.name;
    const inputs = layer.inputs.map(({ id }) => network.sources.get(portKey(layer.id, id))?.port);
    const isMissing = inputs.some((source) => source !== undefined && !values.has(source));
    if (isMissing) continue;
    const given = inputs.map((source) => (source === undefined ? undefined : values.get(source)));
    if (layer.type === 'Result') {
      if (!given[0]) throw invalid(layer, 'is connected to nothing');
      results.set(layer.id, given[0]);
      continue;
    }
    const parameter = parameters.get(layer.id);
    if (layer.type === 'Parameter' && !parameter) throw invalid(layer, 'is given no value by the layer around it');
    const isUsed = (port: string) => used.has(portKey(layer.id, port));
    const context = new LayerContext(graph, layer, given, convertBody, isUsed);
    const outputs = parameter ? [parameter] : convertLayer(context, conversion);
    for (const [index, port] of layer.outputs.entries()) {
      const value = outputs[index];
      if (value) values.set(portKey(layer.id, port.id), refine(graph, value, port, network));
    }
  }
  return results;
}

function convertLayer(
  context: LayerContext,
  { weights, operators, unsupported }: Conversion,
): readonly (Value | undefined)[] {
  const { layer } = context;
  const converter = layer.type === 'Const' ? undefined : operators.get(layer.type);
  try {
    if (!converter) return [readConstant(context, weights)];
    const converted = converter(context);
    return 'name' in converted ? [converted] : converted;
  } catch (cause) {
    if (cause instanceof WasiNNError) throw cause;
    if (!(cause instanceof UnsupportedVariant)) throw invalid(layer, `cannot be converted: ${messageOf(cause)}`, cause);
    unsupported.add(layer.type, layer.name, cause.message);
    return [];
  }
}

/** A view of the weights. */
function readConstant(context: LayerContext, weights: Uint8Array): Value {
  const type = context.elementType('element_type');
  const dims = context.integers('shape', []);
  const offset = context.integer('offset');
  const size = context.integer('size');
  const owner = describeLayer(context.layer);
  const expected = dataBytes(type, elementCount(dims, owner));
  // An empty constant has one byte, so that each constant has a place of its own.
  if (size !== expected && expected > 0) {
    throw context.invalid(`has ${size} bytes of weights, but ${type} [${dims.join(', ')}] takes ${expected}`);
  }
  if (offset < 0 || offset + size > weights.byteLength) {
    throw context.invalid(
      `has weights that end at ${offset + size}, but the .bin part has ${weights.byteLength} bytes; is it complete, and the one that belongs to the .xml?`,
    );
  }
  return context.graph.constant({ type, dims, data: weights.subarray(offset, offset + expected) });
}

/** Gives a value the type that its port declares, and makes use of the shape that the port knows. */
function refine(graph: GraphBuilder, value: Value, port: Port, network: Network): Value {
  if (value.constant && (port.type === undefined || port.type === value.type)) return value;
  const typed = port.type && value.type && value.type !== port.type ? cast(graph, value, port.type) : value;
  const type: ElementType | undefined = port.type ?? typed.type;
  if (typed.constant) return typed;
  const isKnown = port.shape.length > 0 || !network.hasUnranked;
  return { ...typed, type, shape: isKnown ? port.shape : typed.shape };
}

function invalid(layer: Layer, reason: string, cause?: unknown): WasiNNError {
  return new WasiNNError('invalid-encoding', `load: ${describeLayer(layer)} ${reason}`, { cause });
}
