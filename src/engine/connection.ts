import type { BackendGraph, Caller, Device } from '../backends/backend.js';
import {
  type ComputedTensor,
  discard,
  fetchAll,
  fetchValue,
  isDeviceTensor,
  type NamedComputedTensor,
} from '../backends/device-tensor.js';
import { toWasiNNError, WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding } from '../standard/graph.js';
import { byteLengthOf, type NamedTensor, type TensorValue } from '../standard/tensor.js';
import { unknownGraph } from './calls.js';
import { matchInputs } from './inputs.js';
import { type Limits, refuseMore } from './limits.js';
import { type GraphInfo, isResident, type NamedLinkTensor } from './link.js';
import { createResidents } from './residents.js';
import type { TurnKind, TurnRecorder } from './turns.js';

/**
 * The direct link: same thread, answers are promises. `call` is the guest's number for a call, by which it can be told
 * that this was the one that took too long or broke the engine.
 */
export interface EngineConnection {
  load(
    parts: readonly GraphBuilder[],
    encoding: GraphEncoding,
    target: ExecutionTarget,
    call?: number,
  ): Promise<GraphInfo>;
  loadByName(name: string, call?: number): Promise<GraphInfo>;
  compute(graph: number, inputs: readonly NamedLinkTensor[], call?: number): Promise<readonly NamedLinkTensor[]>;
  unload(graph: number): Promise<void>;
  /** Where a graph runs now; nothing for an unknown id. */
  deviceOf(graph: number): Device | undefined;
  readTensor(resident: number, call?: number): Promise<TensorValue>;
  releaseTensor(resident: number): Promise<void>;
  /** Gives back all graphs and tensors of the guest; calls that come later fail, and so do those that have no turn yet. */
  close(): Promise<void>;
}

/** What a guest has at the moment. */
export interface GuestUsage {
  readonly graphs: number;
  readonly calls: number;
  /** How many bytes of tensors it has on devices. */
  readonly deviceBytes: number;
}

export interface OpenConnection extends EngineConnection {
  usage(): GuestUsage;
}

/** How long a call took, in ms: all of it, and how much of that it waited for its turn. */
export interface Timing {
  readonly operation: TurnKind;
  readonly name?: string;
  /** When the call came, in ms since 1970. */
  readonly start: number;
  readonly milliseconds: number;
  readonly waited: number;
}

export interface LoadedGraph {
  /** The name it was loaded by. */
  readonly name?: string;
  readonly backend: string;
  readonly graph: BackendGraph;
  /** Makes a caller whose turns are known to be the graph's. */
  charge(caller: Caller): Caller;
  dispose(): Promise<void>;
}

/** One handle's hold on a graph, which may be shared with others. */
export interface Hold extends Omit<LoadedGraph, 'dispose'> {
  release(): Promise<void>;
}

export interface Loader {
  load(parts: readonly GraphBuilder[], encoding: GraphEncoding, target: ExecutionTarget, caller: Caller): Promise<Hold>;
  /** @param gone is aborted when the guest has gone; what only it waits for need not be fetched any more */
  loadByName(name: string, caller: Caller, gone: AbortSignal): Promise<Hold>;
}

export interface ConnectionOptions {
  readonly guest: number;
  readonly loader: Loader;
  readonly limits: Limits;
  readonly turns: TurnRecorder;
  /** Told of each turn that has ended. Default: nobody is, and nothing is measured. */
  readonly onTiming?: ((timing: Timing) => void) | undefined;
  onCallEnd(): void;
}

/** A graph of the guest, and what is computed on it. */
interface Entry {
  readonly hold: Hold;
  computations: number;
  /** Called when the last of them has ended. */
  onIdle?: () => void;
}

/** For calls whose number nobody asked for. */
const unnumbered = -1;

/** Opens the link of one guest: what it has loaded, and what it may still ask for. */
export function connect({ guest, loader, limits, turns, onTiming, onCallEnd }: ConnectionOptions): OpenConnection {
  const entries = new Map<number, Entry>();
  const residents = createResidents(limits.deviceBytes);
  let nextId = 0;
  let callsUnderWay = 0;
  let loadsUnderWay = 0;
  const closed = new AbortController();

  function callerOf(kind: TurnKind, call: number, label: { readonly name?: string } = {}): Caller {
    const came = performance.now();
    return {
      guest,
      begin(part) {
        // A load may be shared with guests that are still there.
        if (kind !== 'load') closed.signal.throwIfAborted();
        const operation = part ?? kind;
        const end = turns.begin(operation, guest, call);
        if (!onTiming) return end;
        const waited = performance.now() - came;
        return () => {
          end();
          const start = performance.timeOrigin + came;
          onTiming({ operation, ...label, start, milliseconds: performance.now() - came, waited });
        };
      },
    };
  }

  /** Counts a call for as long as it is under way; what it fails with gets words. */
  async function admit<Result>(operation: TurnKind, action: () => Promise<Result>): Promise<Result> {
    closed.signal.throwIfAborted();
    refuseMore(operation, callsUnderWay + 1, limits.queuedCalls, 'calls at a time');
    callsUnderWay++;
    try {
      return await action();
    } catch (cause) {
      throw toWasiNNError(cause, operation);
    } finally {
      callsUnderWay--;
      onCallEnd();
    }
  }

  /** Gives a graph an id, or back where the guest has gone meanwhile. */
  function open(load: () => Promise<Hold>): Promise<GraphInfo> {
    return admit('load', async () => {
      refuseMore('load', entries.size + loadsUnderWay + 1, limits.graphs, 'graphs at a time');
      loadsUnderWay++;
      const hold = await load().finally(() => {
        loadsUnderWay--;
      });
      if (closed.signal.aborted) {
        await hold.release();
        throw closed.signal.reason;
      }
      const id = nextId++;
      entries.set(id, { hold, computations: 0 });
      const { device, inputs, outputs } = hold.graph;
      return { id, backend: hold.backend, device, inputs, outputs };
    });
  }

  /** What is computed on a graph is awaited first. */
  async function release(entry: Entry): Promise<void> {
    if (entry.computations > 0) {
      await new Promise<void>((resolve) => {
        entry.onIdle = resolve;
      });
    }
    await entry.hold.release();
  }

  async function compute(
    entry: Entry,
    inputs: readonly NamedLinkTensor[],
    call: number,
  ): Promise<readonly NamedLinkTensor[]> {
    const { graph, name, charge } = entry.hold;
    const caller = charge(callerOf('compute', call, name === undefined ? {} : { name }));
    entry.computations++;
    try {
      return await residents.use(inputs, async (given) => {
        refuseMore('compute', totalBytes(given), limits.tensorBytes, 'bytes of inputs');
        const matched = matchInputs(graph.inputs, given);
        const outputs = await (graph.computeOnDevice?.(matched, caller) ?? computeOnBytes(graph, matched, caller));
        return keep(outputs, call);
      });
    } finally {
      entry.computations--;
      if (entry.computations === 0) entry.onIdle?.();
    }
  }

  /** Lets outputs stay that are on a device, as far as there is room. Of what fails nothing stays. */
  async function keep(outputs: readonly NamedComputedTensor[], call: number): Promise<readonly NamedLinkTensor[]> {
    const bytes = totalBytes(outputs);
    if (bytes > limits.tensorBytes) await discard(outputs);
    refuseMore('compute', bytes, limits.tensorBytes, 'bytes of outputs');
    if (outputs.every(isValue)) return outputs;
    const keeping = outputs.map(async ([name, tensor]): Promise<NamedLinkTensor[]> => {
      const kept = isDeviceTensor(tensor) ? residents.add(tensor) : tensor;
      return kept ? [[name, kept]] : fetchAll([[name, tensor]], callerOf('read', call));
    });
    const answers = await Promise.allSettled(keeping);
    const kept = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const failure = answers.find((answer) => answer.status === 'rejected');
    if (!failure) return kept;
    await Promise.allSettled(kept.map(([, tensor]) => isResident(tensor) && residents.release(tensor.resident)));
    throw failure.reason;
  }

  return {
    load: (parts, encoding, target, call = unnumbered) =>
      open(async () => {
        const bytes = parts.reduce((total, { byteLength }) => total + byteLength, 0);
        refuseMore('load', bytes, limits.modelBytes, 'bytes of a model');
        return loader.load(parts, encoding, target, callerOf('load', call));
      }),
    loadByName: (name, call = unnumbered) =>
      open(() => loader.loadByName(name, callerOf('load', call, { name }), closed.signal)),
    compute: (id, inputs, call = unnumbered) =>
      admit('compute', () => {
        const entry = entries.get(id);
        if (!entry) throw unknownGraph(id);
        return compute(entry, inputs, call);
      }),
    async unload(id) {
      const entry = entries.get(id);
      entries.delete(id);
      if (entry) await release(entry).catch(explain('unload'));
    },
    deviceOf: (id) => entries.get(id)?.hold.graph.device,
    readTensor: (resident, call = unnumbered) => admit('read', () => residents.read(resident, callerOf('read', call))),
    async releaseTensor(resident) {
      // It may have to wait for its turn, which is no matter of the guest any more; nor is it whether it succeeds.
      const ignore = () => undefined;
      void residents.release(resident).catch(ignore).finally(onCallEnd);
    },
    usage: () => ({ graphs: entries.size, calls: callsUnderWay, deviceBytes: residents.byteLength }),
    async close() {
      closed.abort(disposed());
      const left = [...entries.values()];
      entries.clear();
      // Tensors first: a graph that goes would bring what it has on its device to memory.
      await Promise.all([residents.close(), ...left.map(release)]);
    },
  };
}

/** For a backend that has no devices. */
async function computeOnBytes(
  graph: BackendGraph,
  inputs: ReadonlyMap<string, ComputedTensor>,
  caller: Caller,
): Promise<readonly NamedComputedTensor[]> {
  const values = new Map<string, TensorValue>();
  for (const [name, tensor] of inputs) values.set(name, await fetchValue(tensor, caller));
  return graph.compute(values, caller);
}

function isValue(output: NamedComputedTensor): output is NamedTensor {
  return !isDeviceTensor(output[1]);
}

function totalBytes(tensors: readonly NamedComputedTensor[]): number {
  const bytesOf = (tensor: ComputedTensor) =>
    isDeviceTensor(tensor) ? byteLengthOf(tensor.type, tensor.dimensions) : tensor.data.byteLength;
  return tensors.reduce((total, [, tensor]) => total + bytesOf(tensor), 0);
}

/** What a backend throws may be anything, bare numbers included. */
function explain(operation: string): (cause: unknown) => never {
  return (cause) => {
    throw toWasiNNError(cause, operation);
  };
}

function disposed(): WasiNNError {
  return new WasiNNError('runtime-error', 'this guest has been disposed of: instantiate it again');
}
