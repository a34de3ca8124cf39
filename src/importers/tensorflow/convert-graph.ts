import { quote } from '../../standard/error.js';
import { checkLimit } from '../limits.js';
import { constantOf } from '../onnx/constants.js';
import type { GraphBuilder, Value } from '../onnx/graph-builder.js';
import { type UnsupportedOperators, UnsupportedVariant } from '../unsupported.js';
import type { FunctionLibrary, NodeDef } from './graph-def.js';
import { type Known, mostElements } from './known.js';
import { damaged } from './message.js';
import { type Conversion, type Item, nothing, type Operation, Unconverted, unconverted } from './operation.js';
import type { Operators } from './operators/index.js';
import { computationOrder, outputIndex, readReference } from './order.js';

/** Nodes of a graph or of a function, and what is wanted of them. */
export interface Body {
  readonly nodes: ReadonlyMap<string, NodeDef>;
  /** What no node makes: inputs, variables, a function's arguments. */
  readonly given: ReadonlyMap<string, Item>;
  /** References to outputs of the nodes. */
  readonly results: readonly string[];
}

/** A function may be called by one that is called itself, up to this depth. */
const deepestCall = 64;

/** Functions are converted for each call: hostile functions call one another twice, and those call others twice. */
const mostCalls = 10_000;
const mostNodes = 200_000;

/** Converts one model: its graph, and the functions that it calls. */
export class GraphConverter {
  readonly #functions: FunctionLibrary;
  readonly #operators: Operators;
  readonly #unsupported: UnsupportedOperators;
  readonly #calls: string[] = [];
  readonly #conversion: Conversion;
  #nodesConverted = 0;
  #callsConverted = 0;

  /** @param unsupported gets the variants of operators that cannot be converted; what depends on them is left out */
  constructor(functions: FunctionLibrary, operators: Operators, unsupported: UnsupportedOperators) {
    this.#functions = functions;
    this.#operators = operators;
    this.#unsupported = unsupported;
    this.#conversion = {
      partials: new Map(),
      channelsFirst: new Map(),
      padded: new Map(),
      successors: new Map(),
      call: (name, inputs, graph) => this.#call(name, inputs, graph),
    };
  }

  /** @returns the results, of which those are missing that could not be converted */
  convert(body: Body, graph: GraphBuilder): Item[] {
    const outputs = new Map<string, readonly Item[]>();
    const find = (reference: string): Item => {
      const parsed = readReference(reference);
      if (!parsed) return nothing;
      const given = body.given.get(parsed.node);
      if (given && parsed.index === 0) return given;
      const index = outputIndex(body.nodes.get(parsed.node)?.op ?? '', parsed);
      const items = outputs.get(parsed.node) ?? (given ? [given] : []);
      if (items[0] === unconverted) return unconverted;
      const item = items[index];
      if (item) return item;
      throw damaged(`a node takes the output ${index} of the node ${quote(parsed.node)}, which has ${items.length}`);
    };

    for (const node of computationOrder(body.nodes, body.results, (name) => body.given.has(name))) {
      checkLimit('nodes', ++this.#nodesConverted, mostNodes);
      const inputs = node.inputs.filter((text) => !text.startsWith('^')).map(find);
      outputs.set(node.name, this.#convertNode(node, inputs, graph));
    }
    return body.results.map(find);
  }

  #convertNode(node: NodeDef, inputs: readonly Item[], graph: GraphBuilder): readonly Item[] {
    const operation: Operation = { ...node, inputs, graph, conversion: this.#conversion };
    graph.layer = node.name;
    try {
      const known = this.#fold(operation);
      return known?.every(isWhole) ? known.map((one) => constantFor(graph, one)) : this.#apply(operation, known);
    } catch (cause) {
      // Sizes that contradict each other, such as those of a constant and of the shape that it is brought into.
      if (cause instanceof RangeError) throw damaged(`the node ${quote(node.name)} (${node.op}): ${cause.message}`);
      if (cause instanceof UnsupportedVariant) this.#unsupported.add(node.op, node.name, cause.message);
      else if (!(cause instanceof Unconverted)) throw cause;
      return [unconverted];
    }
  }

  /** What is known of the outputs of a node; undefined for one that shapes are not computed with, or not of what is known. */
  #fold(operation: Operation): readonly Known[] | undefined {
    const result = this.#operators.folders.get(operation.op)?.(operation);
    const all = result && ('elements' in result ? [result] : result);
    return all?.every(({ elements }) => elements.length <= mostElements) ? all : undefined;
  }

  #apply(operation: Operation, known: readonly Known[] | undefined): readonly Item[] {
    const converter = this.#operators.converters.get(operation.op);
    if (!converter && this.#functions.has(operation.op))
      return this.#call(operation.op, operation.inputs, operation.graph);
    if (!converter) throw new UnsupportedVariant('inputs that are known only when the model is computed');
    const result = converter(operation);
    const items = 'length' in result ? result : [result];
    for (const [index, { elements }] of known?.entries() ?? []) {
      const item = items[index];
      if (item && !('kind' in item)) this.#conversion.partials.set(item.name, elements);
    }
    return items;
  }

  #call(name: string, inputs: readonly Item[], graph: GraphBuilder): readonly Item[] {
    const definition = this.#functions.get(name);
    if (!definition) throw damaged(`a node calls the function ${quote(name)}, which does not exist`);
    if (this.#calls.includes(name)) throw damaged(`the function ${quote(name)} calls itself`);
    if (inputs.length < definition.inputs.length) {
      throw damaged(`the function ${quote(name)} takes ${definition.inputs.length} inputs, but gets ${inputs.length}`);
    }
    checkLimit('functions that call one another', this.#calls.length, deepestCall);
    checkLimit('function calls', ++this.#callsConverted, mostCalls);
    this.#calls.push(name);
    const given = new Map(definition.inputs.map((argument, index) => [argument, inputs[index] ?? nothing]));
    const results = this.convert({ nodes: definition.nodes, given, results: definition.outputs }, graph);
    this.#calls.pop();
    return results;
  }
}

function isWhole({ elements }: Known): boolean {
  return elements.every((element) => typeof element === 'number');
}

function constantFor(graph: GraphBuilder, { type, elements, dims }: Known): Value {
  return constantOf(graph, type, elements.map(Number), dims);
}
