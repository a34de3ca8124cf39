import type { NamedModels, OpenModel } from '../models/models.js';
import type { EngineLoad } from '../rpc/engine-protocol.js';
import type { FallbackPolicy } from '../standard/device.js';
import { quote, WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { PlainError } from '../standard/plain-error.js';
import { isLanguageModel } from './language-model.js';

/** What a graph is loaded from, again in each engine. */
export type Source =
  | NamedSource
  | { readonly parts: readonly Blob[]; readonly encoding: GraphEncoding; readonly target: ExecutionTarget };

export interface NamedSource {
  readonly name: string;
  /** Settings for a language model, as JSON. */
  readonly configuration?: string | undefined;
}

/** How a graph is loaded. */
export interface Loadable {
  readonly load: Omit<EngineLoad, 'graph' | 'parts'>;
  readonly target: ExecutionTarget;
  /** The files, until they are transferred to an engine. */
  parts: EngineLoad['parts'] | undefined;
  /** How many bytes all files have. */
  readonly bytes: number;
}

/** Fetches what a graph is loaded from. A name is looked up each time, so an engine's end costs a guest no model. */
export async function openSource(
  source: Source,
  models: NamedModels,
  fallback: FallbackPolicy,
  signal: AbortSignal,
): Promise<Loadable> {
  if ('parts' in source) {
    const { parts, encoding, target } = source;
    const bytes = parts.reduce((total, { size }) => total + size, 0);
    return { load: { encoding, options: { target, fallback } }, target, parts, bytes };
  }
  const model = await models.open(source.name, signal);
  const load = toLoad(model, fallback);
  const parts = await configure(load, model.parts, source.configuration);
  const bytes = parts.reduce((total, { byteLength }) => total + byteLength, 0);
  return { load, target: model.target, parts, bytes };
}

/** The options of the registry, with the defaults of the page. */
function toLoad(model: OpenModel, fallback: FallbackPolicy): Loadable['load'] {
  const { encoding, backend, files, target, freeDimensions, graphOptimization } = model;
  const { warmup = false, verify, outputs = 'bytes' } = model;
  return {
    encoding,
    ...(backend !== undefined && { backend }),
    ...(files && { files }),
    options: {
      target,
      fallback: model.fallback ?? fallback,
      warmup,
      ...(verify !== undefined && { verify }),
      outputs,
      ...(freeDimensions && { freeDimensions }),
      ...(graphOptimization && { graphOptimization }),
    },
  };
}

/** A language model's settings are its last part, as in WasmEdge. */
async function configure(
  load: Loadable['load'],
  parts: readonly GraphBuilder[],
  configuration: string | undefined,
): Promise<readonly GraphBuilder[]> {
  if (!configuration || !(await isLanguageModel(load, parts))) return parts;
  return [...parts, new TextEncoder().encode(configuration)];
}

/** Clients share a graph that they load by the same name with the same settings. */
export function keyOf({ name, configuration = '' }: NamedSource): string {
  return JSON.stringify([name, configuration]);
}

export function labelOf(source: Source | undefined): { readonly name?: string } {
  return source && 'name' in source ? { name: source.name } : {};
}

/** Names the model that could not be loaded, where it has a name. */
export function explain(source: Source, { code, message }: PlainError): WasiNNError {
  return new WasiNNError(code, 'name' in source ? `load-by-name: model ${quote(source.name)}: ${message}` : message);
}
