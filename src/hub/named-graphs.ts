import { abortable } from '../standard/abortable.js';
import type { Call, Graph, Hold } from './graph.js';
import { keyOf, type NamedSource } from './graph-source.js';

/** The graphs that were loaded by name. Clients that load one name share one graph. */
export interface NamedGraphs {
  /** Loads a model of the registry, or takes a hold of the graph where it is loaded or on its way. */
  load(source: NamedSource, call: Call): Promise<Graph>;
  /** Has the next client that asks for a graph's name load it again. */
  forget(graph: Graph): void;
}

/** A graph that is being loaded by name, or was. */
interface NamedGraph {
  readonly loading: Promise<Graph>;
  readonly hold: Hold;
  /** Ends the download and takes the load out of its queue, when nobody waits for it any more. */
  readonly abandon: AbortController;
}

export interface NamedGraphsOptions {
  loadNew(source: NamedSource, call: Call, hold: Hold): Promise<Graph>;
  unload(graph: Graph, client: number): Promise<void>;
}

export function createNamedGraphs({ loadNew, unload }: NamedGraphsOptions): NamedGraphs {
  const named = new Map<string, NamedGraph>();

  function start(source: NamedSource, call: Call): NamedGraph {
    const abandon = new AbortController();
    const hold = { count: 0 };
    const loading = loadNew(source, { ...call, signal: abandon.signal }, hold);
    const entry = { loading, hold, abandon };
    named.set(keyOf(source), entry);
    loading.then(
      (graph) => {
        if (hold.count === 0) unload(graph, call.client).catch(() => undefined);
      },
      () => remove(source, hold),
    );
    return entry;
  }

  /** A later graph of the name stays. */
  function remove(source: NamedSource, hold: Hold): void {
    const key = keyOf(source);
    if (named.get(key)?.hold === hold) named.delete(key);
  }

  return {
    async load(source, call) {
      const entry = named.get(keyOf(source)) ?? start(source, call);
      entry.hold.count++;
      try {
        return await abortable(call.signal, entry.loading);
      } catch (cause) {
        entry.hold.count--;
        if (entry.hold.count === 0) {
          remove(source, entry.hold);
          entry.abandon.abort(cause);
        }
        throw cause;
      }
    },
    forget({ source, hold }) {
      if ('name' in source) remove(source, hold);
    },
  };
}
