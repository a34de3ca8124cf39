import { checkLimit, elementCount, type Limits } from '../limits.js';
import { dataBytes, type ElementType } from './element-types.js';
import type { Attributes, Graph, Initializer, Node, Shape, Tensor, ValueInfo } from './model.js';

/** A tensor in the graph: an input, a constant, or what a node computes. */
export interface Value {
  readonly name: string;
  /** Undefined where the importer does not know it. */
  readonly type: ElementType | undefined;
  /** Undefined where not even the rank is known. */
  readonly shape: Shape | undefined;
  /** What it is, for a constant. */
  readonly constant?: Tensor;
}

/** What is known of a value before it is computed. */
export interface ValueType {
  readonly type?: ElementType | undefined;
  readonly shape?: Shape | undefined;
}

export interface AddOptions {
  readonly attributes?: Attributes;
  /** Default: ONNX's own operators. */
  readonly domain?: string;
}

/** Constants up to this size are compared by their bytes, so that equal ones are written once. */
const smallBytes = 1024;

/** What a graph shares with its subgraphs: they see its values, and use no name twice. */
interface Scope {
  readonly limits: Limits;
  readonly names: Set<string>;
  /** Values that tensors have become, by what they are. Only those of the outermost graph, which all graphs see. */
  readonly constants: Map<string, Value>;
  readonly buffers: Map<ArrayBufferLike, number>;
  readonly initializers: Initializer[];
  /** The names that are inputs of nodes. */
  readonly used: Set<string>;
  layer: string;
  nodes: number;
  constantBytes: number;
  counter: number;
  opset: number;
}

/**
 * Builds an ONNX graph node by node. Nodes are added in the order in which they are computed.
 *
 *     const graph = new GraphBuilder('classifier', limitsFor(bytes.byteLength));
 *     const x = graph.input('x', 'float32', [1, 3]);
 *     graph.output('y', graph.add('Relu', [x], x));
 *     const onnx = writeModel({ graph: graph.build(), opset: graph.opset });
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #scope: Scope;
  readonly #depth: number;
  readonly #nodes: Node[] = [];
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];

  constructor(name: string, limits: Limits, parent?: GraphBuilder) {
    this.#name = name;
    this.#depth = parent ? parent.#depth + 1 : 0;
    this.#scope = parent ? parent.#scope : newScope(limits);
    checkLimit('graphs in one another', this.#depth, this.#scope.limits.depth);
  }

  /** Begins the body of an `If`, `Loop` or `Scan`. It may use the values of this graph; `build` it into an attribute. */
  subgraph(name: string): GraphBuilder {
    return new GraphBuilder(name, this.#scope.limits, this);
  }

  /** The name of the layer that is being converted: what is added from now on is named after it. */
  set layer(name: string) {
    this.#scope.layer = name;
  }

  /** The version of ONNX's operators that the model needs. */
  get opset(): number {
    return this.#scope.opset;
  }

  /** To be called by whatever adds an operator that versions before this lack. The least is 18. */
  requireOpset(version: number): void {
    this.#scope.opset = Math.max(this.#scope.opset, version);
  }

  /** Whether a value, an input or an output has the name already. */
  hasName(name: string): boolean {
    return this.#scope.names.has(name);
  }

  /** A name that nothing has yet. */
  freshName(prefix = this.#scope.layer): string {
    const base = prefix.length > 100 ? prefix.slice(0, 100) : prefix;
    for (;;) {
      const name = `${base}/${this.#scope.counter++}`;
      if (!this.hasName(name)) {
        this.#scope.names.add(name);
        return name;
      }
    }
  }

  /** @param name used as it is, unless something has it already */
  input(name: string, type: ElementType, shape: Shape | undefined): Value {
    const free = this.#claim(name);
    this.#inputs.push({ name: free, type, shape });
    return { name: free, type, shape };
  }

  /**
   * Makes a value an output of the graph.
   *
   * @param name used as it is, unless something has it already
   * @returns the name that the output has
   */
  output(name: string, value: Value, type: ElementType, shape: Shape | undefined): string {
    const free = this.#claim(name);
    this.#push({ operator: 'Identity', inputs: [value.name], outputs: [free], attributes: {}, domain: '' });
    this.#outputs.push({ name: free, type, shape });
    return free;
  }

  /**
   * Adds a node with one output.
   *
   * @param inputs undefined for an optional one that is left out
   * @param result what is known of the output
   */
  add(operator: string, inputs: readonly (Value | undefined)[], result: ValueType = {}, options?: AddOptions): Value {
    const value = this.#newValue(result);
    this.#addNode(operator, inputs, [value.name], options);
    return value;
  }

  /** Adds a node with several outputs. */
  addMultiple(
    operator: string,
    inputs: readonly (Value | undefined)[],
    results: readonly ValueType[],
    options?: AddOptions,
  ): Value[] {
    const values = results.map((result) => this.#newValue(result));
    this.#addNode(
      operator,
      inputs,
      values.map(({ name }) => name),
      options,
    );
    return values;
  }

  /**
   * A constant. Its data is not copied before the model is written: views of the original model's bytes cost nothing.
   * Equal small constants, and views of the same bytes, become one.
   *
   * @throws WasiNNError `too-large` where all constants together exceed the limits; `invalid-encoding` for a shape that
   *   is none
   */
  constant(tensor: Tensor): Value {
    const { constants, limits, initializers } = this.#scope;
    checkLimit('axes in one tensor', tensor.dims.length, limits.rank);
    const bytes = dataBytes(tensor.type, elementCount(tensor.dims, 'a constant'));
    if (bytes !== tensor.data.byteLength) {
      throw new RangeError(`${tensor.type} [${tensor.dims}] takes ${bytes} bytes, not ${tensor.data.byteLength}`);
    }
    const key = this.#keyOf(tensor);
    const known = constants.get(key);
    if (known) return known;

    this.#scope.constantBytes += bytes;
    checkLimit('bytes of constants', this.#scope.constantBytes, limits.constantBytes);
    checkLimit('constants', constants.size, limits.nodes);
    const name = this.freshName();
    initializers.push({ name, tensor });
    const value: Value = { name, type: tensor.type, shape: tensor.dims, constant: tensor };
    constants.set(key, value);
    return value;
  }

  /** The graph as it is now. Constants that no node uses are left out, and those of subgraphs are in the outermost graph. */
  build(): Graph {
    const { initializers, used } = this.#scope;
    return {
      name: this.#name,
      nodes: this.#nodes,
      initializers: this.#depth === 0 ? initializers.filter(({ name }) => used.has(name)) : [],
      inputs: this.#inputs,
      outputs: this.#outputs,
    };
  }

  #newValue({ type, shape }: ValueType): Value {
    return { name: this.freshName(), type, shape };
  }

  #addNode(
    operator: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly string[],
    { attributes = {}, domain = '' }: AddOptions = {},
  ): void {
    this.#push({ operator, inputs: inputs.map((input) => input?.name ?? ''), outputs, attributes, domain });
  }

  #push(node: Omit<Node, 'name'>): void {
    // A node is called like its first output: by a name that is free, and begins with the layer's.
    this.#nodes.push({ ...node, name: node.outputs[0] ?? '' });
    for (const input of node.inputs) this.#scope.used.add(input);
    this.#scope.nodes++;
    checkLimit('nodes', this.#scope.nodes, this.#scope.limits.nodes);
  }

  #claim(name: string): string {
    if (name === '' || this.hasName(name)) return this.freshName(name);
    this.#scope.names.add(name);
    return name;
  }

  #keyOf({ type, dims, data }: Tensor): string {
    const shape = `${type} ${dims.join()}`;
    if (data.byteLength <= smallBytes) return `${shape} ${String.fromCharCode(...data)}`;
    const { buffers } = this.#scope;
    const buffer = buffers.get(data.buffer) ?? buffers.size;
    buffers.set(data.buffer, buffer);
    return `${shape} @${buffer}:${data.byteOffset}`;
  }
}

function newScope(limits: Limits): Scope {
  return {
    limits,
    names: new Set(),
    constants: new Map(),
    buffers: new Map(),
    initializers: [],
    used: new Set(),
    layer: '',
    nodes: 0,
    constantBytes: 0,
    counter: 0,
    opset: 18,
  };
}
