import type { GraphInfo, InferenceClient, NamedClientTensor, RemoteInferenceClient } from '../rpc/inference-client.js';
import { type NamedTensorReference, releaseAll, type TensorReference, toReferences } from '../rpc/tensor-reference.js';
import { typedArrayName } from '../standard/brand-checks.js';
import type { Device } from '../standard/device.js';
import { quote, WasiNNError } from '../standard/error.js';
import type { OutputPlace } from '../standard/graph.js';
import { isObjectWith } from '../standard/is-object-with.js';
import type { DeclaredTensors, NamedTensor, TensorShape, TensorType, TensorValue } from '../standard/tensor.js';
import { asyncDispose, dispose } from './dispose-symbols.js';
import { embed } from './embed.js';
import { type Chat, type GenerateOptions, generate } from './generate.js';
import { toRecord } from './to-record.js';
import { untilAborted } from './until-aborted.js';

/** The elements of a tensor: FP16 and BF16 as their bits, in a Uint16Array. */
export type TensorElements = Float32Array | Float64Array | Uint8Array | Int32Array | BigInt64Array | Uint16Array;

/** A tensor as pages give it. */
export interface InputTensor {
  readonly dimensions: readonly number[];
  /** Can be left out where the elements show it; a Uint16Array does not, nor does a Uint8Array of anything but U8. */
  readonly type?: TensorType;
  /** The elements, row-major, or their bytes in a Uint8Array. They are copied. */
  readonly data: TensorElements;
}

/** A tensor as pages get it. */
export interface OutputTensor extends TensorShape {
  readonly data: TensorElements;
}

/** An output that is left where it was computed: on the device, for a model that is registered with `outputs: 'device'`. */
export interface PageTensor extends TensorShape {
  /**
   * Its elements, a copy each time.
   *
   * @throws WasiNNError `runtime-error` where the engine that had it is gone, `invalid-argument` where it has been
   *   disposed of
   */
  read(): Promise<OutputTensor>;
  /** Gives its place back, after what uses it. Disposing twice is harmless. */
  dispose(): void;
  [Symbol.dispose](): void;
}

export interface ComputeOptions {
  /**
   * `bytes`: the outputs come to the page. `device`: they stay where they were computed, so that the next graph can go on with
   * them. That takes a model that is registered with `outputs: 'device'`; outputs of other models come to the page, and can be
   * used alike. Default `bytes`.
   */
  readonly outputs?: OutputPlace;
  /** Gives the computation up: the promise rejects with the signal's reason. One that has begun runs to its end. */
  readonly signal?: AbortSignal;
}

export interface EmbedOptions {
  /** Gives the embedding up: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export type PageInputs = Readonly<Record<string, InputTensor | PageTensor>>;

/** A graph that a page has loaded for itself, without a guest. */
export interface Graph {
  readonly backend: string;
  /**
   * Where it runs. After a computation this is where that ran: the device may differ from the one before where the engine
   * was replaced or the graph moved to another device.
   */
  readonly device: Device;
  readonly inputs: DeclaredTensors;
  readonly outputs: DeclaredTensors;
  /**
   * Runs the graph once.
   *
   * @param inputs all of them, by their names, an input `__proto__` as `['__proto__']`; outputs that have stayed on a device, of
   *   this graph or another, as they are
   * @returns all outputs, by their names, in a record without a prototype; with `outputs: 'device'` each must be disposed of
   * @throws WasiNNError `invalid-argument` for inputs that are not as the graph declares, `timeout`, `too-large`, or
   *   `runtime-error`; the signal's reason
   */
  compute(
    inputs: PageInputs,
    options: ComputeOptions & { readonly outputs: 'device' },
  ): Promise<Record<string, PageTensor>>;
  compute(
    inputs: PageInputs,
    options?: ComputeOptions & { readonly outputs?: 'bytes' },
  ): Promise<Record<string, OutputTensor>>;
  /**
   * Has a language model go on with a prompt, or answer in a chat. The iteration yields the text in pieces, one for each token, as they come.
   * To leave it ends the text.
   *
   * @throws WasiNNError `invalid-argument` where the graph is no language model, for a grammar or a schema that is none, and for
   *   images that the model does not take, cannot be read, or have no mark; `too-large` for a prompt that the context does not take,
   *   `timeout` or `runtime-error`; the signal's reason
   */
  generate(prompt: string | Chat, options?: GenerateOptions): AsyncIterable<string>;
  /**
   * Has a language model embed a text. A graph is loaded again where embeddings follow texts, or texts embeddings: use a graph
   * for each.
   *
   * @returns as many numbers as the model has for a token, of the Euclidean length 1
   * @throws WasiNNError `invalid-argument` where the graph is no language model, `too-large` for a text that has more tokens
   *   than the context or a batch takes, `timeout` or `runtime-error`; the signal's reason
   */
  embed(text: string, options?: EmbedOptions): Promise<Float32Array<ArrayBuffer>>;
  /** Gives the graph back. Disposing twice is harmless. */
  dispose(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param disposed once this is aborted, every call of the graph rejects with its reason */
export function toGraph(client: RemoteInferenceClient, info: GraphInfo, disposed: AbortSignal): Graph {
  const { id, backend, inputs, outputs } = info;

  async function computeHeld(tensors: PageInputs, signal: AbortSignal | undefined): Promise<NamedTensorReference[]> {
    // The page may dispose of them meanwhile.
    const used = Object.values(tensors).flatMap((tensor) => heldTensors.get(tensor)?.hold() ?? []);
    try {
      const inputs = await Promise.all(
        Object.entries(tensors).map((input) => toClientTensor(client, input, info.inputs)),
      );
      const keepsInputs = used.length > 0;
      return toReferences(await client.compute(id, inputs, { signal, keepsInputs }), client);
    } finally {
      for (const tensor of used) tensor.release();
    }
  }

  async function readOutputs(held: readonly NamedTensorReference[]): Promise<Record<string, OutputTensor>> {
    try {
      const outputs: [string, OutputTensor][] = [];
      // One after another: the calls that are under way at a time are limited, the outputs of a graph are not.
      for (const [name, tensor] of held) outputs.push([name, toOutput(await tensor.value())]);
      return toRecord(outputs);
    } finally {
      releaseAll(held);
    }
  }

  function compute(tensors: PageInputs, options: ComputeOptions & { readonly outputs: 'device' }): PageTensors;
  function compute(tensors: PageInputs, options?: ComputeOptions): Promise<Record<string, OutputTensor>>;
  function compute(tensors: PageInputs, { outputs, signal }: ComputeOptions = {}): Promise<object> {
    return untilAborted(disposed, async () => {
      refusePlace(outputs);
      const held = await computeHeld(tensors, signal);
      if (outputs !== 'device') return readOutputs(held);
      return toRecord(held.map(([name, tensor]) => [name, toPageTensor(tensor, disposed)]));
    });
  }

  const end = () => untilAborted(disposed, async () => client.unload(id));

  return {
    backend,
    get device() {
      return info.device;
    },
    inputs,
    outputs,
    compute,
    generate: (prompt, options = {}) => generate(client, info, prompt, options, disposed),
    embed: (text, { signal } = {}) =>
      embed(client, info, text, signal ? AbortSignal.any([disposed, signal]) : disposed),
    dispose: end,
    [asyncDispose]: end,
  };
}

type PageTensors = Promise<Record<string, PageTensor>>;

/** @throws WasiNNError `invalid-argument` */
function refusePlace(outputs: unknown): void {
  if (outputs === undefined || outputs === 'bytes' || outputs === 'device') return;
  throw new WasiNNError('invalid-argument', 'compute: outputs: expected bytes or device');
}

/** What the page's tensors are to the engine, until they are disposed of. */
const heldTensors = new WeakMap<InputTensor | PageTensor, TensorReference>();

function toPageTensor(held: TensorReference, disposed: AbortSignal): PageTensor {
  const { dimensions, type } = held.tensor;
  let isDisposed = false;
  const tensor: PageTensor = {
    dimensions,
    type,
    read: () =>
      untilAborted(disposed, async () => {
        if (isDisposed) throw new WasiNNError('invalid-argument', 'read: the tensor has been disposed of');
        const { data, ...shape } = await held.value();
        return toOutput({ ...shape, data: data.slice() });
      }),
    dispose: end,
    [dispose]: end,
  };

  function end(): void {
    if (!isDisposed) held.release();
    isDisposed = true;
    heldTensors.delete(tensor);
  }

  heldTensors.set(tensor, held);
  return tensor;
}

async function toClientTensor(
  client: InferenceClient,
  [name, tensor]: [string, InputTensor | PageTensor],
  declared: DeclaredTensors,
): Promise<NamedClientTensor> {
  if (isObjectWith(tensor, 'data')) return toNamedTensor(name, tensor, declared);
  const held = heldTensors.get(tensor);
  if (held) return [name, await held.forClient(client)];
  throw invalidInput(name, 'has no data, and is no output of a graph that has not been disposed of');
}

function invalidInput(name: string, reason: string): WasiNNError {
  return new WasiNNError('invalid-argument', `compute: input ${quote(name)} ${reason}`);
}

function toNamedTensor(name: string, { dimensions, type, data }: InputTensor, declared: DeclaredTensors): NamedTensor {
  if (!Array.isArray(dimensions)) {
    throw invalidInput(
      name,
      `has ${dimensions === undefined ? 'no' : 'invalid'} dimensions: expected an array of numbers, such as [1, 28, 28]`,
    );
  }
  if (!ArrayBuffer.isView(data)) throw invalidInput(name, explainData(name, type, data, declared));
  const bytes = new Uint8Array(data.byteLength);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return [name, { dimensions: [...dimensions], type: type ?? typeOf(name, data), data: bytes }];
}

const typesOfArrays: ReadonlyMap<string, TensorType> = new Map([
  ['Float32Array', 'FP32'],
  ['Float64Array', 'FP64'],
  ['Int32Array', 'I32'],
  ['BigInt64Array', 'I64'],
  ['Uint8Array', 'U8'],
]);

/** What plain JavaScript may give in place of a typed array. */
function explainData(name: string, type: TensorType | undefined, data: unknown, declared: DeclaredTensors): string {
  const infos = declared === 'any' ? [] : declared;
  const expected = type ?? infos.find((info) => info.name === name)?.type;
  const arrays = [...typesOfArrays].filter(([, candidate]) => candidate === expected).map(([array]) => array);
  const [array = expected === 'FP16' || expected === 'BF16' ? 'Uint16Array' : 'typed array'] = arrays;
  const what = Array.isArray(data) ? 'is a plain array' : `is ${data === null ? 'null' : typeof data}`;
  const remedy = Array.isArray(data) && array !== 'typed array' ? `: pass ${array}.from(data)` : '';
  return `has data that ${what}: expected a ${array}${expected === undefined ? '' : ` (${expected})`}${remedy}`;
}

function typeOf(name: string, data: TensorElements): TensorType {
  const type = typesOfArrays.get(typedArrayName(data) ?? '');
  if (type) return type;
  throw invalidInput(name, 'needs a type (FP16 or BF16): its elements do not tell');
}

const elements: Readonly<Record<TensorType, (buffer: ArrayBuffer) => TensorElements>> = {
  FP16: (buffer) => new Uint16Array(buffer),
  BF16: (buffer) => new Uint16Array(buffer),
  FP32: (buffer) => new Float32Array(buffer),
  FP64: (buffer) => new Float64Array(buffer),
  U8: (buffer) => new Uint8Array(buffer),
  I32: (buffer) => new Int32Array(buffer),
  I64: (buffer) => new BigInt64Array(buffer),
};

/** What came from the hub owns its buffer. */
function toOutput({ dimensions, type, data }: TensorValue): OutputTensor {
  return { dimensions, type, data: elements[type](data.buffer) };
}
