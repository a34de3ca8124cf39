import type { PageEvent } from '../hub/protocol.js';
import { type ModelsOption, toRegistryOptions } from '../models/registry.js';
import type { Awaitable } from '../rpc/awaitable.js';
import { createInferenceClient, type InferenceConnection } from '../rpc/create-inference-client.js';
import type { MeasureEvent } from '../rpc/events.js';
import type { GraphInfo, InferenceClient } from '../rpc/inference-client.js';
import { defaultLimits, type Limits, toLimits } from '../rpc/limits.js';
import { WasiNNError } from '../standard/error.js';
import type { PowerPreference, Verify } from '../standard/graph.js';
import { refuseUnknown } from '../standard/refuse-unknown.js';
import { baseURL } from './base-url.js';
import { clientUntilAborted } from './client-until-disposed.js';
import { describeEvent } from './describe-event.js';
import { dispose as disposeSymbol } from './dispose-symbols.js';
import type { FaultEvent } from './events.js';
import type { Graph } from './graph.js';
import type { GuestExports } from './guest.js';
import type { GuestInput } from './guest-source.js';
import type { Guests } from './guests.js';
import { createModelManager } from './model-manager.js';
import { createPageWorkers } from './page-workers.js';
import { toFallback, toPowerPreference, toThreads, toVerify } from './parse-options.js';
import { type RemoteHub, startHub } from './remote-hub.js';
import { type BackendsOption, resolveBackends } from './resolve-backends.js';
import type { EnvironmentOptions } from './run.js';
import { untilAborted } from './until-aborted.js';
import type { PageLoadOptions, WasiNN, WasiNNStats } from './wasi-nn-interface.js';

export interface WasiNNOptions {
  /**
   * What guests may load by name: `{ squeezenet: 'models/squeezenet.onnx' }`, or the URL of a JSON document that says
   * so. Default: nothing.
   */
  readonly models?: ModelsOption;
  /**
   * URLs that guests may load as if they were names: `https://models.example/onnx/*`, with `*` for any text in the path.
   * Default: none.
   */
  readonly allowedUrls?: readonly (string | URL)[];
  /** How many bytes of models the browser may keep; those used longest ago make room. Default 4 GiB; 0 keeps none. */
  readonly cacheBudget?: number;
  /**
   * Whether WebGPU may run on a software adapter, which is far slower than WebAssembly. Default: no, the graph falls
   * back to WebAssembly. For tests.
   */
  readonly allowSoftwareAdapter?: boolean;
  /**
   * How many threads WebAssembly gets at most, from 1 to 64. Only cross-origin isolated pages have more than one. Default: as
   * many as there are cores, up to eight.
   */
  readonly threads?: number;
  /**
   * Which GPU WebGPU and WebNN should run on where there are several: `high-performance`, or `low-power`. The browser may
   * choose another. Default `high-performance`.
   */
  readonly powerPreference?: PowerPreference;
  /**
   * Whether graphs may run elsewhere than on their execution target: on any other provider (`true`), on none (`false`;
   * a guest gets `unsupported-operation` or `security` then), or on those named. A model of the registry may say
   * otherwise for itself. Default `true`.
   */
  readonly fallback?: boolean | readonly ('webnn' | 'webgpu' | 'wasm')[];
  /**
   * When outputs of WebGPU and WebNN are compared with those of WebAssembly on the same inputs. Where they differ by more than
   * 1 % (FP16: 5 %), the graph moves to the next provider, and the guest gets the right ones. `first`: when the graph first
   * computes, and when inputs of new shapes first come; models of more than 64 MiB are left out, and so is what comes when
   * WebAssembly has worked for 2 s on the checks of a graph. `load` or `true`: also while the graph is loaded, on inputs that
   * are made up, without these limits. `false`: never. A model of the registry may say otherwise for itself. Default `first`.
   */
  readonly verify?: Verify;
  /**
   * Backends for encodings that the built-in ones do not serve, or instead of them: the URLs of modules that implement
   * `Backend`, resolved against the page: `{ tensorflowlite: new URL('./my-backend.js', import.meta.url) }`. Each is
   * loaded in an engine's worker when the first model of its encoding comes. Default: none.
   */
  readonly backends?: BackendsOption;
  /**
   * Whether calls are measured: each then is an event `measure`, and an entry `wasi-nn:load`, `wasi-nn:compute` or `wasi-nn:read`
   * of the page's performance timeline, which keeps them until they are cleared. Default: no.
   */
  readonly measure?: boolean;
  /**
   * The URL of the folder where the files of `wasi-nn-web/standalone` (`dist/standalone`) are served. Workers, runtimes
   * and WebAssembly files then come from there. Relative to the page; another origin must send CORS headers. Default: the
   * files that a bundler has found by `new URL(…, import.meta.url)`.
   */
  readonly assets?: string | URL;
  /** Called with a line of text for each event: `console.debug`. Default: nothing is logged. */
  readonly debug?: (line: string) => void;
  /** What each guest may use. Default: see {@link Limits}. */
  readonly limits?: Partial<Limits>;
}

/** The options that there are. */
const knownOptions: Readonly<Record<keyof WasiNNOptions, true>> = {
  models: true,
  allowedUrls: true,
  cacheBudget: true,
  allowSoftwareAdapter: true,
  threads: true,
  powerPreference: true,
  fallback: true,
  verify: true,
  backends: true,
  measure: true,
  assets: true,
  debug: true,
  limits: true,
};

/** wasi-nn for one page, with a way to the hub for guests that run on the page's own thread (`wasi-nn.ts`). */
export interface OpenedWasiNN {
  readonly nn: WasiNN;
  connect(): InferenceClient;
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
  refuseUnknown('createWasiNN', options, Object.keys(knownOptions));
  const {
    models = {},
    allowedUrls = [],
    cacheBudget = 4 * 2 ** 30,
    allowSoftwareAdapter = false,
    threads,
    powerPreference = 'high-performance',
    backends = {},
    limits = {},
    fallback = true,
    verify = 'first',
    measure = false,
    assets,
    debug,
  } = options;
  const registry = toRegistryOptions(models, allowedUrls, baseURL());
  const engine = {
    allowSoftwareAdapter,
    threads: toThreads(threads),
    powerPreference: toPowerPreference(powerPreference),
    verify: toVerify(verify),
    backends: resolveBackends(backends, baseURL()),
  };
  const workers = createPageWorkers(assets, baseURL());
  const allLimits = toLimits(limits);
  const policy = toFallback(fallback);
  const events = new EventTarget();
  const connections = new Set<InferenceConnection>();
  // An engine that does not start in time is replaced. Other workers are not: a page that is strict with engines spares them.
  const startMilliseconds = Math.max(allLimits.startMilliseconds, defaultLimits.startMilliseconds);
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
    hub ??= startHub({
      configuration: {
        engine,
        models: { registry: { ...registry, entries }, budget: cacheBudget },
        limits: allLimits,
        startMilliseconds,
        fallback: policy,
        measure,
      },
      workers,
      onEvent,
      onEnd: stop,
    });
    return hub;
  }

  function connect(): InferenceConnection {
    const connection = createInferenceClient(running().connect().port);
    connections.add(connection);
    return connection;
  }

  /** The connection of all graphs that the page loads for itself. */
  function own(): InferenceConnection {
    ownConnection ??= connect();
    return ownConnection;
  }

  /** Fetches the code for guests when the first of them comes. */
  async function withGuests(): Promise<Guests> {
    const { createGuests } = await import('./guests.js');
    disposed.throwIfAborted();
    guests ??= createGuests({
      workers,
      transpileMilliseconds: allLimits.transpileMilliseconds,
      startMilliseconds,
      disposed,
      connect: () => running().connect(),
      outputsMayStay: () => pageModels.outputsMayStay(),
      onFault: (error, functionName, omitted) => onEvent({ type: 'fault', functionName, error, omitted }),
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
  return { nn, connect: () => clientUntilAborted(connect(), disposed) };
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
