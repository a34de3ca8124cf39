import type {
  Backend,
  BackendGraph,
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
import { OnlyWasmLeftError } from '../backends/fallback-graph.js';
import { createDigest } from '../models/digest.js';
import type { ConvertedModels } from '../models/models.js';
import type {
  AbortedCompute,
  EngineCompute,
  EngineComputeResult,
  EngineLoad,
  EngineLoadFailure,
  EngineLoadResult,
  EngineTextRead,
  EngineTextStart,
  NamedEngineTensor,
} from '../rpc/engine-protocol.js';
import { isOnDevice } from '../rpc/inference-client.js';
import { isBlob } from '../standard/brand-checks.js';
import type { AvoidedProviders, ProviderAbort } from '../standard/device.js';
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
  /** Starts the runtime that ONNX models on the CPU need, before the first of them comes. */
  prepare(): Promise<void>;
  load(load: EngineLoad): Promise<EngineLoadResult>;
  /** @throws WasiNNError what the backend throws, or `too-large` where the outputs are more than allowed */
  compute(compute: EngineCompute): Promise<EngineComputeResult | AbortedCompute>;
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

export function createEngine({ backends, convertedModels }: EngineOptions): Engine {
  const graphs = new Map<number, Entry>();
  const tensors = new Map<number, DeviceTensor>();
  const texts = new Map<number, TextGeneration>();
  const keeper = createConversionKeeper(convertedModels);
  let nextTensor = 0;
  let nextText = 0;
  /** Where the runtime has aborted in the call that is under way. */
  let aborted: ProviderAbort | undefined;

  function noteAbort(abort: ProviderAbort | undefined): void {
    aborted = abort;
  }

  async function load(request: EngineLoad): Promise<EngineLoadResult> {
    noteAbort(undefined);
    const parts = await Promise.all(request.parts.map(read));
    const { avoid = {}, known = [] } = request;
    const mayBeKnown = known.length > 0 || Object.keys(avoid).length > 0;
    const digest = mayBeKnown ? await digestOf(parts) : undefined;
    const avoided = { ...known.find((model) => model.digest === digest)?.avoid, ...avoid };
    const loaded = await loadParts(request, parts, avoided).catch((cause) =>
      cause instanceof OnlyWasmLeftError ? { tried: cause.steps, parts: request.parts } : toFailure(cause),
    );
    if (aborted) return { ...loaded, abort: aborted, digest: digest ?? (await digestOf(parts)) };
    return { ...loaded, ...(digest !== undefined && { digest }) };
  }

  async function loadParts(
    { graph: id, encoding, files, options, backend: name }: EngineLoad,
    parts: readonly GraphBuilder[],
    avoid: AvoidedProviders,
  ): Promise<EngineLoadResult> {
    const conversions = keeper.forModel(files);
    const onMove = (steps: readonly FallbackStep[]) => {
      const entry = graphs.get(id);
      if (entry) entry.moved = steps;
    };
    const backend = name ? namedBackend(backends, name) : chooseBackend(backends, parts, encoding);
    const graph = await backend.load(parts, {
      ...options,
      avoid,
      onMove,
      onAbort: noteAbort,
      ...(conversions && { conversions }),
    });
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

  async function compute(request: EngineCompute): Promise<EngineComputeResult | AbortedCompute> {
    noteAbort(undefined);
    const entry = findGraph(request.graph);
    const { graph } = entry;
    if ('text' in graph) throw new WasiNNError('runtime-error', 'compute: a language model generates texts alone');
    const inputs = new Map<string, ComputedTensor>();
    for (const [name, tensor] of request.inputs) {
      inputs.set(name, isOnDevice(tensor) ? findTensor(tensor.deviceTensor) : tensor);
    }
    try {
      const computed = await (graph.computeOnDevice?.(inputs) ?? computeOnBytes(graph, inputs));
      const outputs = await keep(computed, request);
      const steps = entry.moved;
      entry.moved = undefined;
      return { outputs, device: graph.device, ...(steps && { steps }), ...(aborted && { abort: aborted }) };
    } catch (cause) {
      if (aborted) return { abort: aborted, inputs: request.inputs };
      throw cause;
    }
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
          kept.push([name, await fetchValue(tensor)]);
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
      // No caller is left who could handle an error.
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
    prepare: async () => backends.find(({ encodings }) => encodings.includes('onnx'))?.prepare?.(),
    load: (request) => load(request).catch(toFailure),
    compute,
    async unload(id) {
      const entry = graphs.get(id);
      graphs.delete(id);
      await entry?.graph.dispose();
    },
    readTensor: async (id) => fetchValue(findTensor(id)),
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

function toFailure(cause: unknown): EngineLoadFailure {
  const error = toWasiNNError(cause, 'load');
  const isDamaged = error.code === 'invalid-encoding' && !(error instanceof UnservedError);
  return { error: toPlainError(error), isDamaged };
}

/** A digest of a model's files, of which none can end in another. */
async function digestOf(parts: readonly GraphBuilder[]): Promise<string> {
  const digest = await createDigest();
  for (const part of parts) {
    digest.update(new Uint8Array(Float64Array.of(part.byteLength).buffer));
    digest.update(part);
  }
  return digest.finish();
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
  for (const [name, tensor] of inputs) values.set(name, await fetchValue(tensor));
  return graph.compute(values);
}

function refuseMore(outputs: readonly NamedComputedTensor[], limit: number): void {
  const bytes = outputs.reduce((total, [, { type, dimensions }]) => total + byteLengthOf(type, dimensions), 0);
  if (bytes <= limit) return;
  throw new WasiNNError(
    'too-large',
    `compute: ${bytes} bytes of outputs are more than the ${limit} that the page allows`,
  );
}
