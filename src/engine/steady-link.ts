import type { Device } from '../backends/backend.js';
import { isBlob } from '../standard/brand-checks.js';
import { WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphEncoding } from '../standard/graph.js';
import type { TensorValue } from '../standard/tensor.js';
import { type Awaitable, andThen, orElse } from './awaitable.js';
import { createBlockingLink, createWaitingPlace } from './blocking-link.js';
import { unknownGraph, unknownTensor } from './calls.js';
import { canAccelerate, type Lane, laneOf, lanes } from './lanes.js';
import {
  type EngineLink,
  type GraphInfo,
  isResident,
  type LinkTensor,
  type NamedLinkTensor,
  type RemoteLink,
} from './link.js';
import { EngineLost, lossOf } from './loss.js';
import { createMessageLink, type MessageLink } from './message-link.js';
import {
  isLossMessage,
  isTargetAnswer,
  type Move,
  type OpenMessage,
  type SpareMessage,
  type UnansweredMessage,
} from './protocol.js';
import { createBlockingTargetQuestions, createTargetQuestions } from './target-question.js';

/** Captured: the worker of a guest loses them before guest code runs (`guest/confine.ts`). */
const { Blob, MessageChannel } = globalThis;

/** What a graph was loaded from. */
type Source =
  | { readonly parts: readonly Blob[]; readonly encoding: GraphEncoding; readonly target: ExecutionTarget }
  | { readonly name: string };

/** A graph of the guest, and where it is loaded now, if it is. */
interface Entry {
  readonly source: Source;
  readonly lane: Lane;
  place: Place | undefined;
  /** Where it was last known to run. */
  device: Device;
}

interface Place {
  readonly link: RemoteLink;
  readonly id: Awaitable<number>;
}

/** A tensor on a device: the link to its engine, and the number that the engine has for it. */
interface Residence {
  readonly link: RemoteLink;
  readonly resident: number;
}

/** How often a call is made again when engine after engine is lost under it. */
const maximumAttempts = 5;

/** Inputs up to this many bytes are copied, so that a computation can be made again. A copy takes about 0.2 ms per MiB. */
const copiedBytes = 16 << 20;

/** A link that outlives its engines. */
export interface SteadyLink extends EngineLink {
  /** Rejects every call that is under way, and all that follow. For links whose answers are promises. */
  fail(cause: WasiNNError): void;
}

/** The link of a guest that can be suspended, or of the page. Answers are promises. */
export function createSteadyMessageLink(line: MessagePort): SteadyLink {
  const links = new Map<Lane, MessageLink>();
  const questions = createTargetQuestions(line);

  line.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (isTargetAnswer(data)) questions.take(data);
    if (!isLossMessage(data)) return;
    links.get(data.lane)?.fail((call) => lossOf(call, data.failed));
    links.delete(data.lane);
  };

  function open(lane: Lane): MessageLink {
    const known = links.get(lane);
    if (known) return known;
    const { port1, port2 } = new MessageChannel();
    const link: MessageLink = createMessageLink(port1, {
      onUnanswered: () => post(line, { unanswered: lane }),
      onMoved: (move) => steady.takeMove(link, move),
    });
    links.set(lane, link);
    post(line, { lane, port: port2 });
    return link;
  }

  const steady = keepSteady({ open, targetOf: questions.ask, refuse: (cause) => Promise.reject(cause) });

  return {
    ...steady.link,
    fail(cause) {
      questions.fail(cause);
      for (const lane of lanes) open(lane).fail(() => cause);
      line.close();
    },
  };
}

/** How many engines may be lost, both lanes together, while a guest's thread does not come to its event loop once. */
const spareCount = 8;

/**
 * The link of a guest whose thread blocks. Answers are values.
 *
 * Its ports are made ahead: in Firefox what is posted to a new port leaves only when the thread has come back to its
 * event loop, which one that blocks does not.
 */
export async function createSteadyBlockingLink(line: MessagePort): Promise<EngineLink> {
  const links = new Map<Lane, RemoteLink>();
  const spares = Array.from({ length: spareCount }, () => prepare(line));
  await Promise.all(spares.map(({ connected }) => connected));

  function open(lane: Lane): RemoteLink {
    const known = links.get(lane);
    if (known) return known;
    spares.push(prepare(line));
    const { port } = spares.shift() ?? prepare(line);
    const waitingPlace = createWaitingPlace();
    const link = createBlockingLink(port, waitingPlace, {
      onLost() {
        // One that was lost before tells of it with every call.
        if (links.get(lane) === link) links.delete(lane);
      },
      onUnanswered: () => post(line, { unanswered: lane }),
    });
    links.set(lane, link);
    post(line, { lane, waitingPlace });
    return link;
  }

  open('cpu');
  return keepSteady({
    open,
    targetOf: createBlockingTargetQuestions(line),
    refuse(cause) {
      throw cause;
    },
  }).link;
}

interface Spare {
  readonly port: MessagePort;
  /** Resolves when what is posted to the port leaves at once. */
  readonly connected: Promise<void>;
}

/** Makes a port, whose other end the page keeps for an engine to come. */
function prepare(line: MessagePort): Spare {
  const { port1, port2 } = new MessageChannel();
  const connected = new Promise<void>((resolve) => {
    port1.onmessage = () => resolve();
  });
  const message: SpareMessage = { spare: port2 };
  line.postMessage(message, [port2]);
  return { port: port1, connected };
}

function post(line: MessagePort, message: OpenMessage | UnansweredMessage): void {
  line.postMessage(message, 'port' in message ? [message.port] : []);
}

/** What the two kinds of links differ in. */
interface LinkSource {
  /** Gives the link to the engine that is there now for a lane. */
  open(lane: Lane): RemoteLink;
  /** What a registered model is meant for. */
  targetOf(name: string): Awaitable<ExecutionTarget>;
  /** Fails as answers of these links do. */
  refuse(cause: WasiNNError): Awaitable<never>;
}

interface SteadyGraphs {
  readonly link: EngineLink;
  /** A graph was computed on another device than before, in the engine that a link leads to. */
  takeMove(link: RemoteLink, move: Move): void;
}

/**
 * Makes a link of links that come and go with their engines. It remembers what its graphs were loaded from, and loads
 * them anew when they are next computed; calls that only waited when their engine was lost are made again.
 */
function keepSteady({ open, targetOf, refuse }: LinkSource): SteadyGraphs {
  const graphs = new Map<number, Entry>();
  const residences = new Map<number, Residence>();
  let nextId = 0;

  /** Tries until an engine lives long enough; `attempt` counts from 0. */
  function persist<Result>(action: (attempt: number) => Awaitable<Result>, attempt = 0): Awaitable<Result> {
    return orElse(
      () => action(attempt),
      (cause) => {
        if (cause instanceof EngineLost && attempt + 1 < maximumAttempts) return persist(action, attempt + 1);
        throw cause;
      },
    );
  }

  /** Loads a graph in a lane, which stays the graph's own. */
  function loadIn(
    lane: Lane,
    source: Source,
    action: (link: RemoteLink, attempt: number) => Awaitable<GraphInfo>,
  ): Awaitable<GraphInfo> {
    return persist((attempt) => {
      const link = open(lane);
      return andThen(action(link, attempt), ({ id, device, ...info }) => {
        const own = nextId++;
        const entry: Entry = { source, lane, place: { link, id }, device };
        graphs.set(own, entry);
        const known = {
          ...info,
          id: own,
          get device() {
            return entry.device;
          },
        };
        return known;
      });
    });
  }

  /** The lane of a registered model. Where there is only one, nobody need be asked. */
  function laneOfModel(name: string): Awaitable<Lane> {
    return canAccelerate() ? andThen(targetOf(name), laneOf) : 'cpu';
  }

  /** Where a graph is, in the engine that is there now. */
  function placeOf(entry: Entry): Place {
    const link = open(entry.lane);
    if (entry.place?.link === link) return entry.place;
    const forget = (cause: unknown): never => {
      entry.place = undefined;
      throw cause;
    };
    const loading = orElse(() => loadFrom(link, entry.source), forget);
    const id = andThen(loading, (info) => {
      entry.device = info.device;
      return info.id;
    });
    const place = { link, id };
    entry.place = place;
    return place;
  }

  /** Gives an output that is on a device a number of its own. */
  function adopt([name, tensor]: NamedLinkTensor, link: RemoteLink): NamedLinkTensor {
    if (!isResident(tensor)) return [name, tensor];
    const { type, dimensions, resident } = tensor;
    const own = nextId++;
    residences.set(own, { link, resident });
    return [name, { type, dimensions, resident: own }];
  }

  /** Has tensors where a graph can take them: those that another engine has come by their values. */
  function bring(tensors: readonly NamedLinkTensor[], link: RemoteLink): Awaitable<readonly NamedLinkTensor[]> {
    return tensors.reduce<Awaitable<readonly NamedLinkTensor[]>>((brought, [name, tensor]) => {
      return andThen(brought, (others) => andThen(bringOne(tensor, link), (one) => [...others, [name, one]]));
    }, []);
  }

  function bringOne(tensor: LinkTensor, link: RemoteLink): Awaitable<LinkTensor> {
    const residence = isResident(tensor) ? residences.get(tensor.resident) : undefined;
    if (!residence) return tensor;
    return residence.link === link ? { ...tensor, resident: residence.resident } : read(residence);
  }

  const link: EngineLink = {
    load(parts, encoding, target) {
      // Blobs are not held in this thread's memory.
      const kept = parts.map((part) => (isBlob(part) ? part : new Blob([part])));
      return loadIn(laneOf(target), { parts: kept, encoding, target }, (link, attempt) =>
        link.load(attempt === 0 ? parts : kept, encoding, target),
      );
    },

    loadByName: (name) => andThen(laneOfModel(name), (lane) => loadIn(lane, { name }, (link) => link.loadByName(name))),

    compute(graph, inputs) {
      const entry = graphs.get(graph);
      if (!entry) return refuse(unknownGraph(graph));
      const stray = inputs.find(([, tensor]) => isResident(tensor) && !residences.has(tensor.resident));
      if (stray && isResident(stray[1])) return refuse(unknownTensor(stray[1].resident));
      const kept = totalBytes(inputs) <= copiedBytes ? inputs.map(copy) : undefined;
      let given = false;
      return persist(() => {
        const { link, id } = placeOf(entry);
        return andThen(id, (id) => {
          if (given && !kept) throw tooLargeToRepeat();
          const tensors = given && kept ? kept.map(copy) : inputs;
          given = true;
          return andThen(bring(tensors, link), (there) =>
            andThen(link.compute(id, there), (outputs) => outputs.map((output) => adopt(output, link))),
          );
        });
      });
    },

    unload(graph) {
      const place = graphs.get(graph)?.place;
      graphs.delete(graph);
      if (!place) return undefined;
      return orElse(() => andThen(place.id, (id) => place.link.unload(id)), ignoreLoss);
    },

    readTensor(own) {
      const residence = residences.get(own);
      return residence ? read(residence) : refuse(unknownTensor(own));
    },

    releaseTensor(own) {
      const residence = residences.get(own);
      residences.delete(own);
      return residence && orElse(() => residence.link.releaseTensor(residence.resident), ignoreLoss);
    },
  };

  return {
    link,
    takeMove(from, { graph, device }) {
      for (const entry of graphs.values()) {
        const { place } = entry;
        if (place?.link !== from) continue;
        const compare = (id: number) => {
          if (id === graph) entry.device = device;
        };
        void orElse(
          () => andThen(place.id, compare),
          () => undefined,
        );
      }
    },
  };
}

function loadFrom(link: RemoteLink, source: Source): Awaitable<GraphInfo> {
  if ('name' in source) return link.loadByName(source.name);
  return link.load(source.parts, source.encoding, source.target);
}

function ignoreLoss(cause: unknown): undefined {
  if (!(cause instanceof EngineLost)) throw cause;
}

/** A tensor on a device went with the engine that had it. */
function read({ link, resident }: Residence): Awaitable<TensorValue> {
  return orElse(
    () => link.readTensor(resident),
    (cause) => {
      throw cause instanceof EngineLost ? tensorLost() : cause;
    },
  );
}

function totalBytes(tensors: readonly NamedLinkTensor[]): number {
  return tensors.reduce((total, [, tensor]) => total + (isResident(tensor) ? 0 : tensor.data.byteLength), 0);
}

function copy([name, tensor]: NamedLinkTensor): NamedLinkTensor {
  return [name, isResident(tensor) ? tensor : { ...tensor, data: tensor.data.slice() }];
}

function tensorLost(): WasiNNError {
  return new WasiNNError(
    'runtime-error',
    'a tensor that had stayed on a device is lost, since its engine was replaced: compute it again',
  );
}

function tooLargeToRepeat(): WasiNNError {
  return new WasiNNError(
    'runtime-error',
    `compute: the engine was replaced while this call waited, and its inputs are more than the ${copiedBytes} bytes that are kept: call again`,
  );
}
