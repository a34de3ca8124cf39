import type {
  Backend,
  BackendGraph,
  Caller,
  DeviceTensor,
  FallbackStep,
  TextGeneration,
  TextGraph,
} from '../backends/backend.js';
import { chooseBackend, namedBackend, UnservedError } from '../backends/choose-backend.js';
import {
  type ComputedTensor,
  discard,
  fetchValue,
  isDeviceTensor,
  type NamedComputedTensor,
} from '../backends/device-tensor.js';
import type { ConvertedModels } from '../models/models.js';
import type {
  EngineCompute,
  EngineComputeResult,
  EngineLoad,
  EngineLoadResult,
  EngineTextRead,
  EngineTextStart,
  NamedEngineTensor,
} from '../rpc/engine-protocol.js';
import { isOnDevice } from '../rpc/inference-client.js';
import { isBlob } from '../standard/brand-checks.js';
import { toWasiNNError, WasiNNError } from '../standard/error.js';
import type { GraphBuilder } from '../standard/graph.js';
import { toPlainError } from '../standard/plain-error.js';
import { byteLengthOf, type TensorValue } from '../standard/tensor.js';
import type { TextProgress } from '../standard/text.js';
import { createConversionKeeper } from './conversions.js';

export interface EngineOptions {
  readonly backends: readonly Backend<BackendGraph | TextGraph>[];
  /** Where conversions of named models are kept. Default: nowhere. */
  readonly convertedModels?: ConvertedModels | undefined;
}

/**
 * Runs backends, one call at a time. The engine knows no guests: the hub counts what each of them has, checks what they
 * pass, and chooses the numbers of graphs.
 */
export interface Engine {
  load(load: EngineLoad): Promise<EngineLoadResult>;
  /** @throws WasiNNError what the backend throws, or `too-large` where the outputs are more than allowed */
  compute(compute: EngineCompute): Promise<EngineComputeResult>;
  unload(graph: number): Promise<void>;
  readTensor(tensor: number): Promise<TensorValue>;
  releaseTensors(tensors: readonly number[]): Promise<void>;
  /** Begins a text, under a number of the engine's. */
  startText(start: EngineTextStart): Promise<number>;
  /** What has come of a text since it was last read. A text that has ended, or fails, is forgotten. */
  readText(read: EngineTextRead): Promise<TextProgress>;
  stopText(text: number): Promise<void>;
  heapBytes(): number;
}

interface Entry {
  readonly graph: BackendGraph | TextGraph;
  /** Set by a computation in which the graph has moved to another device. */
  moved: readonly FallbackStep[] | undefined;
}

/** The hub sends one call at a time. */
const caller: Caller = { guest: 0, begin: () => () => undefined };

export function createEngine({ backends, convertedModels }: EngineOptions): Engine {
  const graphs = new Map<number, Entry>();
  const tensors = new Map<number, DeviceTensor>();
  const texts = new Map<number, TextGeneration>();
  const keeper = createConversionKeeper(convertedModels);
  let nextTensor = 0;
  let nextText = 0;

  async function load(request: EngineLoad): Promise<EngineLoadResult> {
    const { graph: id, encoding, files, options } = request;
    const conversions = keeper.forModel(files);
    const onMove = (steps: readonly FallbackStep[]) => {
      const entry = graphs.get(id);
      if (entry) entry.moved = steps;
    };
    const parts = await Promise.all(request.parts.map(read));
    const backend = request.backend
      ? namedBackend(backends, request.backend)
      : chooseBackend(backends, parts, encoding);
    const graph = await backend.load(parts, { ...options, onMove, ...(conversions && { conversions }) }, caller);
    graphs.set(id, { graph, moved: undefined });
    const { device, inputs, outputs, fallback } = graph;
    const text = 'text' in graph ? { text: graph.text } : {};
    return { backend: backend.name, device, inputs, outputs, steps: fallback, ...text };
  }

  function findGraph(id: number): Entry {
    const entry = graphs.get(id);
    if (!entry) throw new WasiNNError('runtime-error', `the engine has no graph ${id}: the hub unloaded it`);
    return entry;
  }

  function findTensor(id: number): DeviceTensor {
    const tensor = tensors.get(id);
    if (!tensor) throw new WasiNNError('runtime-error', `the engine has no tensor ${id}: the hub released it`);
    return tensor;
  }

  async function compute(request: EngineCompute): Promise<EngineComputeResult> {
    const entry = findGraph(request.graph);
    const { graph } = entry;
    if ('text' in graph) throw new WasiNNError('runtime-error', 'compute: a language model generates texts alone');
    const inputs = new Map<string, ComputedTensor>();
    for (const [name, tensor] of request.inputs) {
      inputs.set(name, isOnDevice(tensor) ? findTensor(tensor.deviceTensor) : tensor);
    }
    const computed = await (graph.computeOnDevice?.(inputs, caller) ?? computeOnBytes(graph, inputs));
    const outputs = await keep(computed, request);
    const steps = entry.moved;
    entry.moved = undefined;
    return { outputs, device: graph.device, ...(steps && { steps }) };
  }

  /** Leaves outputs on their device as far as there is room. Of what fails nothing stays. */
  async function keep(
    outputs: readonly NamedComputedTensor[],
    { outputBytes, deviceRoom }: EngineCompute,
  ): Promise<NamedEngineTensor[]> {
    const room = { ...deviceRoom };
    const kept: NamedEngineTensor[] = [];
    const left = new Set(outputs);
    try {
      refuseMore(outputs, outputBytes);
      for (const output of outputs) {
        const [name, tensor] = output;
        const { type, dimensions } = tensor;
        const bytes = byteLengthOf(type, dimensions);
        if (!isDeviceTensor(tensor)) kept.push([name, tensor]);
        else if (room.tensors > 0 && bytes <= room.bytes) {
          room.tensors--;
          room.bytes -= bytes;
          tensors.set(nextTensor, tensor);
          kept.push([name, { type, dimensions, deviceTensor: nextTensor++ }]);
        } else {
          kept.push([name, await fetchValue(tensor, caller)]);
          await tensor.dispose();
        }
        left.delete(output);
      }
      return kept;
    } catch (cause) {
      await discard([...left]);
      await releaseTensors(kept.flatMap(([, tensor]) => (isOnDevice(tensor) ? [tensor.deviceTensor] : [])));
      throw cause;
    }
  }

  async function releaseTensors(ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      const tensor = tensors.get(id);
      tensors.delete(id);
      // Nobody is left to hear that it could not be given back.
      await tensor?.dispose().catch(() => undefined);
    }
  }

  async function readText({ text, milliseconds }: EngineTextRead): Promise<TextProgress> {
    const generation = texts.get(text);
    if (!generation) throw new WasiNNError('runtime-error', `the engine has no text ${text}: it has ended`);
    try {
      const progress = await generation.read(milliseconds);
      if (progress.end) texts.delete(text);
      return progress;
    } catch (cause) {
      texts.delete(text);
      throw cause;
    }
  }

  return {
    async load(request) {
      try {
        return await load(request);
      } catch (cause) {
        const error = toWasiNNError(cause, 'load');
        const isDamaged = error.code === 'invalid-encoding' && !(error instanceof UnservedError);
        return { error: toPlainError(error), isDamaged };
      }
    },
    compute,
    async unload(id) {
      const entry = graphs.get(id);
      graphs.delete(id);
      await entry?.graph.dispose();
    },
    readTensor: async (id) => fetchValue(findTensor(id), caller),
    releaseTensors,
    async startText({ graph: id, request }) {
      const { graph } = findGraph(id);
      if (!('text' in graph)) throw new WasiNNError('runtime-error', 'compute: the graph generates no texts');
      texts.set(nextText, graph.generate(request));
      return nextText++;
    },
    readText,
    async stopText(text) {
      texts.get(text)?.stop();
      texts.delete(text);
    },
    heapBytes: () => backends.reduce((total, backend) => total + (backend.heapBytes?.() ?? 0), 0),
  };
}

async function read(part: GraphBuilder | Blob): Promise<GraphBuilder> {
  return isBlob(part) ? new Uint8Array(await part.arrayBuffer()) : part;
}

/** For a backend that has no devices. */
async function computeOnBytes(
  graph: BackendGraph,
  inputs: ReadonlyMap<string, ComputedTensor>,
): Promise<readonly NamedComputedTensor[]> {
  const values = new Map<string, TensorValue>();
  for (const [name, tensor] of inputs) values.set(name, await fetchValue(tensor, caller));
  return graph.compute(values, caller);
}

function refuseMore(outputs: readonly NamedComputedTensor[], limit: number): void {
  const bytes = outputs.reduce((total, [, { type, dimensions }]) => total + byteLengthOf(type, dimensions), 0);
  if (bytes <= limit) return;
  throw new WasiNNError(
    'too-large',
    `compute: ${bytes} bytes of outputs are more than the ${limit} that the page allows`,
  );
}
