import type { EngineKind } from '../rpc/engine-kind.js';
import { type GraphInfo, isOnDevice, type NamedClientTensor } from '../rpc/inference-client.js';
import { type Limits, refuseMore } from '../rpc/limits.js';
import type { Device } from '../standard/device.js';
import { toWasiNNError, WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphEncoding } from '../standard/graph.js';
import { matchInputs } from '../standard/match-inputs.js';
import { byteLengthOf, type TensorValue } from '../standard/tensor.js';
import type { TextProgress, TextRequest } from '../standard/text.js';
import { createClientTensors } from './client-tensors.js';
import type { Dispatcher } from './dispatcher.js';
import type { Call, Graph } from './graph.js';
import type { Graphs } from './graphs.js';
import { createTexts } from './texts.js';

/** One guest, or the page, as the hub serves it: its graphs and tensors, and what it may still ask for. */
export interface Client {
  /** @param signal gives the call up. Default: the end of the client does */
  load(
    parts: readonly Blob[],
    encoding: GraphEncoding,
    target: ExecutionTarget,
    signal?: AbortSignal,
  ): Promise<GraphInfo>;
  /** @param configuration settings for a language model, as JSON */
  loadByName(name: string, signal?: AbortSignal, configuration?: string): Promise<GraphInfo>;
  /** `device`: where the graph ran, if that is another device than the client knows. */
  compute(
    graph: number,
    inputs: readonly NamedClientTensor[],
    signal?: AbortSignal,
  ): Promise<{ readonly outputs: readonly NamedClientTensor[]; readonly device?: Device }>;
  unload(graph: number): Promise<void>;
  readTensor(tensor: number): Promise<TensorValue>;
  releaseTensor(tensor: number): void;
  startText(graph: number, request: TextRequest): Promise<number>;
  readText(text: number): Promise<TextProgress>;
  stopText(text: number): void;
  usage(): ClientUsage;
  /** Gives back all graphs and tensors. Calls that wait reject, and so do all that follow. */
  close(): void;
}

/** What a client has at the moment. */
export interface ClientUsage {
  readonly graphs: number;
  readonly calls: number;
  /** How many bytes of tensors it has on devices. */
  readonly deviceBytes: number;
}

export interface ClientOptions {
  /** The number by which it takes turns with others. */
  readonly client: number;
  readonly graphs: Graphs;
  readonly dispatchers: Readonly<Record<EngineKind, Dispatcher>>;
  readonly limits: Limits;
  /** Called whenever a call has ended. */
  onCallEnd(): void;
}

interface HeldGraph {
  readonly graph: Graph;
  /** Where the client last knew it to run. */
  knownDevice: Device;
}

export function createClient({ client, graphs, dispatchers, limits, onCallEnd }: ClientOptions): Client {
  const held = new Map<number, HeldGraph>();
  const texts = createTexts({ client, graphs, dispatcher: dispatchers.text, limits });
  const closing = new AbortController();
  const { signal } = closing;
  const tensors = createClientTensors({
    client,
    calls: graphs,
    dispatchers,
    limits,
    closed: signal,
    onRelease: onCallEnd,
  });
  let nextId = 0;
  let callsUnderWay = 0;
  let loadsUnderWay = 0;

  /** Counts a call for as long as it is under way. What it fails with gets words. */
  async function admit<Result>(
    operation: string,
    callSignal: AbortSignal,
    action: (call: Call) => Promise<Result>,
  ): Promise<Result> {
    signal.throwIfAborted();
    callSignal.throwIfAborted();
    refuseMore(operation, callsUnderWay + 1, limits.queuedCalls, 'calls at a time');
    callsUnderWay++;
    try {
      return await action({ client, came: performance.now(), signal: callSignal });
    } catch (cause) {
      throw toWasiNNError(cause, operation);
    } finally {
      callsUnderWay--;
      onCallEnd();
    }
  }

  /** Gives a graph an id, or back where the client has gone, or has given the call up, meanwhile. */
  function open(callSignal: AbortSignal, load: (call: Call) => Promise<Graph>): Promise<GraphInfo> {
    return admit('load', callSignal, async (call) => {
      refuseMore('load', held.size + loadsUnderWay + 1, limits.graphs, 'graphs at a time');
      loadsUnderWay++;
      const graph = await load(call).finally(() => {
        loadsUnderWay--;
      });
      if (signal.aborted || callSignal.aborted) {
        await graphs.release(graph, client);
        throw signal.aborted ? signal.reason : callSignal.reason;
      }
      const id = nextId++;
      const { backend, device, inputs, outputs, text } = graph;
      held.set(id, { graph, knownDevice: device });
      return { id, backend, device, inputs, outputs, ...(text && { text }) };
    });
  }

  async function compute(entry: HeldGraph, inputs: readonly NamedClientTensor[], call: Call) {
    const { graph } = entry;
    // The graph stays until this has ended.
    graph.hold.count++;
    try {
      if (graph.text) return { outputs: await texts.compute(graph, inputs, call) };
      const given = tensors.known(inputs);
      refuseMore('compute', totalBytes(given), limits.tensorBytes, 'bytes of inputs');
      const matched = matchInputs(graph.inputs, given);
      const computed = await graphs.compute(graph, tensors.computation(matched, call), call);
      const adopted = tensors.adopt(computed, call);
      if (isSameDevice(graph.device, entry.knownDevice)) return { outputs: adopted };
      entry.knownDevice = graph.device;
      return { outputs: adopted, device: graph.device };
    } finally {
      // No caller is left who could handle an error.
      graphs.release(graph, client).catch(() => undefined);
    }
  }

  return {
    load: (parts, encoding, target, callSignal = signal) =>
      open(callSignal, async (call) => {
        const bytes = parts.reduce((total, { size }) => total + size, 0);
        refuseMore('load', bytes, limits.modelBytes, 'bytes of a model');
        return graphs.load({ parts, encoding, target }, call);
      }),
    loadByName: (name, callSignal = signal, configuration) =>
      open(callSignal, (call) => graphs.loadByName(name, call, configuration)),
    compute: (id, inputs, callSignal = signal) =>
      admit('compute', callSignal, async (call) => {
        const entry = held.get(id);
        if (!entry) throw unknownGraph(id);
        return compute(entry, inputs, call);
      }),
    async unload(id) {
      const entry = held.get(id);
      held.delete(id);
      if (!entry) return;
      await graphs.release(entry.graph, client).catch((cause) => {
        throw toWasiNNError(cause, 'unload');
      });
    },
    readTensor: (id) => admit('read', signal, (call) => tensors.read(id, call)),
    releaseTensor: tensors.release,
    startText: (id, request) =>
      admit('compute', signal, async (call) => {
        const entry = held.get(id);
        if (!entry) throw unknownGraph(id);
        if (!entry.graph.text) throw new WasiNNError('invalid-argument', 'compute: the graph is no language model');
        return texts.start(entry.graph, request, call);
      }),
    readText: (id) => admit('compute', signal, (call) => texts.read(id, call)),
    stopText: (id) => texts.stop(id),
    usage: () => ({ graphs: held.size, calls: callsUnderWay, deviceBytes: tensors.bytes() }),
    close() {
      closing.abort(new WasiNNError('runtime-error', 'this guest has been disposed of: instantiate it again'));
      texts.close();
      tensors.releaseAll();
      for (const { graph } of held.values()) graphs.release(graph, client).catch(() => undefined);
      held.clear();
    },
  };
}

/** An engine posts the device with each response, so it is another object each time. */
function isSameDevice(one: Device, other: Device): boolean {
  return one.target === other.target && one.provider === other.provider && one.description === other.description;
}

function totalBytes(tensors: readonly NamedClientTensor[]): number {
  return tensors.reduce(
    (total, [, tensor]) =>
      total + (isOnDevice(tensor) ? byteLengthOf(tensor.type, tensor.dimensions) : tensor.data.byteLength),
    0,
  );
}

function unknownGraph(graph: number): WasiNNError {
  return new WasiNNError('invalid-argument', `compute: there is no graph ${graph}: it was never loaded or is unloaded`);
}
