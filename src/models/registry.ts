import { isURL } from '../standard/brand-checks.js';
import { quote, WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphEncoding, OutputPlace, Verify } from '../standard/graph.js';
import { parseModelUrl, shownUrl } from './model-url.js';
import { type FallbackProvider, type GraphOptimization, parseEntry } from './parse-entry.js';
import { matchesUrlPattern, parseUrlPattern } from './url-pattern.js';

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
  /** The length of the file in bytes. A file of another is refused; downloads that do not tell it have a `total` then. */
  readonly size?: number;
  /**
   * Whether the file never changes, so that a later visit takes it from the cache without asking. Default: where
   * `sha256` is given. Others are asked for anew by ETag or date, once a visit; offline the cached one serves.
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

/** What a page says of its models, ready to be posted to the worker that looks after them. */
export interface RegistryOptions {
  readonly entries: Entries;
  /** A JSON document with more entries, as an absolute URL. */
  readonly document?: string;
  /** Patterns of URLs that guests may load as if they were names, absolute. */
  readonly allowedUrls: readonly string[];
}

/** The registry at work. */
export interface Registry {
  /**
   * @throws WasiNNError `not-found` for a name that nothing is registered under, `security` for a URL that the page
   *   does not allow; where there is a document, also what {@link fetchDocument} throws
   */
  find(name: string): Promise<ModelEntry>;
  /** All that has a name. @throws WasiNNError where there is a document that cannot be had */
  entries(): Promise<Entries>;
  /** Adds entries, or replaces those of the same names. */
  add(entries: Entries): void;
}

/**
 * Checks a page's models and resolves their URLs.
 *
 * @param base the URL that relative ones are resolved against
 * @throws WasiNNError `invalid-argument` that names the entry and what is wrong with it
 */
export function toRegistryOptions(
  models: ModelsOption,
  allowedUrls: readonly (string | URL)[],
  base: string,
): RegistryOptions {
  const common = { allowedUrls: allowedUrls.map((pattern) => parseUrlPattern(String(pattern), base)) };
  if (typeof models !== 'string' && !isURL(models)) return { entries: parseTable(models, base), ...common };

  const { href, shown, problem } = parseModelUrl(String(models), base);
  if (href !== undefined) return { entries: new Map(), document: href, ...common };
  throw new WasiNNError('invalid-argument', `models: ${shown} ${problem} of a registry document`);
}

/**
 * Checks a table of models.
 *
 * @param most how many it may have
 * @throws WasiNNError `invalid-argument`; `too-large` for more than it may have
 */
export function parseTable(models: unknown, base: string, most = Number.POSITIVE_INFINITY): Entries {
  if (typeof models !== 'object' || models === null || Array.isArray(models)) {
    throw new WasiNNError(
      'invalid-argument',
      'models: expected names with a URL or options each, or the URL of a document',
    );
  }
  const pairs = Object.entries(models);
  if (pairs.length <= most) return new Map(pairs.map(([name, options]) => [name, parseEntry(name, options, base)]));
  throw new WasiNNError(
    'too-large',
    `models: ${shownUrl(base)} has ${pairs.length} models, where a document may have ${most}: register others from code`,
  );
}

/** @param fetchDocument gets the entries of a registry document; asked again the next time where it rejects */
export function createRegistry(
  { entries, document, allowedUrls }: RegistryOptions,
  fetchDocument: (url: string) => Promise<Entries>,
): Registry {
  const own = new Map(entries);
  let fetching: Promise<Entries> | undefined;

  function documented(): Promise<Entries> {
    if (document === undefined) return Promise.resolve(new Map());
    fetching ??= fetchDocument(document).catch((cause) => {
      fetching = undefined;
      throw cause;
    });
    return fetching;
  }

  return {
    async find(name) {
      const entry = own.get(name) ?? (await documented()).get(name);
      if (entry) return entry;
      if (allowedUrls.length > 0 && URL.canParse(name)) return allowedEntry(name, allowedUrls);
      throw unknownName([...new Set([...own.keys(), ...(await documented()).keys()])], name);
    },
    entries: async () => new Map([...(await documented()), ...own]),
    add(added) {
      for (const [name, entry] of added) own.set(name, entry);
    },
  };
}

/** How many of the registered names an error text tells. */
const shownNames = 20;

function unknownName(names: readonly string[], name: string): WasiNNError {
  const known = names.slice(0, shownNames).map(quote).join(', ');
  const more = names.length > shownNames ? ` and ${names.length - shownNames} more` : '';
  return new WasiNNError(
    'not-found',
    `load-by-name: no model is registered as ${quote(name)}; ${known ? `registered are ${known}${more}` : 'the registry is empty'}`,
  );
}

/** No server takes a longer one. */
const longestUrl = 8192;

/** @throws WasiNNError `security` for a URL that is none of those allowed, or too long */
function allowedEntry(name: string, allowedUrls: readonly string[]): ModelEntry {
  const { href } = new URL(name);
  if (href.length <= longestUrl && allowedUrls.some((pattern) => matchesUrlPattern(pattern, href))) {
    const entry = parseEntry(name, href, href);
    return { ...entry, sources: [{ urls: [href], immutable: false, allowedUrls }] };
  }
  throw new WasiNNError(
    'security',
    `load-by-name: the page does not allow ${quote(name)}; allowed are ${allowedUrls.slice(0, shownNames).map(quote).join(', ')}`,
  );
}
