import type { NamedModels } from '../models/models.js';
import { isLoadResult } from '../rpc/engine-protocol.js';
import type { HubEvent } from '../rpc/events.js';
import { isBlob } from '../standard/brand-checks.js';
import type { Device, FallbackStep, ProviderAbort } from '../standard/device.js';
import { WasiNNError } from '../standard/error.js';
import type { ExecutionTarget } from '../standard/graph.js';
import type { EngineCalls } from './engine-calls.js';
import type { EngineProcess } from './engine-process.js';
import type { Findings, Graph } from './graph.js';
import { explain, type Loadable, labelOf, type Source } from './graph-source.js';
import type { HeapWatch } from './heap-watch.js';
import { createKnownAborts } from './known-aborts.js';

export interface GraphLoaderOptions {
  readonly calls: EngineCalls;
  readonly models: NamedModels;
  readonly heapWatch: HeapWatch;
  onEvent(event: HubEvent): void;
}

/** Loads graphs into engines, and keeps what engines find out of them. */
export function createGraphLoader({ calls, models, heapWatch, onEvent }: GraphLoaderOptions) {
  const knownAborts = createKnownAborts();

  /**
   * Loads into an engine, which is the job's.
   *
   * @returns nothing where another engine is to load it: the model has made the runtime abort, or only WebAssembly is left
   */
  async function loadInto(
    engine: EngineProcess,
    { id, source, kind, findings, device: before }: Pick<Graph, 'id' | 'source' | 'kind' | 'findings'> & Partial<Graph>,
    loadable: Loadable,
    came: number,
  ) {
    const { load, bytes, parts = [] } = loadable;
    loadable.parts = undefined;
    const { avoid, tried } = findings;
    const loadOptions = {
      ...load.options,
      ...(kind === 'accelerator' && { leavesWasm: true }),
      ...(tried && { tried }),
    };
    const parameters = { ...load, parts, options: loadOptions, graph: id, avoid, known: knownAborts.ofLength(bytes) };
    const transfer = parts.flatMap((part) => (isBlob(part) ? [] : part.buffer));
    const options = { operation: 'load', came, graph: { id, source }, transfer } as const;
    const result = await calls.request(engine, 'load', parameters, options);
    if (!isLoadResult(result)) throw new TypeError('load: the engine gave an answer of the wrong kind');
    const isNews = result.abort !== undefined && noteAbort(findings, engine, result.abort);
    const isCulprit = Object.keys(findings.avoid).length > 0;
    if (isCulprit && result.digest !== undefined) knownAborts.remember(bytes, result.digest, findings.avoid);
    if ('tried' in result) {
      findings.tried = result.tried;
      loadable.parts = result.parts;
      // No graph of this engine needs what this load has made its heap grow by.
      heapWatch.forget(id);
      return undefined;
    }
    if ('isDamaged' in result) {
      // No graph needs what this load has made the heap grow by.
      heapWatch.forget(id);
      if (isNews) return undefined;
      // Bytes that are no model may be mended by the time they are asked for again.
      if (result.isDamaged && 'name' in source) await models.forget(source.name);
      throw explain(source, result.error);
    }
    const { backend, device, inputs, outputs, text, steps } = result;
    const loaded = { backend, device, inputs, outputs, ...(text && { text }) };
    // A PyTorch program and a custom backend do not hand a load back. Their graphs move after the first computation.
    if (kind === 'accelerator' && device.provider === 'wasm' && steps.length > 0) findings.tried = steps;
    // The page knows already where a graph runs that is loaded again.
    if (before?.provider !== device.provider) reportFallback(source, load.options.target, steps, device);
    onEvent({ type: 'load', ...labelOf(source), ...loaded });
    return loaded;
  }

  /**
   * Ends an engine whose runtime has aborted, and has the graph avoid the provider.
   *
   * @returns whether the graph has not avoided it before
   */
  function noteAbort(findings: Findings, engine: EngineProcess, { provider, reason }: ProviderAbort): boolean {
    engine.terminate(new WasiNNError('runtime-error', reason));
    if (provider in findings.avoid) return false;
    findings.avoid = { ...findings.avoid, [provider]: reason };
    return true;
  }

  function reportFallback(
    source: Source,
    target: ExecutionTarget,
    steps: readonly FallbackStep[],
    device: Device,
  ): void {
    if (steps.length > 0) onEvent({ type: 'fallback', ...labelOf(source), target, steps, device });
  }

  return { loadInto, noteAbort, reportFallback };
}
