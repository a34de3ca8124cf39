import { type Field, readFields, wireTypes } from '../../standard/protobuf.js';
import {
  type AttributeValue,
  addConstant,
  type KnownValue,
  readAttribute,
  readDeclaration,
  readInitializer,
  type Scope,
  text,
} from './read-values.js';

/** One operator of a model, as far as its bytes say without inferring anything. */
export interface ModelNode {
  readonly operator: string;
  /** The domain of its operator; empty for ONNX's own. */
  readonly domain: string;
  readonly inputCount: number;
  readonly outputCount: number;
  /** Its attributes that are numbers, texts or lists of numbers. */
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  /** The lengths of an input's axes; -1 for one that is open. Nothing where the model does not say. */
  shapeOf(input: number): readonly number[] | undefined;
  /** The numbers of an input that is a short constant of the model, of type FP32, I32 or I64. */
  numbersOf(input: number): readonly number[] | undefined;
}

/** As protobuf's own parsers: deeper messages do not parse there either. */
const maximumDepth = 100;

/** Models in use have fewer operators, and fewer tensors. What follows is not looked at. */
const maximumNodes = 100_000;
const maximumTensors = 200_000;

/** No operator has as many inputs, outputs or attributes. */
const maximumMembers = 10_000;

/** The fields that lead to operators. @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
const modelFields = { graph: 7, functions: 25 };
const functionFields = { node: 7 };
const graphFields = { node: 1, initializer: 5, input: 11, output: 12, valueInfo: 13 };
const nodeFields = { input: 1, output: 2, operator: 4, attribute: 5, domain: 7 };
const attributeFields = { graph: 6, graphs: 11 };

/** A model that is being read. */
interface Reading {
  readonly bytes: Uint8Array;
  /** How many more operators and tensors are looked at. */
  nodesLeft: number;
  tensorsLeft: number;
  visit(node: ModelNode): boolean;
}

/**
 * Visits the operators of an ONNX model, those of subgraphs and of the model's own functions among them, until `visit`
 * returns false. Weights are passed by, nothing is copied but names and short lists, and nothing is thrown, whatever the
 * bytes: of a model that does not parse, the operators before the damage are visited.
 */
export function readNodes(bytes: Uint8Array, visit: (node: ModelNode) => boolean): void {
  const reading: Reading = { bytes, nodesLeft: maximumNodes, tensorsLeft: maximumTensors, visit };
  readFields(bytes, 0, bytes.byteLength, (field) => {
    if (isMessage(field, modelFields.graph)) return readGraph(reading, field, [], 1);
    if (!isMessage(field, modelFields.functions)) return true;
    const scopes = [new Map()];
    return readFields(bytes, field.start, field.end, (inner) => {
      return !isMessage(inner, functionFields.node) || readNode(reading, inner, scopes, 2);
    });
  });
}

/** @param outer what the names of the graphs around it stand for, the innermost last */
function readGraph(reading: Reading, graph: Field, outer: readonly Scope[], depth: number): boolean {
  if (depth > maximumDepth) return false;
  const scopes = [...outer, readScope(reading, graph)];
  return readFields(reading.bytes, graph.start, graph.end, (field) => {
    return !isMessage(field, graphFields.node) || readNode(reading, field, scopes, depth + 1);
  });
}

/** What the names of one graph stand for. Initializers may follow the operators that use them, so they come first here. */
function readScope(reading: Reading, graph: Field): Scope {
  const { bytes } = reading;
  const scope: Scope = new Map();
  const declarations = [graphFields.input, graphFields.output, graphFields.valueInfo];
  readFields(bytes, graph.start, graph.end, (field) => {
    const isInitializer = isMessage(field, graphFields.initializer);
    const isDeclaration = declarations.some((number) => isMessage(field, number));
    if (isInitializer) readInitializer(bytes, field, scope);
    if (isDeclaration) readDeclaration(bytes, field, scope);
    return !(isInitializer || isDeclaration) || reading.tensorsLeft-- > 0;
  });
  return scope;
}

function readNode(reading: Reading, node: Field, scopes: readonly Scope[], depth: number): boolean {
  const { bytes } = reading;
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Field[] = [];
  let operator = '';
  let domain = '';
  const isWhole = readFields(bytes, node.start, node.end, (field) => {
    if (isMessage(field, nodeFields.input)) inputs.push(text(bytes, field));
    if (isMessage(field, nodeFields.output)) outputs.push(text(bytes, field));
    if (isMessage(field, nodeFields.operator)) operator = text(bytes, field);
    if (isMessage(field, nodeFields.domain)) domain = text(bytes, field);
    if (isMessage(field, nodeFields.attribute)) attributes.push(field);
    return inputs.length + outputs.length + attributes.length <= maximumMembers;
  });
  if (!isWhole || reading.nodesLeft-- <= 0) return false;
  const inner = scopes.at(-1);
  if (inner) addConstant(bytes, { operator, inputs, outputs, attributes }, inner, scopes);
  const known = (index: number) => lookUp(scopes, inputs[index]);
  const described: ModelNode = {
    operator,
    domain: domain === 'ai.onnx' ? '' : domain,
    inputCount: inputs.filter((name) => name !== '').length,
    outputCount: outputs.length,
    attributes: new Map(attributes.flatMap((attribute) => readAttribute(bytes, attribute) ?? [])),
    shapeOf: (index) => known(index)?.shape,
    numbersOf: (index) => known(index)?.numbers,
  };
  return reading.visit(described) && attributes.every((field) => readSubgraphs(reading, field, scopes, depth + 1));
}

function readSubgraphs(reading: Reading, attribute: Field, scopes: readonly Scope[], depth: number): boolean {
  return readFields(reading.bytes, attribute.start, attribute.end, (field) => {
    const isGraph = isMessage(field, attributeFields.graph) || isMessage(field, attributeFields.graphs);
    return !isGraph || readGraph(reading, field, scopes, depth + 1);
  });
}

/** Whether a field is one of bytes, text or a message, with this number. */
function isMessage({ number, wireType }: Field, expected: number): boolean {
  return number === expected && wireType === wireTypes.bytes;
}

function lookUp(scopes: readonly Scope[], name: string | undefined): KnownValue | undefined {
  if (!name) return undefined;
  return scopes.findLast((scope) => scope.has(name))?.get(name);
}
