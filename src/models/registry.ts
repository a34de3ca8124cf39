import { WasiNNError } from '../standard/error.js';
import { type ExecutionTarget, type GraphEncoding, isExecutionTarget, isGraphEncoding } from '../standard/graph.js';

/** A model that guests may load by name. */
export interface ModelOptions {
  /** Where the model is fetched from, resolved against the page. Cached: the next visit does not fetch it again. */
  readonly url?: string | URL;
  /** The model itself, instead of a `url`. Not cached. */
  readonly data?: Uint8Array<ArrayBuffer> | Blob;
  /** A backend that needs no model, instead of either. `echo` answers with the inputs that it is given: for tests. */
  readonly backend?: 'echo';
  /** The model's format. Default `autodetect`: found out from the bytes. */
  readonly encoding?: GraphEncoding;
  /** What the graph should run on, since wasi-nn's load-by-name does not say. Default `cpu`. */
  readonly target?: ExecutionTarget;
  /** Lengths for axes that the model leaves open, by the axes' names: `{ batch: 1 }`. WebNN needs all shapes fixed. */
  readonly freeDimensions?: Readonly<Record<string, number>>;
}

/** Names and what stands behind them; a bare URL is short for `{ url }`. */
export type ModelsOption = Readonly<Record<string, string | URL | ModelOptions>>;

/** Where a model's bytes come from, or the backend that needs none. */
export type ModelSource =
  | { readonly url: string }
  | { readonly data: Uint8Array<ArrayBuffer> | Blob }
  | { readonly backend: 'echo' };

/** A {@link ModelOptions} with its defaults filled in; it can be posted to a worker. */
export interface ModelEntry {
  readonly source: ModelSource;
  readonly encoding: GraphEncoding;
  readonly target: ExecutionTarget;
  readonly freeDimensions: Readonly<Record<string, number>>;
}

/** What a guest may load: exactly these names, never a URL of its own. */
export type Registry = ReadonlyMap<string, ModelEntry>;

/**
 * Checks a page's models and resolves their URLs.
 *
 * @param base the URL that relative ones are resolved against
 * @throws WasiNNError `invalid-argument` that names the entry and what is wrong with it
 */
export function createRegistry(models: ModelsOption, base: string): Registry {
  return new Map(Object.entries(models).map(([name, options]) => [name, toEntry(name, options, base)]));
}

function toEntry(name: string, options: string | URL | ModelOptions, base: string): ModelEntry {
  if (typeof options === 'string' || options instanceof URL) return toEntry(name, { url: options }, base);

  if (typeof options !== 'object' || options === null) throw invalid(name, 'it needs either a url or data');
  const { encoding = 'autodetect', target = 'cpu', freeDimensions = {} } = options;
  if (!isGraphEncoding(encoding)) throw invalid(name, `its encoding is ${JSON.stringify(encoding)}, no graph-encoding`);
  if (!isExecutionTarget(target)) throw invalid(name, `its target is ${JSON.stringify(target)}, not cpu, gpu or tpu`);
  for (const [axis, length] of Object.entries(freeDimensions)) {
    if (!Number.isSafeInteger(length) || length < 0)
      throw invalid(name, `the length of its axis "${axis}" is ${length}, not a whole number`);
  }
  return { source: toSource(name, options, base), encoding, target, freeDimensions };
}

function toSource(name: string, { url, data, backend }: ModelOptions, base: string): ModelSource {
  if (backend !== undefined) {
    if (backend !== 'echo')
      throw invalid(name, `its backend is ${JSON.stringify(backend)}; only "echo" needs no model`);
    if (url !== undefined || data !== undefined) throw invalid(name, 'its backend takes neither a url nor data');
    return { backend };
  }
  if ((url === undefined) === (data === undefined)) throw invalid(name, 'it needs either a url or data');
  if (data !== undefined) {
    if (data instanceof Uint8Array || data instanceof Blob) return { data };
    throw invalid(name, 'its data is neither a Uint8Array nor a Blob');
  }
  const resolved = URL.parse(String(url), base);
  if (!resolved) throw invalid(name, `its url ${JSON.stringify(String(url))} is no URL`);
  return { url: resolved.href };
}

function invalid(name: string, reason: string): WasiNNError {
  return new WasiNNError('invalid-argument', `models: entry ${JSON.stringify(name)}: ${reason}`);
}
