import type { HubEvent, MeasuredOperation } from '../rpc/events.js';
import type { Limits } from '../rpc/limits.js';
import type { TextEnd } from '../standard/text.js';
import type { EngineMethod, EngineProcess } from './engine-process.js';
import type { Graph } from './graph.js';
import { labelOf } from './graph-source.js';
import type { HeapWatch } from './heap-watch.js';

/** Calls of engines, each with its time limit. */
export interface EngineCalls {
  /** Has an engine do something, charges the graph with the heap that it took, and measures the call. */
  request(engine: EngineProcess, method: EngineMethod, parameters: unknown, options: RequestOptions): Promise<unknown>;
  /** Measures a text that has ended. @param began when the hub saw that the engine worked on it */
  reportText(graph: Graph, came: number, began: number, end: TextEnd): void;
}

export interface RequestOptions {
  readonly operation: MeasuredOperation;
  /** When the client's call came, by `performance.now()`. */
  readonly came: number;
  readonly graph?: Pick<Graph, 'id' | 'source'>;
  readonly transfer?: Transferable[];
}

export interface EngineCallsOptions {
  readonly limits: Limits;
  readonly heapWatch: HeapWatch;
  /** Whether calls are measured. */
  readonly measure: boolean;
  onEvent(event: HubEvent): void;
}

export function createEngineCalls({ limits, heapWatch, measure, onEvent }: EngineCallsOptions): EngineCalls {
  async function request(
    engine: EngineProcess,
    method: EngineMethod,
    parameters: unknown,
    { operation, came, graph, transfer }: RequestOptions,
  ): Promise<unknown> {
    const limit = operation === 'load' ? limits.loadMilliseconds : limits.computeMilliseconds;
    const waited = performance.now() - came;
    try {
      return await engine.request(method, parameters, { limit, ...(transfer && { transfer }) });
    } finally {
      if (graph) heapWatch.charge(graph.id, engine);
      if (measure) {
        const start = performance.timeOrigin + came;
        const milliseconds = performance.now() - came;
        // What has ended the engine, the engine has not measured.
        const worked = engine.ended.aborted ? {} : { worked: engine.status().milliseconds };
        onEvent({ type: 'measure', operation, ...labelOf(graph?.source), start, milliseconds, waited, ...worked });
      }
    }
  }

  function reportText({ source }: Graph, came: number, began: number, { inputTokens, outputTokens }: TextEnd): void {
    if (!measure) return;
    const now = performance.now();
    const tokensPerSecond = (outputTokens * 1000) / Math.max(1, now - began);
    onEvent({
      type: 'measure',
      operation: 'generate',
      ...labelOf(source),
      start: performance.timeOrigin + came,
      milliseconds: now - came,
      waited: began - came,
      inputTokens,
      outputTokens,
      tokensPerSecond,
    });
  }

  return { request, reportText };
}
