/// <reference lib="esnext.disposable" preserve="true" />

import { andThen, lastly } from '../rpc/awaitable.js';
import type { Awaitable, GraphInfo, InferenceClient } from '../rpc/inference-client.js';
import { type NamedTensorReference, releaseAll, TensorReference } from '../rpc/tensor-reference.js';
import { quote, WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding } from '../standard/graph.js';
import { matchInput } from '../standard/match-inputs.js';
import { type DeclaredTensors, findTensor, type TensorType } from '../standard/tensor.js';
import { type ContextCount, createContextCount } from './context-count.js';
import { Lease } from './lease.js';
import { noFiles, type ReadFile } from './prompt-images.js';
import { harmless, type ReportError } from './report-error.js';
import { attempt, attemptNow, WitError } from './wit-error.js';

/**
 * The interfaces of `wasi:nn`, of all three published versions, in the shape that components transpiled by jco import:
 * one module with one object for each interface, resources as classes. jco drops versions from the names of imports,
 * and the versions differ so little that one set of classes serves them together: `compute` with inputs is that of
 * 0.2.0-rc-2024-10-28; `setInput`, `compute` without and `getOutput` are those of -06-25 and -08-19; only -06-25 can
 * construct an error.
 *
 * Rules of that shape which are easy to break: resource objects must stay extensible (jco hangs its handle on them);
 * an error result is a thrown instance of `errors.Error`, which must not be a JavaScript `Error`; anything else that
 * is thrown traps the guest, so nothing else is; the tensor constructor has no error result, so it accepts all. Nor has a
 * tensor's `data`, which traps the guest where the engine that had it on a device is gone.
 */
export interface WitBinding {
  readonly tensor: { readonly Tensor: typeof WitTensor };
  readonly errors: { readonly Error: typeof WitError };
  readonly graph: {
    readonly Graph: typeof WitGraph;
    load(builder: readonly GraphBuilder[], encoding: GraphEncoding, target: ExecutionTarget): Awaitable<WitGraph>;
    loadByName(name: string): Awaitable<WitGraph>;
  };
  readonly inference: { readonly GraphExecutionContext: typeof WitGraphExecutionContext };
}

/** The method of a resource that jco's glue calls when the guest drops it. */
export const dispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('dispose');

const noBytes = new Uint8Array();

/** A tensor as WIT has it (resource `tensor`). Lengths are checked where the tensor is used: see `compute`. */
export class WitTensor {
  readonly #held: TensorReference;
  #isDropped = false;

  /** @param held in place of what comes before it, an output of the engine */
  constructor(dimensions: Iterable<number>, type: TensorType, data: Uint8Array<ArrayBuffer>, held?: TensorReference) {
    this.#held = held ?? new TensorReference({ dimensions: [...dimensions], type, data });
  }

  static of(held: TensorReference): WitTensor {
    return new WitTensor([], held.tensor.type, noBytes, held);
  }

  dimensions(): Uint32Array {
    return Uint32Array.from(this.#held.tensor.dimensions);
  }

  ty(): TensorType {
    return this.#held.tensor.type;
  }

  /** Waits where the tensor has stayed on a device. */
  data(): Awaitable<Uint8Array<ArrayBuffer>> {
    return andThen(this.#held.value(), ({ data }) => data);
  }

  [dispose](): void {
    if (!this.#isDropped) this.#held.release();
    this.#isDropped = true;
  }

  static held(tensor: WitTensor): TensorReference {
    return tensor.#held;
  }
}

/** A loaded graph as WIT has it (resource `graph`). */
export class WitGraph {
  readonly #lease: Lease;
  readonly [dispose]: () => void;

  constructor(lease: Lease) {
    this.#lease = lease;
    this[dispose] = lease.hold();
  }

  static lease(graph: WitGraph): Lease {
    return graph.#lease;
  }

  initExecutionContext(): WitGraphExecutionContext {
    return attemptNow(this.#lease.report, 'init-execution-context', () => new WitGraphExecutionContext(this.#lease));
  }
}

/** An execution context as WIT has it (resource `graph-execution-context`). It keeps its graph loaded. */
export class WitGraphExecutionContext {
  readonly #lease: Lease;
  readonly #inputs = new Map<string, TensorReference>();
  #outputs: readonly NamedTensorReference[] | undefined;
  #isDropped = false;
  readonly #release: () => void;

  constructor(lease: Lease) {
    this.#lease = lease;
    this.#release = lease.holdContext();
  }

  /** Sets an input for every `compute` without arguments that follows. The tensor is consumed. */
  setInput(name: string, tensor: WitTensor): void {
    attemptNow(this.#lease.report, 'set-input', () => {
      try {
        const held = WitTensor.held(tensor);
        const input = matchInput('set-input', this.#lease.info.inputs, [name, held.tensor]);
        this.#inputs.get(input)?.release();
        this.#inputs.set(input, held.hold());
      } finally {
        tensor[dispose]();
      }
    });
  }

  /**
   * Runs the graph once: on `inputs` and nothing else where they are given, or on what `setInput` has set, which stays
   * set. The tensors are consumed: their bytes may move to another thread.
   */
  compute(inputs?: readonly (readonly [string, WitTensor])[]): Awaitable<[string, WitTensor][] | undefined> {
    const { report } = this.#lease;
    if (inputs) return attempt(report, 'compute', () => this.#computeOn(inputs), fromHeldTensors);
    this.#keep(undefined);
    return attempt(
      report,
      'compute',
      () => this.#lease.compute([...this.#inputs], { keepsInputs: true }),
      (outputs) => {
        this.#keep(outputs);
        return undefined;
      },
    );
  }

  /** An output of the last `compute` without arguments, by its name or its position as a decimal number. */
  getOutput(name: string): WitTensor {
    return attemptNow(this.#lease.report, 'get-output', () =>
      WitTensor.of(findOutput(this.#outputs, this.#lease.info.outputs, name).hold()),
    );
  }

  [dispose](): void {
    this.#isDropped = true;
    this.#keep(undefined);
    releaseAll([...this.#inputs]);
    this.#inputs.clear();
    this.#release();
  }

  #computeOn(inputs: readonly (readonly [string, WitTensor])[]): Awaitable<NamedTensorReference[]> {
    const held = inputs.map(([name, tensor]) => [name, WitTensor.held(tensor)] as const);
    const drop = () => {
      for (const [, tensor] of inputs) tensor[dispose]();
    };
    return lastly(() => this.#lease.compute(held), drop);
  }

  #keep(outputs: readonly NamedTensorReference[] | undefined): void {
    releaseAll(this.#outputs);
    this.#outputs = this.#isDropped ? undefined : outputs;
    if (this.#isDropped) releaseAll(outputs);
  }
}

/**
 * Makes the interfaces for the guests that use one client.
 *
 * @param onError gets every failure, as the guest does
 * @param readFile reads the image of a language model's prompt, where it is a file of the guest
 */
export function createWitBinding(
  client: InferenceClient,
  contexts: ContextCount = createContextCount(),
  onError?: ReportError,
  readFile: ReadFile = noFiles,
): WitBinding {
  const report = harmless(onError);
  const toGraph = (info: GraphInfo) => new WitGraph(new Lease(info, { client, contexts, report, readFile }));
  return {
    tensor: { Tensor: WitTensor },
    errors: { Error: WitError },
    graph: {
      Graph: WitGraph,
      load: (builder, encoding, target) =>
        attempt(report, 'load', () => client.load(builder, encoding, target), toGraph),
      loadByName: (name) => attempt(report, 'load-by-name', () => client.loadByName(name), toGraph),
    },
    inference: { GraphExecutionContext: WitGraphExecutionContext },
  };
}

function fromHeldTensors(outputs: readonly NamedTensorReference[]): [string, WitTensor][] {
  return outputs.map(([name, held]) => [name, WitTensor.of(held)]);
}

function findOutput(
  outputs: readonly NamedTensorReference[] | undefined,
  declared: DeclaredTensors,
  name: string,
): TensorReference {
  if (!outputs) {
    throw new WasiNNError(
      'runtime-error',
      'get-output: the context has no outputs yet: call compute first, and see that it succeeds',
    );
  }
  const infos = declared === 'any' ? [] : declared;
  const named = outputs.map(([candidate], index) => ({ ...infos[index], name: candidate, index }));
  const output = outputs[findTensor(named, name)?.index ?? -1];
  if (output) return output[1];
  const names = outputs.map(([candidate]) => quote(candidate)).join(', ');
  throw new WasiNNError('invalid-argument', `get-output: the graph has no output ${quote(name)}; it has ${names}`);
}
