import type { HubConfiguration } from '../hub/protocol.js';
import { type ModelsOption, toRegistryOptions } from '../models/registry.js';
import { defaultLimits, type Limits, toLimits } from '../rpc/limits.js';
import type { PowerPreference, Verify } from '../standard/graph.js';
import { refuseUnknown } from '../standard/refuse-unknown.js';
import { baseURL } from './base-url.js';
import { createPageWorkers, type PageWorkers } from './page-workers.js';
import { toFallback, toPowerPreference, toThreads, toVerify } from './parse-options.js';
import { type BackendsOption, resolveBackends } from './resolve-backends.js';

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

/** The options as the threads take them. */
export interface ParsedOptions {
  readonly hub: Omit<HubConfiguration, 'workerLock'>;
  readonly workers: PageWorkers;
  readonly debug: WasiNNOptions['debug'];
}

/** @throws WasiNNError `invalid-argument` for an option that is unknown or not in order */
export function parseWasiNNOptions(options: WasiNNOptions): ParsedOptions {
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
  const hub = {
    engine,
    models: { registry, budget: cacheBudget },
    limits: allLimits,
    // An engine that does not start in time is replaced. Other workers are not, so a low limit for engines does not hold for them.
    startMilliseconds: Math.max(allLimits.startMilliseconds, defaultLimits.startMilliseconds),
    fallback: toFallback(fallback),
    measure,
  };
  return { hub, workers, debug };
}
