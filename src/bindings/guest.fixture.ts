import { type Awaitable, type InferenceClient, isOnDevice, type NamedClientTensor } from '../rpc/inference-client.js';
import { WasiNNError } from '../standard/error.js';
import { matchInputs } from '../standard/match-inputs.js';
import type { DeclaredTensors, NamedTensor, TensorValue } from '../standard/tensor.js';
import type { TextEnd, TextModel } from '../standard/text.js';
import { type CoreModuleBinding, createCoreModuleBinding } from './core-module.js';

/** What a core module does before it calls: it lays things out in its memory. Nothing is ever freed. */
export class TestMemory {
  readonly memory: WebAssembly.Memory;
  /** Zero is left free, so that no pointer is zero by accident. */
  #end = 16;

  constructor({ pages = 1, shared = false } = {}) {
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: 1024, shared });
  }

  get byteLength(): number {
    return this.memory.buffer.byteLength;
  }

  /** Room at a multiple of 16. */
  room(byteLength: number): number {
    const pointer = this.#end;
    this.#end = Math.ceil((pointer + byteLength) / 16) * 16;
    return pointer;
  }

  bytes(...values: number[]): number {
    return this.data(Uint8Array.from(values));
  }

  data(data: Uint8Array): number {
    const pointer = this.room(data.byteLength);
    new Uint8Array(this.memory.buffer).set(data, pointer);
    return pointer;
  }

  words(...values: number[]): number {
    const pointer = this.room(values.length * 4);
    values.forEach((value, index) => {
      this.view().setUint32(pointer + index * 4, value, true);
    });
    return pointer;
  }

  /** @returns pointer and byte length */
  text(text: string): [number, number] {
    const data = new TextEncoder().encode(text);
    return [this.data(data), data.byteLength];
  }

  /** An array of builders. @returns its pointer and count */
  builders(...parts: readonly Uint8Array[]): [number, number] {
    const pointers = parts.map((part) => [this.data(part), part.byteLength]);
    return [this.words(...pointers.flat()), parts.length];
  }

  /** A tensor as wasi-nn.witx lays it out, with the padding that guests in Rust leave behind. */
  tensor(dimensions: readonly number[], typeNumber: number, data: Uint8Array): number {
    const type = (0xabcdef00 | typeNumber) >>> 0;
    return this.words(this.words(...dimensions), dimensions.length, type, this.data(data), data.byteLength);
  }

  /** A tensor as WAMR's `wasi_nn` lays it out. */
  wamrTensor(dimensions: readonly number[], typeNumber: number, data: Uint8Array): number {
    const shape = this.words(this.words(...dimensions), dimensions.length);
    return this.words(shape, (0xabcdef00 | typeNumber) >>> 0, this.data(data));
  }

  read(pointer: number, byteLength: number): number[] {
    return [...new Uint8Array(this.memory.buffer, pointer, byteLength)];
  }

  readWord(pointer: number): number {
    return this.view().getUint32(pointer, true);
  }

  snapshot(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.memory.buffer).slice();
  }

  /** Whether all bytes are those of a snapshot. */
  equals(snapshot: Uint8Array<ArrayBuffer>): boolean {
    const words = new Uint32Array(this.memory.buffer);
    const expected = new Uint32Array(snapshot.buffer);
    for (let index = 0; index < words.length; index++) if (words[index] !== expected[index]) return false;
    return words.length === expected.length;
  }

  view(): DataView {
    return new DataView(this.memory.buffer);
  }
}

/** The bytes of the only model that the {@link FakeEngine} loads, and the name of the only one that is registered. */
export const echoModel = new TextEncoder().encode('ECHO');
export const echoName = 'echo';

/** What a {@link FakeEngine} generates for a prompt. */
export type FakeLanguageModel = (
  prompt: string,
  settings: Readonly<Record<string, unknown>>,
) => { readonly pieces: readonly string[]; readonly end: TextEnd };

export const fakeTextModel: TextModel = {
  buildNumber: 11364,
  commit: '46ca246',
  contextTokens: 64,
  takesImages: false,
};

/**
 * An engine whose graphs answer their inputs as their outputs. As honest as the real one: it checks what it is given,
 * knows only the graphs that it has loaded, and takes the buffers that are passed to it, as a client with a port does.
 */
export class FakeEngine implements InferenceClient {
  readonly calls: unknown[][] = [];
  readonly graphs = new Set<number>();
  /** What the operation that is named fails with. */
  readonly faults = new Map<keyof InferenceClient, unknown>();
  /** Done in the middle of each operation: while the guest is suspended, where answers are promises. */
  meanwhile: () => void = () => {};
  /** The outputs that have stayed on a device. */
  readonly deviceTensors = new Map<number, TensorValue>();
  readonly #asynchronous: boolean;
  readonly #keeps: boolean;
  readonly #inputs: DeclaredTensors;
  readonly #takesImages: boolean;
  readonly #languageModel: FakeLanguageModel | undefined;
  /** The texts that are under way. */
  readonly texts = new Map<number, { pieces: string[]; readonly end: TextEnd }>();
  #nextId = 100;

  /**
   * @param options.keeps whether outputs stay on a device until they are asked for
   * @param options.languageModel makes its graphs language models
   * @param options.takesImages whether those take images
   */
  constructor({
    asynchronous = false,
    keeps = false,
    inputs = [{ name: 'x', type: 'U8', shape: ['n'] }] as DeclaredTensors,
    languageModel = undefined as FakeLanguageModel | undefined,
    takesImages = false,
  } = {}) {
    this.#takesImages = takesImages;
    this.#languageModel = languageModel;
    this.#asynchronous = asynchronous;
    this.#keeps = keeps;
    this.#inputs = inputs;
  }

  load: InferenceClient['load'] = (parts, encoding, target) => {
    const owned = parts.map((part) => structuredClone(part, { transfer: [part.buffer] }));
    return this.#answer('load', [owned.map((part) => [...part]), encoding, target], () => {
      const [model] = owned;
      if (!model || owned.length > 1) throw new WasiNNError('invalid-argument', 'load: expected 1 part');
      if (String(model) !== String(echoModel)) throw new WasiNNError('invalid-encoding', 'load: this is no model');
      return this.#open();
    });
  };

  loadByName: InferenceClient['loadByName'] = (name, { configuration } = {}) =>
    this.#answer('loadByName', configuration === undefined ? [name] : [name, configuration], () => {
      if (name !== echoName) throw new WasiNNError('not-found', `load-by-name: there is no ${JSON.stringify(name)}`);
      return this.#open();
    });

  compute: InferenceClient['compute'] = (graph, inputs, { keepsInputs = false } = {}) => {
    const owned = inputs.map(([name, tensor]): NamedTensor => {
      if (isOnDevice(tensor)) return [name, this.#deviceTensor(tensor.deviceTensor)];
      const transfer = keepsInputs ? [] : [tensor.data.buffer];
      return [name, { ...tensor, data: structuredClone(tensor.data, { transfer }) }];
    });
    return this.#answer('compute', [graph, owned.map(([name, { type, data }]) => [name, type, ...data])], () => {
      if (!this.graphs.has(graph)) throw new WasiNNError('invalid-argument', `compute: there is no graph ${graph}`);
      const matched = matchInputs(this.#inputs, owned);
      if (this.#inputs === 'any') return [...matched].map(this.#keep);
      const outputs = this.#inputs.flatMap(({ name }): NamedTensor[] => {
        const tensor = matched.get(name);
        return tensor ? [[`${name}-out`, tensor]] : [];
      });
      return outputs.map(this.#keep);
    });
  };

  readTensor: InferenceClient['readTensor'] = (deviceTensor) =>
    this.#answer('readTensor', [deviceTensor], () => {
      const tensor = this.#deviceTensor(deviceTensor);
      return { ...tensor, data: tensor.data.slice() };
    });

  releaseTensor: InferenceClient['releaseTensor'] = (deviceTensor) =>
    this.#answer('releaseTensor', [deviceTensor], () => {
      this.deviceTensors.delete(deviceTensor);
    });

  unload: InferenceClient['unload'] = (graph) =>
    this.#answer('unload', [graph], () => {
      this.graphs.delete(graph);
    });

  startText: InferenceClient['startText'] = (graph, { prompt, configuration, images = [] }) => {
    const files = images.map((image) => [...structuredClone(image, { transfer: [image.buffer] })]);
    return this.#answer('startText', [graph, decode(prompt), decode(configuration), ...files], () => {
      const { pieces, end } = this.#languageModel?.(decode(prompt), JSON.parse(decode(configuration))) ?? {};
      if (!pieces || !end) throw new WasiNNError('invalid-argument', 'compute: the graph is no language model');
      const text = this.#nextId++;
      this.texts.set(text, { pieces: [...pieces], end });
      return text;
    });
  };

  /** Two pieces come at a time, as where the model is faster than the guest. */
  readText: InferenceClient['readText'] = (text) =>
    this.#answer('readText', [text], () => {
      const found = this.texts.get(text);
      if (!found) throw new WasiNNError('invalid-argument', `compute: there is no text ${text}`);
      const pieces = found.pieces.splice(0, 2);
      const { end } = found;
      if (found.pieces.length > 0) return { pieces, hasBegun: true, inputTokens: end.inputTokens };
      this.texts.delete(text);
      return { pieces, hasBegun: true, end };
    });

  stopText: InferenceClient['stopText'] = (text) =>
    this.#answer('stopText', [text], () => {
      this.texts.delete(text);
    });

  callsOf(operation: keyof InferenceClient): unknown[][] {
    return this.calls.filter(([name]) => name === operation);
  }

  #deviceTensor(deviceTensor: number): TensorValue {
    const tensor = this.deviceTensors.get(deviceTensor);
    if (!tensor) throw new WasiNNError('invalid-argument', `there is no tensor ${deviceTensor} on a device`);
    return tensor;
  }

  readonly #keep = ([name, tensor]: NamedTensor): NamedClientTensor => {
    if (!this.#keeps) return [name, tensor];
    const deviceTensor = this.#nextId++;
    this.deviceTensors.set(deviceTensor, tensor);
    return [name, { dimensions: tensor.dimensions, type: tensor.type, deviceTensor }];
  };

  #open() {
    const id = this.#nextId++;
    this.graphs.add(id);
    const inputs = this.#inputs;
    const outputs = inputs === 'any' ? inputs : inputs.map(({ name, ...info }) => ({ ...info, name: `${name}-out` }));
    const device = { target: 'cpu', provider: 'wasm', description: 'fake' } as const;
    const text = this.#languageModel && { text: { ...fakeTextModel, takesImages: this.#takesImages } };
    return { id, backend: 'fake', device, inputs, outputs, ...text };
  }

  #answer<Value>(operation: keyof InferenceClient, values: unknown[], action: () => Value): Awaitable<Value> {
    this.calls.push([operation, ...values]);
    const run = () => {
      this.meanwhile();
      if (this.faults.has(operation)) throw this.faults.get(operation);
      return action();
    };
    return this.#asynchronous ? Promise.resolve().then(run) : run();
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** A guest of either kind of client: its memory, its imports, and the failures that its host got. */
export function createTestGuest({
  engine = new FakeEngine(),
  memory = new TestMemory(),
  files = new Map(),
}: {
  engine?: InferenceClient;
  memory?: TestMemory;
  files?: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
} = {}) {
  const errors: string[] = [];
  const printed: string[] = [];
  const binding = createCoreModuleBinding(
    engine,
    () => memory.memory,
    ({ code, message }, functionName) => errors.push(`${functionName}: ${code}: ${message}`),
    undefined,
    (bytes) => printed.push(decode(bytes)),
    (path) => files.get(path)?.slice(),
  );
  return { memory, errors, printed, nn: callable(binding.wasi_ephemeral_nn), wamr: callable(binding.wasi_nn) };
}

/** The functions of a module as a guest calls them. */
export function callable(module: CoreModuleBinding['wasi_ephemeral_nn']) {
  return (name: string, ...args: number[]): Awaitable<number> => {
    const imported = module[name];
    if (!imported) throw new Error(`the module has no function ${name}`);
    return imported.call(...args);
  };
}
