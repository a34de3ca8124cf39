import type { NamedModels, OpenModel } from '../models/models.js';
import type { EngineLoad } from '../rpc/engine-protocol.js';
import type { FallbackPolicy } from '../standard/device.js';
import { quote, WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphEncoding } from '../standard/graph.js';
import type { PlainError } from '../standard/plain-error.js';

/** What a graph is loaded from, again in each engine. */
export type Source =
  | { readonly name: string }
  | { readonly parts: readonly Blob[]; readonly encoding: GraphEncoding; readonly target: ExecutionTarget };

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
  const bytes = model.parts.reduce((total, { byteLength }) => total + byteLength, 0);
  return { load: toLoad(model, fallback), target: model.target, parts: model.parts, bytes };
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

export function labelOf(source: Source | undefined): { readonly name?: string } {
  return source && 'name' in source ? { name: source.name } : {};
}

/** Tells which model could not be loaded, where it has a name. */
export function explain(source: Source, { code, message }: PlainError): WasiNNError {
  return new WasiNNError(code, 'name' in source ? `load-by-name: model ${quote(source.name)}: ${message}` : message);
}
