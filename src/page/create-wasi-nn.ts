import type { PageEvent } from '../hub/protocol.js';
import type { Awaitable } from '../rpc/awaitable.js';
import { createInferenceClient, type InferenceConnection } from '../rpc/create-inference-client.js';
import type { MeasureEvent } from '../rpc/events.js';
import type { GraphInfo, InferenceClient } from '../rpc/inference-client.js';
import type { OnFault } from '../rpc/output-batch.js';
import { WasiNNError } from '../standard/error.js';
import { clientUntilAborted } from './client-until-disposed.js';
import { describeEvent } from './describe-event.js';
import { dispose as disposeSymbol } from './dispose-symbols.js';
import type { FaultEvent } from './events.js';
import type { Graph } from './graph.js';
import type { GuestExports } from './guest-interface.js';
import type { GuestInput } from './guest-source.js';
import type { Guests } from './guests.js';
import { createModelManager } from './model-manager.js';
import { type RemoteHub, startHub } from './remote-hub.js';
import type { EnvironmentOptions } from './run.js';
import { untilAborted } from './until-aborted.js';
import type { PageLoadOptions, WasiNN, WasiNNStats } from './wasi-nn-interface.js';
import { parseWasiNNOptions, type WasiNNOptions } from './wasi-nn-options.js';

/** wasi-nn for one page, with a way to the hub for guests that run on the page's own thread (`wasi-nn.ts`). */
export interface OpenedWasiNN {
  readonly nn: WasiNN;
  connect(): InferenceClient;
  /** Reports an error that such a guest was answered with to the page. */
  readonly onFault: OnFault;
}

/**
 * Makes wasi-nn available to guests. The engine for the CPU starts with the first of them, the one for accelerators with
 * the first graph that is meant for them.
 *
 * Relative URLs are resolved against the document's base, or in a worker against the address of its script.
 *
 * @throws WasiNNError `invalid-argument` for an option that is unknown or not in order, `unsupported-operation` in a place
 *   that can start no workers, such as a service worker
 */
export function createWasiNN(options: WasiNNOptions = {}): WasiNN {
  return openWasiNN(options).nn;
}

/** @throws WasiNNError as {@link createWasiNN} */
export function openWasiNN(options: WasiNNOptions): OpenedWasiNN {
  refuseWithoutWorkers();
  const { hub: configuration, workers, debug } = parseWasiNNOptions(options);
  const { registry } = configuration.models;
  const { limits, startMilliseconds } = configuration;
  const events = new EventTarget();
  const connections = new Set<InferenceConnection>();
  const disposal = new AbortController();
  const disposed = disposal.signal;
  let hub: RemoteHub | undefined;
  let ownConnection: InferenceConnection | undefined;
  let guests: Guests | undefined;

  function onEvent(event: PageEvent | FaultEvent): void {
    if (event.type === 'measure') addToTimeline(event);
    if (event.type === 'progress') pageModels.onProgress(event);
    debug?.(describeEvent(event));
    events.dispatchEvent(new CustomEvent(event.type, { detail: event }));
  }

  const onFault: OnFault = (error, functionName, omitted) => onEvent({ type: 'fault', functionName, error, omitted });

  const pageModels = createModelManager({
    registry,
    request: (operation, signal) => running().requestModels(operation, signal),
    addToRunning(entries) {
      // What was checked before it was posted is not refused.
      hub?.requestModels({ operation: 'add', entries }).catch(() => undefined);
    },
    disposed,
  });

  /** Ends what depends on a hub that has ended. The next guest starts another hub. */
  function stop(cause: WasiNNError): void {
    hub?.terminate(cause);
    hub = undefined;
    guests?.fail(cause);
    for (const connection of connections) connection.close(cause);
    connections.clear();
    ownConnection = undefined;
  }

  function dispose(cause: WasiNNError): void {
    globalThis.removeEventListener('pagehide', onPageHide);
    // First of all: what it ends rejects with this cause.
    disposal.abort(cause);
    stop(cause);
    guests?.dispose(cause);
  }

  /** A frame that is removed takes its workers along without a word. Its callers may be in other frames. */
  function onPageHide({ persisted }: PageTransitionEvent): void {
    if (!persisted) dispose(new WasiNNError('runtime-error', 'the page that wasi-nn was created in is gone'));
  }

  globalThis.addEventListener('pagehide', onPageHide);

  function running(): RemoteHub {
    disposed.throwIfAborted();
    const entries = pageModels.entries();
    const models = { ...configuration.models, registry: { ...registry, entries } };
    hub ??= startHub({ configuration: { ...configuration, models }, workers, onEvent, onEnd: stop });
    return hub;
  }

  function connect(): InferenceConnection {
    running().startEngine();
    const connection = createInferenceClient(running().connect().port);
    connections.add(connection);
    return connection;
  }

  /** The connection of all graphs that the page loads for itself. */
  function own(): InferenceConnection {
    ownConnection ??= connect();
    return ownConnection;
  }

  /** Fetches the code for guests when the first of them comes. The hub starts meanwhile. */
  async function withGuests(): Promise<Guests> {
    running();
    const { createGuests } = await import('./guests.js');
    disposed.throwIfAborted();
    guests ??= createGuests({
      workers,
      transpileMilliseconds: limits.transpileMilliseconds,
      startMilliseconds,
      disposed,
      startEngine: () => running().startEngine(),
      connect: (mailbox) => running().connect(mailbox),
      outputsMayStay: () => pageModels.outputsMayStay(),
      onFault,
    });
    return guests;
  }

  async function stats(): Promise<WasiNNStats> {
    const [engineStats, cache] = await Promise.all([running().stats(), pageModels.models.usage()]);
    return { ...engineStats, contexts: guests?.contexts() ?? 0, cache };
  }

  /** Fetches the code for graphs when the first of them comes. */
  async function openGraph(load: (connection: InferenceConnection) => Awaitable<GraphInfo>): Promise<Graph> {
    const connection = own();
    const [{ toGraph }, loaded] = await Promise.all([import('./graph.js'), load(connection)]);
    return toGraph(connection, loaded, disposed);
  }

  function load(
    parts: readonly (Uint8Array<ArrayBuffer> | Blob)[],
    { encoding = 'autodetect', target = 'cpu', signal }: PageLoadOptions,
  ): Promise<Graph> {
    const blobs = parts.map((part) => new Blob([part]));
    return openGraph((connection) => connection.load(blobs, encoding, target, { signal }));
  }

  const end = () =>
    dispose(new WasiNNError('runtime-error', 'wasi-nn has been disposed of on this page: create it again'));

  const nn: WasiNN = Object.assign(events, {
    models: pageModels.models,
    instantiate: <Exports extends object = GuestExports>(source: GuestInput, options: EnvironmentOptions = {}) =>
      untilAborted(disposed, async () => (await withGuests()).instantiate<Exports>(source, options)),
    run: (source: GuestInput, options: EnvironmentOptions = {}) =>
      untilAborted(disposed, async () => (await withGuests()).run(source, options)),
    stats: () => untilAborted(disposed, stats),
    loadByName: (name: string, options: { readonly signal?: AbortSignal } = {}) =>
      untilAborted(disposed, () => openGraph((connection) => connection.loadByName(name, options))),
    load: (parts: readonly (Uint8Array<ArrayBuffer> | Blob)[], options: PageLoadOptions = {}) =>
      untilAborted(disposed, async () => load(parts, options)),
    dispose: end,
    [disposeSymbol]: end,
  });
  return { nn, connect: () => clientUntilAborted(connect(), disposed), onFault };
}

/** Servers have no `location`, Node and service workers no `Worker`. Workers have both, except in old browsers. */
function refuseWithoutWorkers(): void {
  if (typeof Worker === 'function' && typeof location === 'object') return;
  const explanation =
    'createWasiNN: workers cannot be started here: call it in a page, a frame or a dedicated worker of a browser; code that a server runs too may import wasi-nn-web, but must call createWasiNN in the browser alone';
  throw new WasiNNError('unsupported-operation', explanation);
}

/** The engine's clock may have started at another time than the page's. */
function addToTimeline({ operation, start, milliseconds, ...detail }: MeasureEvent): void {
  const timing = { start: start - performance.timeOrigin, duration: milliseconds, detail };
  performance.measure(`wasi-nn:${operation}`, timing);
}
