import { messageOf, WasiNNError } from '../standard/error.js';
import type { GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { Backend, LoadOptions } from './backend.js';
import { attempt, toBackendGraph } from './custom-graph.js';

/** A backend as far as its module has been looked at: what it answers may be anything. */
interface CustomBackend {
  readonly name: string;
  readonly encodings: readonly unknown[];
  load(parts: readonly GraphBuilder[], options: LoadOptions): unknown;
}

/**
 * A backend that the page brings along: a module that is loaded when the first model of its encoding comes, and whose
 * default export is a {@link Backend} (docs/backends.md). Nothing that it answers is believed before it is checked.
 *
 * @param url absolute; until the module is loaded also the backend's name
 */
export function createCustomBackend(
  encoding: GraphEncoding,
  url: string,
  importModule: (url: string) => Promise<unknown> = (address) => import(/* @vite-ignore */ address),
): Backend {
  const who = `the backend for ${encoding} (${url})`;
  let name = url;
  let opening: Promise<CustomBackend> | undefined;

  async function open(): Promise<CustomBackend> {
    const module = await importModule(url).catch((cause) => {
      const advice = 'check that it is a JavaScript module that is served there';
      throw new WasiNNError('runtime-error', `load: ${who} could not be loaded: ${messageOf(cause)}; ${advice}`, {
        cause,
      });
    });
    const backend = expectBackend(module, encoding, who);
    name = backend.name;
    return backend;
  }

  function openOnce(): Promise<CustomBackend> {
    opening ??= open().catch((cause) => {
      // What could not be loaded may be there when it is asked for again.
      opening = undefined;
      throw cause;
    });
    return opening;
  }

  return {
    get name() {
      return name;
    },
    encodings: [encoding],
    async load(parts, options) {
      const backend = await openOnce();
      const graph = await attempt(`load: ${who}`, () => backend.load(parts, options));
      return toBackendGraph(graph, who);
    },
  };
}

function expectBackend(module: unknown, encoding: GraphEncoding, who: string): CustomBackend {
  const backend = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
  if (!isBackend(backend)) {
    throw new WasiNNError(
      'runtime-error',
      `load: ${who} is none: its default export should be an object { name, encodings, load } (docs/backends.md)`,
    );
  }
  if (backend.encodings.includes(encoding)) return backend;
  const served = backend.encodings.join(', ') || 'nothing';
  throw new WasiNNError('runtime-error', `load: ${who} serves ${served}: name it for an encoding that it serves`);
}

function isBackend(value: unknown): value is CustomBackend {
  if (typeof value !== 'object' || value === null) return false;
  if (!('name' in value && 'encodings' in value && 'load' in value)) return false;
  return typeof value.name === 'string' && Array.isArray(value.encodings) && typeof value.load === 'function';
}
