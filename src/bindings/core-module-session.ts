import { andThen } from '../rpc/awaitable.js';
import type { Awaitable, GraphInfo, InferenceClient } from '../rpc/inference-client.js';
import { copyBytes, type NamedTensorReference, releaseAll, toReferences } from '../rpc/tensor-reference.js';
import { WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding } from '../standard/graph.js';
import { matchInput } from '../standard/match-inputs.js';
import type { TensorInfo, TensorValue } from '../standard/tensor.js';
import type { ContextCount } from './context-count.js';

/** A graph that takes any inputs is given no more of them than this. */
const maxUndeclaredInputs = 1024;

interface Graph {
  readonly info: GraphInfo;
  unloaded: boolean;
}

interface Context {
  readonly graph: Graph;
  /** What is set, by the inputs' indices. */
  readonly inputs: Map<number, readonly [name: string, tensor: TensorValue]>;
  outputs: readonly NamedTensorReference[] | undefined;
  /** A computation is under way, or an output on its way. Only a guest that is suspended meanwhile can find it so. */
  busy: boolean;
  /** Takes it off the count. */
  readonly uncount: () => void;
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
export class CoreModuleSession {
  readonly #client: InferenceClient;
  readonly #count: ContextCount;
  readonly #onUnloadFailure: (cause: unknown) => void;
  readonly #graphs = new Map<number, Graph>();
  readonly #contexts = new Map<number, Context>();
  #nextGraph = 0;
  #nextContext = 0;

  /** @param onUnloadFailure told when the engine fails to take a graph back, which concerns no guest */
  constructor(client: InferenceClient, count: ContextCount, onUnloadFailure: (cause: unknown) => void) {
    this.#client = client;
    this.#count = count;
    this.#onUnloadFailure = onUnloadFailure;
  }

  load(parts: readonly GraphBuilder[], encoding: GraphEncoding, target: ExecutionTarget): Awaitable<number> {
    return andThen(this.#client.load(parts, encoding, target), (info) => this.#add(info));
  }

  loadByName(name: string): Awaitable<number> {
    return andThen(this.#client.loadByName(name), (info) => this.#add(info));
  }

  unload(handle: number): void {
    const graph = this.#graph('unload', handle);
    this.#graphs.delete(handle);
    graph.unloaded = true;
    try {
      const answer = this.#client.unload(graph.info.id);
      if (answer instanceof Promise) answer.catch(this.#onUnloadFailure);
    } catch (cause) {
      this.#onUnloadFailure(cause);
    }
  }

  initExecutionContext(graphHandle: number): number {
    const graph = this.#graph('init_execution_context', graphHandle);
    const uncount = this.#count.add('init_execution_context');
    const handle = this.#nextContext++;
    this.#contexts.set(handle, { graph, inputs: new Map(), outputs: undefined, busy: false, uncount });
    return handle;
  }

  finalizeExecutionContext(handle: number): void {
    const context = this.#contexts.get(handle);
    if (!context) throw unknownHandle('finalize_execution_context', 'execution context', handle);
    this.#contexts.delete(handle);
    context.uncount();
    keep(context, undefined);
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

  /** What the graph says of an output; nothing where it declares none, or has no such output. */
  outputInfo(handle: number, index: number): TensorInfo | undefined {
    const { outputs } = this.#idleContext('get_output', handle).graph.info;
    return outputs === 'any' ? undefined : outputs[index];
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
    keep(context, undefined);
    const inOrder = [...context.inputs].toSorted(([a], [b]) => a - b).map(([, input]) => copyBytes(input));
    const computing = andThen(this.#client.compute(context.graph.info.id, inOrder), (outputs) => {
      const held = toReferences(outputs, this.#client);
      if (this.#contexts.has(handle)) keep(context, held);
      else releaseAll(held);
    });
    return whileBusy(context, computing);
  }

  /**
   * The bytes of an output of the last computation, which may have to be read from a device.
   *
   * @throws WasiNNError `runtime-error` where there is none
   */
  output(handle: number, index: number): Awaitable<Uint8Array> {
    const context = this.#idleContext('get_output', handle);
    const { graph, outputs } = context;
    const expected: readonly unknown[] | undefined = graph.info.outputs === 'any' ? outputs : graph.info.outputs;
    if (expected) at(expected, index, 'get_output: the graph has no output');
    const output = outputs?.[index];
    if (output)
      return whileBusy(
        context,
        andThen(output[1].value(), ({ data }) => data),
      );
    throw new WasiNNError(
      'runtime-error',
      'get_output: the context has no outputs: call compute first, and see that it succeeds',
    );
  }

  forgetOutputs(handle: number): void {
    keep(this.#idleContext('fini_single', handle), undefined);
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

/** Has a context keep what it has computed in place of what it has. */
function keep(context: Context, outputs: readonly NamedTensorReference[] | undefined): void {
  releaseAll(context.outputs);
  context.outputs = outputs;
}

/** Nothing else can be done with a context until it has its answer. */
function whileBusy<Value>(context: Context, answer: Awaitable<Value>): Awaitable<Value> {
  if (!(answer instanceof Promise)) return answer;
  context.busy = true;
  return answer.finally(() => {
    context.busy = false;
  });
}

function at<Tensor>(tensors: readonly Tensor[], index: number, complaint: string): Tensor {
  const tensor = tensors[index];
  if (tensor !== undefined) return tensor;
  throw new WasiNNError('invalid-argument', `${complaint} ${index}; it has ${tensors.length}, counted from 0`);
}

function unknownHandle(operation: string, what: string, handle: number): WasiNNError {
  return new WasiNNError('invalid-argument', `${operation}: there is no ${what} ${handle}, or there is no more`);
}
