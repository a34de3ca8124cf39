import { andThen } from '../engine/awaitable.js';
import { matchInput } from '../engine/inputs.js';
import { maximumContexts, refuseMore } from '../engine/limits.js';
import type { Awaitable, EngineLink, GraphInfo } from '../engine/link.js';
import { WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { NamedTensor, TensorInfo, TensorValue } from '../standard/tensor.js';

/** A graph that takes any inputs is given no more of them than this. */
const maxUndeclaredInputs = 1024;

interface Graph {
  readonly info: GraphInfo;
  unloaded: boolean;
}

interface Context {
  readonly graph: Graph;
  /** What is set, by the inputs' indices. */
  readonly inputs: Map<number, NamedTensor>;
  outputs: readonly NamedTensor[] | undefined;
  /** A computation is under way. Only a guest that is suspended meanwhile can find it so. */
  busy: boolean;
}

/**
 * The graphs and execution contexts of one guest, by the handles that the guest has for them. Graphs and contexts are
 * counted apart, each from 0; no handle is used again.
 *
 * A graph that is unloaded goes at once: its handle means nothing any more, and the engine gets it back, though it
 * finishes what is under way. Its contexts stay, to hand out what they have computed, but compute no more. (WasmEdge's
 * plugins/wasi_nn/DESIGN.md has these rules; the standard has no unload for core modules.)
 *
 * All methods throw a WasiNNError, `invalid-argument` for a handle that means nothing and `timeout` for a context that
 * is computing.
 */
export class LegacySession {
  readonly #link: EngineLink;
  readonly #onUnloadFailure: (cause: unknown) => void;
  readonly #graphs = new Map<number, Graph>();
  readonly #contexts = new Map<number, Context>();
  #nextGraph = 0;
  #nextContext = 0;

  /** @param onUnloadFailure told when the engine fails to take a graph back, which concerns no guest */
  constructor(link: EngineLink, onUnloadFailure: (cause: unknown) => void) {
    this.#link = link;
    this.#onUnloadFailure = onUnloadFailure;
  }

  load(parts: readonly GraphBuilder[], encoding: GraphEncoding, target: ExecutionTarget): Awaitable<number> {
    return andThen(this.#link.load(parts, encoding, target), (info) => this.#add(info));
  }

  loadByName(name: string): Awaitable<number> {
    return andThen(this.#link.loadByName(name), (info) => this.#add(info));
  }

  unload(handle: number): void {
    const graph = this.#graph('unload', handle);
    this.#graphs.delete(handle);
    graph.unloaded = true;
    try {
      const answer = this.#link.unload(graph.info.id);
      if (answer instanceof Promise) answer.catch(this.#onUnloadFailure);
    } catch (cause) {
      this.#onUnloadFailure(cause);
    }
  }

  initExecutionContext(graphHandle: number): number {
    const graph = this.#graph('init_execution_context', graphHandle);
    refuseMore('init_execution_context', this.#contexts.size + 1, maximumContexts, 'execution contexts at a time');
    const handle = this.#nextContext++;
    this.#contexts.set(handle, { graph, inputs: new Map(), outputs: undefined, busy: false });
    return handle;
  }

  finalizeExecutionContext(handle: number): void {
    if (!this.#contexts.delete(handle)) throw unknownHandle('finalize_execution_context', 'execution context', handle);
  }

  /** What the graph says of an input that may be set now. */
  inputInfo(handle: number, index: number): TensorInfo {
    const { inputs } = this.#usableContext('set_input', handle).graph.info;
    if (inputs !== 'any') return at(inputs, index, 'set_input: the graph has no input');
    if (index < maxUndeclaredInputs) return { name: String(index), type: 'any', shape: [] };
    throw new WasiNNError(
      'invalid-argument',
      `set_input: there is no input ${index}: the graph takes any inputs, but not more than ${maxUndeclaredInputs}`,
    );
  }

  /** Sets an input for every computation that follows, until it is set anew. The tensor is the session's from then on. */
  setInput(handle: number, index: number, tensor: TensorValue): void {
    const { graph, inputs } = this.#usableContext('set_input', handle);
    const { name } = this.inputInfo(handle, index);
    matchInput('set_input', graph.info.inputs, [name, tensor]);
    inputs.set(index, [name, tensor]);
  }

  /** Computes on the inputs that are set. A computation that fails leaves no outputs, not even earlier ones. */
  compute(handle: number): Awaitable<void> {
    const context = this.#usableContext('compute', handle);
    const keep = (outputs: readonly NamedTensor[]) => {
      context.outputs = outputs;
    };
    context.outputs = undefined;
    const inOrder = [...context.inputs].toSorted(([a], [b]) => a - b).map(([, input]) => copy(input));
    const answer = this.#link.compute(context.graph.info.id, inOrder);
    if (!(answer instanceof Promise)) return keep(answer);
    context.busy = true;
    return answer.then(keep).finally(() => {
      context.busy = false;
    });
  }

  /**
   * The bytes of an output of the last computation.
   *
   * @throws WasiNNError `runtime-error` where there is none
   */
  output(handle: number, index: number): Uint8Array {
    const { graph, outputs } = this.#idleContext('get_output', handle);
    const expected: readonly unknown[] | undefined = graph.info.outputs === 'any' ? outputs : graph.info.outputs;
    if (expected) at(expected, index, 'get_output: the graph has no output');
    const tensor = outputs?.[index];
    if (tensor) return tensor[1].data;
    throw new WasiNNError(
      'runtime-error',
      'get_output: the context has no outputs: call compute first, and see that it succeeds',
    );
  }

  forgetOutputs(handle: number): void {
    this.#idleContext('fini_single', handle).outputs = undefined;
  }

  #add(info: GraphInfo): number {
    const handle = this.#nextGraph++;
    this.#graphs.set(handle, { info, unloaded: false });
    return handle;
  }

  #graph(operation: string, handle: number): Graph {
    const graph = this.#graphs.get(handle);
    if (graph) return graph;
    throw unknownHandle(operation, 'graph', handle);
  }

  #idleContext(operation: string, handle: number): Context {
    const context = this.#contexts.get(handle);
    if (!context) throw unknownHandle(operation, 'execution context', handle);
    if (!context.busy) return context;
    throw new WasiNNError('timeout', `${operation}: execution context ${handle} is computing: try again later`);
  }

  #usableContext(operation: string, handle: number): Context {
    const context = this.#idleContext(operation, handle);
    if (!context.graph.unloaded) return context;
    throw new WasiNNError('invalid-argument', `${operation}: the graph of context ${handle} is unloaded`);
  }
}

/** What is set as input outlives the computation, whose own copy may be transferred. */
function copy([name, value]: NamedTensor): NamedTensor {
  return [name, { ...value, data: value.data.slice() }];
}

function at<Tensor>(tensors: readonly Tensor[], index: number, complaint: string): Tensor {
  const tensor = tensors[index];
  if (tensor !== undefined) return tensor;
  throw new WasiNNError('invalid-argument', `${complaint} ${index}; it has ${tensors.length}, counted from 0`);
}

function unknownHandle(operation: string, what: string, handle: number): WasiNNError {
  return new WasiNNError('invalid-argument', `${operation}: there is no ${what} ${handle}, or there is no more`);
}
