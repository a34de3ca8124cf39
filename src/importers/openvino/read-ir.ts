import { parseXml, XmlElement } from '@rgrove/parse-xml';
import { messageOf, quote, WasiNNError } from '../../standard/error.js';
import { checkLimit, type Limits } from '../limits.js';
import type { ElementType } from '../onnx/element-types.js';
import type { Shape } from '../onnx/model.js';
import { type Body, describeLayer, type Layer, type Network, type Port, type PortMapping, portKey } from './ir.js';
import { elementTypeOf } from './types.js';
import { sizeOfXml } from './xml-size.js';

/** Topologies are some megabytes at most. */
const maximumXmlBytes = 32 * 2 ** 20;

/** Of elements in one another. OpenVINO's own models have some ten levels, and four more for each body in a body. */
const maximumNesting = 256;

/** Of elements and references: the tree of a larger topology would take too much memory. A layer has some ten elements. */
const maximumElements = 250_000;

const supportedVersions = ['10', '11'];

/**
 * Reads the topology of a model, the `.xml` file.
 *
 * @throws WasiNNError `invalid-encoding` for what is no IR, or none of version 10 or 11; `too-large`
 */
export function readIr(xml: Uint8Array, limits: Limits): Network {
  checkLimit('bytes of XML', xml.byteLength, maximumXmlBytes);
  const root = parse(xml);
  if (root?.name !== 'net') throw invalid(`expected the element <net>, but <${cut(root?.name ?? '')}> came`);
  const version = attribute(root, 'version');
  if (!supportedVersions.includes(version)) {
    throw invalid(
      `it is IR version ${quote(version)}, and versions 10 and 11 can be read; write it again with a current OpenVINO (openvino.save_model)`,
    );
  }
  return readNetwork(root, attribute(root, 'name'), limits, 0);
}

function parse(xml: Uint8Array): XmlElement | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(xml);
    checkSize(text);
    return parseXml(text).root;
  } catch (cause) {
    if (cause instanceof WasiNNError) throw cause;
    throw invalid(`the XML does not parse: ${firstLine(messageOf(cause))}; is the file complete?`, cause);
  }
}

function checkSize(text: string): void {
  const size = sizeOfXml(text);
  if (!size) throw invalid('it declares a document type, which no IR does');
  checkLimit('elements in its XML', size.count, maximumElements);
  if (size.depth > maximumNesting) throw invalid(`its elements are nested deeper than ${maximumNesting}`);
}

function readNetwork(element: XmlElement, name: string, limits: Limits, depth: number): Network {
  checkLimit('bodies in one another', depth, limits.depth);
  const layers = children(child(element, 'layers'), 'layer').map((layer) => readLayer(layer, limits, depth));
  checkLimit('layers', layers.length, limits.nodes);
  const byId = new Map(layers.map((layer) => [layer.id, layer]));
  if (byId.size < layers.length) throw invalid('two layers have the same id');

  const sources = new Map<string, { layer: Layer; port: string }>();
  for (const edge of children(child(element, 'edges'), 'edge')) {
    const from = attribute(edge, 'from-layer');
    const layer = byId.get(from);
    if (!layer) throw invalid(`an edge begins at the layer ${quote(from)}, which does not exist`);
    const to = portKey(attribute(edge, 'to-layer'), attribute(edge, 'to-port'));
    sources.set(to, { layer, port: portKey(from, attribute(edge, 'from-port')) });
  }
  return { name, layers, sources, hasUnranked: layers.some(isUnranked) };
}

function isUnranked({ type, attributes }: Layer): boolean {
  return type === 'Parameter' && attributes.get('shape') === '...';
}

function readLayer(element: XmlElement, limits: Limits, depth: number): Layer {
  const data = child(element, 'data');
  return {
    id: attribute(element, 'id'),
    name: attribute(element, 'name'),
    type: attribute(element, 'type'),
    opset: attribute(element, 'version') || 'opset1',
    attributes: new Map(Object.entries(data?.attributes ?? {})),
    inputs: children(child(element, 'input'), 'port').map(readPort),
    outputs: children(child(element, 'output'), 'port').map(readPort),
    bodies: readBodies(element, limits, depth),
  };
}

function readPort(element: XmlElement): Port {
  const dimensions = children(element, 'dim').map((dimension) => Number(dimension.text));
  return {
    id: attribute(element, 'id'),
    type: elementTypeOf(attribute(element, 'precision')),
    shape: dimensions.map((length) => (Number.isSafeInteger(length) && length >= 0 ? length : '?')),
    names: splitNames(attribute(element, 'names')),
  };
}

/** Names are joined by commas; one within a name has a backslash before it. */
function splitNames(names: string): string[] {
  if (names === '') return [];
  return names.split(/(?<!\\),/).map((name) => name.replaceAll('\\,', ','));
}

const bodyPorts: ReadonlyMap<string, string> = new Map([
  ['body', 'port_map'],
  ['then_body', 'then_port_map'],
  ['else_body', 'else_port_map'],
]);

function readBodies(element: XmlElement, limits: Limits, depth: number): ReadonlyMap<string, Body> {
  const bodies = new Map<string, Body>();
  for (const [name, mapName] of bodyPorts) {
    const body = child(element, name);
    if (!body) continue;
    const ports = child(element, mapName);
    const backEdges = children(child(element, 'back_edges'), 'edge');
    bodies.set(name, {
      network: readNetwork(body, name, limits, depth + 1),
      inputs: children(ports, 'input').map(readMapping),
      outputs: children(ports, 'output').map(readMapping),
      backEdges: new Map(backEdges.map((edge) => [attribute(edge, 'from-layer'), attribute(edge, 'to-layer')])),
    });
  }
  return bodies;
}

function readMapping(element: XmlElement): PortMapping {
  const integer = (name: string, fallback: number) => parseInteger(attribute(element, name)) ?? fallback;
  return {
    port: attribute(element, 'external_port_id'),
    layer: attribute(element, 'internal_layer_id'),
    axis: parseInteger(attribute(element, 'axis')),
    start: integer('start', 0),
    end: integer('end', -1),
    stride: integer('stride', 1),
    partSize: integer('part_size', 1),
    purpose: attribute(element, 'purpose'),
  };
}

function parseInteger(text: string): number | undefined {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The type that a `Parameter` declares. */
export function parameterType(layer: Layer): ElementType {
  const type = elementTypeOf(layer.attributes.get('element_type')) ?? layer.outputs[0]?.type;
  if (type) return type;
  const declared = quote(layer.attributes.get('element_type') ?? '');
  throw invalid(`${describeLayer(layer)} has the element type ${declared}, which cannot be used`);
}

/** The shape of a `Parameter`; its open axes are named after it. Undefined where it may have any number of axes. */
export function parseShape(text: string, name: string): Shape | undefined {
  const parts = text.split(',').map((part) => part.trim());
  if (text.trim() === '') return [];
  if (parts.includes('...')) return undefined;
  return parts.map((part, axis) => (/^\d{1,15}$/.test(part) ? Number(part) : `${name}_${axis}`));
}

function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return children(element, name)[0];
}

function children(element: XmlElement | undefined, name: string): XmlElement[] {
  return (element?.children ?? []).flatMap((node) => (node instanceof XmlElement && node.name === name ? node : []));
}

function attribute(element: XmlElement, name: string): string {
  return element.attributes[name] ?? '';
}

function firstLine(text: string): string {
  return cut(text.split('\n')[0] ?? '');
}

function cut(text: string): string {
  return text.slice(0, 200);
}

function invalid(reason: string, cause?: unknown): WasiNNError {
  return new WasiNNError('invalid-encoding', `load: the OpenVINO model cannot be read: ${reason}`, { cause });
}
