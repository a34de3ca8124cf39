import { andThen } from '../rpc/awaitable.js';
import type { Awaitable, GraphInfo, InferenceClient } from '../rpc/inference-client.js';
import { releaseAll, toReferences } from '../rpc/tensor-reference.js';
import { WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding } from '../standard/graph.js';
import { matchInput } from '../standard/match-inputs.js';
import type { TensorInfo, TensorValue } from '../standard/tensor.js';
import { parseTextConfiguration, type TextConfiguration } from '../standard/text-configuration.js';
import type { ContextCount } from './context-count.js';
import { type Context, type Graph, keep, outputOf, whileBusy } from './core-module-context.js';
import type { ReadFile } from './prompt-images.js';
import { createTextContext } from './text-context.js';
import { configurationIn, contextSettings, type TextDialect, wasmEdgeDialect } from './text-dialect.js';

const decoder = new TextDecoder();

/** A graph that takes any inputs is given no more of them than this. */
const maxUndeclaredInputs = 1024;

export interface CoreModuleSessionOptions {
  readonly client: InferenceClient;
  readonly count: ContextCount;
  /** Called when the engine fails to take a graph or a text back, which concerns no guest. */
  onUnloadFailure(cause: unknown): void;
  /** Writes to the guest's standard output. */
  print(bytes: Uint8Array<ArrayBuffer>): void;
  readonly readFile: ReadFile;
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
  readonly #print: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly #readFile: ReadFile;
  readonly #graphs = new Map<number, Graph>();
  readonly #contexts = new Map<number, Context>();
  #nextGraph = 0;
  #nextContext = 0;

  constructor({ client, count, onUnloadFailure, print, readFile }: CoreModuleSessionOptions) {
    this.#client = client;
    this.#count = count;
    this.#onUnloadFailure = onUnloadFailure;
    this.#print = print;
    this.#readFile = readFile;
  }

  load(parts: readonly GraphBuilder[], encoding: GraphEncoding, target: ExecutionTarget): Awaitable<number> {
    const configuration = configurationIn(parts);
    return andThen(this.#client.load(parts, encoding, target), (info) =>
      this.#add(info, wasmEdgeDialect, configuration),
    );
  }

  /**
   * @param configuration settings for a language model, as JSON
   * @param dialect whose guest it is, where the model turns out to be a language model
   */
  loadByName(name: string, configuration?: string, dialect: TextDialect = wasmEdgeDialect): Awaitable<number> {
    const prepared = configuration ? dialect.prepare(configuration) : undefined;
    const loading = this.#client.loadByName(name, prepared === undefined ? {} : { configuration: prepared });
    return andThen(loading, (info) => this.#add(info, dialect, prepared));
  }

  unload(handle: number): void {
    const graph = this.#graph('unload', handle);
    this.#graphs.delete(handle);
    graph.unloaded = true;
    for (const context of this.#contexts.values()) if (context.graph === graph) context.text?.stop();
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
    this.#contexts.set(handle, this.#createContext(graph, uncount));
    return handle;
  }

  finalizeExecutionContext(handle: number): void {
    const context = this.#contexts.get(handle);
    if (!context) throw unknownHandle('finalize_execution_context', 'execution context', handle);
    this.#contexts.delete(handle);
    context.uncount();
    context.text?.stop();
    keep(context, undefined);
  }

  /** Whether the context is one of a language model, and may be given inputs now. */
  takesText(handle: number): boolean {
    return this.#usableContext('set_input', handle).text !== undefined;
  }

  /** Whether the context is one of a language model. */
  hasText(handle: number): boolean {
    return this.#idleContext('get_output', handle).text !== undefined;
  }

  /** Gives a language model a prompt, or settings. The bytes are the session's from then on. */
  setText(handle: number, index: number, bytes: Uint8Array<ArrayBuffer>): void {
    const { graph, text, ...context } = this.#usableContext('set_input', handle);
    if (!graph.dialect.takesSettings && index !== 0)
      throw new WasiNNError(
        'invalid-argument',
        `set_input: a language model has no input ${index}: input 0 is the prompt`,
      );
    if (index !== 1) {
      text?.setPrompt(bytes);
      return;
    }
    const settings = parseTextConfiguration('set_input', decoder.decode(bytes));
    const isOfContext = ([name]: [string, unknown]) => contextSettings.has(name);
    const entries = Object.entries(settings);
    const own = Object.fromEntries(entries.filter(isOfContext));
    graph.settings = { ...graph.settings, ...Object.fromEntries(entries.filter((entry) => !isOfContext(entry))) };
    Object.assign(context.settings, own);
    text?.stop();
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

  /** Sets an input for every computation that follows, until it is set again. The tensor is the session's from then on. */
  setInput(handle: number, index: number, tensor: TensorValue): void {
    const { graph, inputs } = this.#usableContext('set_input', handle);
    const { name } = this.inputInfo(handle, index);
    matchInput('set_input', graph.info.inputs, [name, tensor]);
    inputs.set(index, [name, tensor]);
  }

  /** Computes on the inputs that are set. A computation that fails leaves no outputs, not even earlier ones. */
  compute(handle: number): Awaitable<void> {
    const context = this.#usableContext('compute', handle);
    if (context.text) return whileBusy(context, context.text.compute());
    keep(context, undefined);
    const inOrder = [...context.inputs].toSorted(([a], [b]) => a - b).map(([, input]) => input);
    const computing = andThen(
      this.#client.compute(context.graph.info.id, inOrder, { keepsInputs: true }),
      (outputs) => {
        const held = toReferences(outputs, this.#client);
        if (this.#contexts.has(handle)) keep(context, held);
        else releaseAll(held);
      },
    );
    return whileBusy(context, computing);
  }

  /**
   * The bytes of an output of the last computation, which may have to be read from a device.
   *
   * @throws WasiNNError `runtime-error` where there is none
   */
  output(handle: number, index: number): Awaitable<Uint8Array> {
    const context = this.#idleContext('get_output', handle);
    const { graph, outputs, text } = context;
    if (text) return whileBusy(context, outputOf(text, index, text.text));
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

  /** Generates one token. A graph of tensors has none: it computes as a whole. */
  computeSingle(handle: number): Awaitable<void> {
    const context = this.#usableContext('compute_single', handle);
    return context.text ? whileBusy(context, context.text.computeSingle()) : this.compute(handle);
  }

  /** An output of the last `computeSingle`. */
  singleOutput(handle: number, index: number): Awaitable<Uint8Array> {
    const context = this.#idleContext('get_output_single', handle);
    const { text } = context;
    return text ? whileBusy(context, outputOf(text, index, text.lastToken)) : this.output(handle, index);
  }

  forgetOutputs(handle: number): void {
    const context = this.#idleContext('fini_single', handle);
    context.text?.finish();
    keep(context, undefined);
  }

  #createContext(graph: Graph, uncount: () => void): Context {
    const { info, dialect } = graph;
    const settings: TextConfiguration = {};
    const text =
      info.text &&
      createTextContext({
        client: this.#client,
        graph: info,
        model: info.text,
        dialect,
        settings: () => ({ ...dialect.defaults, ...graph.settings, ...settings }),
        print: this.#print,
        readFile: this.#readFile,
        onStopFailure: this.#onUnloadFailure,
      });
    return { graph, text, settings, inputs: new Map(), outputs: undefined, busy: false, uncount };
  }

  #add(info: GraphInfo, dialect: TextDialect, configuration: string | undefined): number {
    // The engine has read it too, so there are no errors in it.
    const settings = info.text && configuration ? parseTextConfiguration('load', configuration) : {};
    const handle = this.#nextGraph++;
    this.#graphs.set(handle, { info, dialect, settings, unloaded: false });
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

function at<Tensor>(tensors: readonly Tensor[], index: number, complaint: string): Tensor {
  const tensor = tensors[index];
  if (tensor !== undefined) return tensor;
  throw new WasiNNError('invalid-argument', `${complaint} ${index}; it has ${tensors.length}, counted from 0`);
}

function unknownHandle(operation: string, what: string, handle: number): WasiNNError {
  return new WasiNNError('invalid-argument', `${operation}: there is no ${what} ${handle}, or there is no more`);
}
