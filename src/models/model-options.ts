import type { ExecutionTarget, GraphEncoding, OutputPlace, Verify } from '../standard/graph.js';

/** How much a runtime rewrites a graph when it is loaded. */
export const graphOptimizations = ['disabled', 'basic', 'extended', 'all'] as const;

export type GraphOptimization = (typeof graphOptimizations)[number];

/** What a graph may fall back to. */
export const fallbackProviders = ['webnn', 'webgpu', 'wasm'] as const;

export type FallbackProvider = (typeof fallbackProviders)[number];

/** Whether a value is a list of providers to fall back to. */
export function isFallbackList(value: unknown): value is readonly FallbackProvider[] {
  return Array.isArray(value) && value.every((item) => fallbackProviders.some((provider) => provider === item));
}

/** A file of a model. */
export interface ModelFileOptions {
  /** Where the file is fetched from, resolved against the page, or against the document that names it. */
  readonly url?: string | URL;
  /** The same file in several places, in place of `url`: the next is tried where one fails. */
  readonly urls?: readonly (string | URL)[];
  /** The file itself, in place of a URL. Not cached. */
  readonly data?: Uint8Array<ArrayBuffer> | Blob;
  /** The SHA-256 digest of the file, as 64 hexadecimal digits. A file with another is refused and not kept. */
  readonly sha256?: string;
  /** The length of the file in bytes. A file of another is refused; a download whose server does not send it has a `total` then. */
  readonly size?: number;
  /**
   * Whether the file never changes, so that a later visit takes it from the cache without asking. Default: where
   * `sha256` is given. Others are asked for again by ETag or date, once a visit; offline the cached one serves.
   */
  readonly immutable?: boolean;
}

/** How a model is asked for. */
export interface ModelFetchOptions {
  /** Default `same-origin`. */
  readonly credentials?: RequestCredentials;
  readonly headers?: Readonly<Record<string, string>>;
  /** How often a request that failed is made again, from where it broke off, before the next URL is tried. Default 4. */
  readonly retries?: number;
  /** How long a download may bring nothing before the request is made again, in ms. Default 30,000. */
  readonly stallTimeout?: number;
  /**
   * How many bytes a second a download must bring, on average over `stallTimeout`; where it brings fewer, the request is
   * made again. Only time in which bytes are awaited counts. Default 1024; 0 for no limit.
   */
  readonly minimumRate?: number;
}

/** A model that guests may load by name. */
export interface ModelOptions extends ModelFileOptions {
  /** The files of a model that has several, in the order of its encoding; for ONNX, the model and its external data. */
  readonly parts?: readonly (string | URL | ModelFileOptions)[];
  /** A backend that needs no model, in place of any file. `echo` answers with the inputs that it is given: for tests. */
  readonly backend?: 'echo';
  /** The model's format. Default `autodetect`: found out from the bytes. */
  readonly encoding?: GraphEncoding;
  /** What the graph should run on, since wasi-nn's load-by-name does not say. Default `cpu`. */
  readonly target?: ExecutionTarget;
  /** Lengths for axes that the model leaves open, by the axes' names: `{ batch: 1 }`. WebNN needs all shapes fixed. */
  readonly freeDimensions?: Readonly<Record<string, number>>;
  /** How much the runtime rewrites the graph when it is loaded. Default `all`. */
  readonly graphOptimization?: GraphOptimization;
  /**
   * Whether the graph may run elsewhere than on its target: on any other provider, on none, or on those named. Default:
   * as the page says for all models.
   */
  readonly fallback?: boolean | readonly FallbackProvider[];
  /**
   * Whether to compute once on made-up inputs while the graph is loaded, so that the first computation need not wait for
   * shaders to be compiled. Default: no.
   */
  readonly warmup?: boolean;
  /**
   * When outputs of WebGPU and WebNN are compared with those of WebAssembly, to fall back where they differ by more than 1 %
   * (FP16: 5 %). Default: as the page says for all models.
   */
  readonly verify?: Verify;
  /**
   * `device`: outputs stay on the device that computed them until the guest asks for their bytes, and graphs on the same
   * device take them as inputs without a copy; for WebGPU and WebNN. Default `bytes`.
   */
  readonly outputs?: OutputPlace;
  readonly fetch?: ModelFetchOptions;
}

/** Names and what stands behind them; a bare URL is short for `{ url }`. */
export type ModelsTable = Readonly<Record<string, string | URL | ModelOptions>>;

/** The models of a page: a table, or the URL of a JSON document that has one (`models.schema.json`). */
export type ModelsOption = ModelsTable | string | URL;

/** A part of a model that is fetched. */
export interface RemotePart {
  readonly urls: readonly [string, ...string[]];
  readonly sha256?: string;
  readonly size?: number;
  readonly immutable: boolean;
  /** For a URL of a guest: the patterns that it matches, and that a redirect must match too. */
  readonly allowedUrls?: readonly string[];
}

/** A part of a model that the page has given. */
export interface LocalPart {
  readonly data: Uint8Array<ArrayBuffer> | Blob;
}

export type PartSource = RemotePart | LocalPart;

/** A {@link ModelOptions} that has been checked, with its defaults filled in; it can be posted to a worker. */
export interface ModelEntry {
  readonly sources: readonly PartSource[];
  /** The backend that needs none of them. */
  readonly backend?: 'echo';
  readonly encoding: GraphEncoding;
  readonly target: ExecutionTarget;
  readonly freeDimensions: Readonly<Record<string, number>>;
  readonly graphOptimization: GraphOptimization;
  readonly fallback?: boolean | readonly FallbackProvider[];
  readonly warmup?: boolean;
  readonly verify?: Verify;
  readonly outputs?: OutputPlace;
  readonly fetch: Required<ModelFetchOptions>;
}

/** What a guest may load: exactly these names, never a URL of its own. */
export type Entries = ReadonlyMap<string, ModelEntry>;
