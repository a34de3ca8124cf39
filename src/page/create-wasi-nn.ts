import type { PageEvent } from '../hub/protocol.js';
import type { ModelsUsage } from '../models/models.js';
import { type FallbackProvider, fallbackProviders, isFallbackList } from '../models/parse-entry.js';
import { type ModelsOption, toRegistryOptions } from '../models/registry.js';
import { createInferenceClient, type InferenceConnection } from '../rpc/create-inference-client.js';
import type { EngineStats, MeasureEvent } from '../rpc/events.js';
import type { InferenceClient } from '../rpc/inference-client.js';
import { defaultLimits, type Limits, toLimits } from '../rpc/limits.js';
import type { OnFault } from '../rpc/output-batch.js';
import type { GuestSource, PreparedGuest } from '../rpc/prepared-guest.js';
import type { OutputSink } from '../rpc/program-environment.js';
import type { TranspiledGuest } from '../rpc/transpiled-guest.js';
import { supportedWaiting } from '../rpc/waiting.js';
import { isBlob, isModule, isResponse, isURL } from '../standard/brand-checks.js';
import { WasiNNError } from '../standard/error.js';
import { type ExecutionTarget, type GraphEncoding, isVerify, type Verify, verifications } from '../standard/graph.js';
import { baseURL } from './base-url.js';
import { clientUntilAborted } from './client-until-disposed.js';
import { describeEvent } from './describe-event.js';
import type { FaultEvent, WasiNNEventMap } from './events.js';
import { type Graph, toGraph } from './graph.js';
import { type Guest, type GuestExports, type StartedGuest, startGuest } from './guest.js';
import { createModelManager, type ModelManager } from './model-manager.js';
import { createPageWorkers } from './page-workers.js';
import { type RemoteHub, startHub } from './remote-hub.js';
import { createRemoteTranspiler } from './remote-transpiler.js';
import { type BackendsOption, resolveBackends } from './resolve-backends.js';
import { type EnvironmentOptions, gatherEnvironment, OutputCapture, type RunResult } from './run.js';
import { untilAborted } from './until-aborted.js';

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

/**
 * A guest: its URL (resolved against the page), a Response, a Blob, its bytes, a compiled core module, or a component
 * that was transpiled in a build step.
 */
export type GuestInput = UncompiledInput | WebAssembly.Module;

type UncompiledInput = string | URL | Response | Blob | BufferSource | TranspiledGuest;

export interface WasiNNStats extends EngineStats {
  /**
   * The execution contexts that guests have. Those of a guest on a page that is not cross-origin isolated: as of when the
   * guest last answered the page, or its thread came to its event loop.
   */
  readonly contexts: number;
  readonly cache: ModelsUsage;
}

/** How a page loads a model from its parts. */
export interface PageLoadOptions {
  /** Default `autodetect`. */
  readonly encoding?: GraphEncoding;
  /** Default `cpu`. */
  readonly target?: ExecutionTarget;
}

/** wasi-nn for one page: its engines, and the guests that use them. */
export interface WasiNN extends EventTarget {
  readonly models: ModelManager;
  /**
   * Starts a library, a component or a core module, in a worker of its own.
   *
   * @typeParam Exports the exported functions as the guest's author knows them; nothing checks that it is so
   * @throws WasiNNError where the source is no guest, or needs what is not there; its message says what
   */
  instantiate<Exports extends object = GuestExports>(
    source: GuestInput,
    options?: EnvironmentOptions,
  ): Promise<Guest<Exports>>;
  /**
   * Runs a program to its end: a component that exports `wasi:cli/run`, or a core module with `_start`.
   *
   * @throws WasiNNError as `instantiate`; GuestTrap when the program traps
   */
  run(source: GuestInput, options?: EnvironmentOptions): Promise<RunResult>;
  /**
   * Loads a registered model for the page itself, without a guest.
   *
   * @throws WasiNNError as a guest's `load-by-name`
   */
  loadByName(name: string): Promise<Graph>;
  /**
   * Loads a model from its parts, as `loadByName`.
   *
   * @param parts its files, in the order of its encoding; they are copied
   * @throws WasiNNError as a guest's `load`
   */
  load(parts: readonly (Uint8Array<ArrayBuffer> | Blob)[], options?: PageLoadOptions): Promise<Graph>;
  /** Opens a link to the engines for code on the page. */
  connect(): InferenceClient;
  /** What the engines have at the moment, and the browser's storage for models. One that is busy answers afterwards. */
  stats(): Promise<WasiNNStats>;
  /**
   * Ends all guests, the engines and downloads, for good: what is under way and every later call rejects (`connect` and
   * `models.add` throw) with a WasiNNError `runtime-error`. The removal of the page or frame does the same. Disposing twice
   * is harmless.
   */
  dispose(): void;

  addEventListener<Type extends keyof WasiNNEventMap>(
    type: Type,
    listener: (event: WasiNNEventMap[Type]) => void,
    options?: AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: AddEventListenerOptions): void;
}

/**
 * Makes wasi-nn available to guests. The engine for the CPU starts with the first of them, the one for accelerators with
 * the first graph that is meant for them.
 *
 * Relative URLs are resolved against the document's base, or in a worker against the address of its script.
 *
 * @throws WasiNNError `invalid-argument` for a model, a backend, a limit, a fallback or `assets` that is not in order,
 *   `unsupported-operation` in a place that can start no workers, such as a service worker
 */
export function createWasiNN({
  models = {},
  allowedUrls = [],
  cacheBudget = 4 * 2 ** 30,
  allowSoftwareAdapter = false,
  backends = {},
  limits = {},
  fallback = true,
  verify = 'first',
  measure = false,
  assets,
  debug,
}: WasiNNOptions = {}): WasiNN {
  refuseWithoutWorkers();
  const registry = toRegistryOptions(models, allowedUrls, baseURL());
  const engine = { allowSoftwareAdapter, verify: toVerify(verify), backends: resolveBackends(backends, baseURL()) };
  const workers = createPageWorkers(assets, baseURL());
  const allLimits = toLimits(limits);
  const policy = toFallback(fallback);
  const events = new EventTarget();
  const guests = new Set<StartedGuest<object>>();
  const connections = new Set<InferenceConnection>();
  // An engine that does not start in time is replaced. Other workers are not: a page that is strict with engines spares them.
  const startMilliseconds = Math.max(allLimits.startMilliseconds, defaultLimits.startMilliseconds);
  const transpiler = createRemoteTranspiler(workers, allLimits.transpileMilliseconds, startMilliseconds);
  const disposal = new AbortController();
  const disposed = disposal.signal;
  let hub: RemoteHub | undefined;
  let ownConnection: InferenceConnection | undefined;

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
    for (const guest of [...guests]) guest.fail(cause);
    for (const connection of connections) connection.close(cause);
    connections.clear();
    ownConnection = undefined;
  }

  function dispose(cause: WasiNNError): void {
    globalThis.removeEventListener('pagehide', onPageHide);
    // First of all: what it ends rejects with this cause.
    disposal.abort(cause);
    stop(cause);
    transpiler.dispose(cause);
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

  async function prepare(input: GuestInput, { waiting, signal }: EnvironmentOptions): Promise<PreparedGuest> {
    if (isModule(input)) return { kind: 'module', module: input };
    const source = await toGuestSource(input);
    const supported = supportedWaiting();
    return transpiler.prepare(
      source,
      { wish: waiting, supported, outputsMayStay: pageModels.outputsMayStay() },
      signal,
    );
  }

  /** Starts a guest that ends with its signal. */
  async function start<Exports extends object>(
    input: GuestInput,
    options: EnvironmentOptions,
    output: OutputSink,
  ): Promise<StartedGuest<Exports>> {
    const { signal, waiting } = options;
    const ending = signal ? AbortSignal.any([signal, disposed]) : disposed;
    ending.throwIfAborted();
    const ended = { ...options, signal: ending };
    const [prepared, environment] = await Promise.all([prepare(input, ended), gatherEnvironment(ended)]);
    ending.throwIfAborted();
    const onFault: OnFault = (error, functionName, omitted) => onEvent({ type: 'fault', functionName, error, omitted });
    const abort = () => started.fail(signal?.reason);
    const onEnd = () => {
      guests.delete(started);
      signal?.removeEventListener('abort', abort);
    };
    const connection = running().connect();
    const started = startGuest<Exports>({
      workers,
      prepared,
      connection,
      environment,
      output,
      onFault,
      waiting,
      startMilliseconds,
      onEnd,
    });
    guests.add(started);
    signal?.addEventListener('abort', abort);
    return started;
  }

  async function run(source: GuestInput, options: EnvironmentOptions): Promise<RunResult> {
    const capture = new OutputCapture();
    const program = await start(source, options, (stream, bytes) => {
      capture.take(stream, bytes);
      options[stream]?.(bytes);
    });
    try {
      const exitCode = await program.run();
      return { exitCode, stdout: capture.text('stdout'), stderr: capture.text('stderr') };
    } finally {
      program.fail(new WasiNNError('runtime-error', 'run: the program has ended'));
    }
  }

  async function stats(): Promise<WasiNNStats> {
    const [engineStats, cache] = await Promise.all([running().stats(), pageModels.models.usage()]);
    const contexts = Array.from(guests, (guest) => guest.contexts());
    return { ...engineStats, contexts: contexts.reduce((total, count) => total + count, 0), cache };
  }

  async function load(
    parts: readonly (Uint8Array<ArrayBuffer> | Blob)[],
    { encoding = 'autodetect', target = 'cpu' }: PageLoadOptions,
  ): Promise<Graph> {
    const connection = own();
    const blobs = parts.map((part) => new Blob([part]));
    return toGraph(connection, await connection.load(blobs, encoding, target), disposed);
  }

  async function loadByName(name: string): Promise<Graph> {
    const connection = own();
    return toGraph(connection, await connection.loadByName(name), disposed);
  }

  return Object.assign(events, {
    models: pageModels.models,
    instantiate: <Exports extends object = GuestExports>(source: GuestInput, options: EnvironmentOptions = {}) =>
      untilAborted(disposed, async () => {
        const { guest } = await start<Exports>(source, options, (stream, bytes) => options[stream]?.(bytes));
        return guest;
      }),
    run: (source: GuestInput, options: EnvironmentOptions = {}) => untilAborted(disposed, () => run(source, options)),
    connect: () => clientUntilAborted(connect(), disposed),
    stats: () => untilAborted(disposed, stats),
    loadByName: (name: string) => untilAborted(disposed, () => loadByName(name)),
    load: (parts: readonly (Uint8Array<ArrayBuffer> | Blob)[], options: PageLoadOptions = {}) =>
      untilAborted(disposed, () => load(parts, options)),
    dispose: () =>
      dispose(new WasiNNError('runtime-error', 'wasi-nn has been disposed of on this page: create it again')),
  });
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

function toFallback(fallback: unknown): boolean | readonly FallbackProvider[] {
  if (typeof fallback === 'boolean' || isFallbackList(fallback)) return fallback;
  const known = fallbackProviders.join(', ');
  throw new WasiNNError('invalid-argument', `fallback: expected true, false or a list of ${known}`);
}

function toVerify(verify: unknown): Verify {
  if (isVerify(verify)) return verify;
  throw new WasiNNError('invalid-argument', `verify: expected ${verifications.join(', ')}, true or false`);
}

async function toGuestSource(source: UncompiledInput): Promise<GuestSource> {
  if (typeof source === 'string' || isURL(source)) return { url: new URL(source, baseURL()).href };
  if ('glue' in source) return { transpiled: source };
  if (isResponse(source) && !source.ok) {
    throw new WasiNNError('not-found', `instantiate: ${source.url} answered ${source.status} ${source.statusText}`);
  }
  if (isResponse(source) || isBlob(source)) return { bytes: new Uint8Array(await source.arrayBuffer()) };
  const view = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  return { bytes: view.slice() };
}
