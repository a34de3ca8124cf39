import type { Backend, BackendGraph } from './backend.js';

/**
 * The backend that answers with its inputs, whatever they are: what wasi-nn itself does to tensors is tested with it. It
 * serves no encoding, since there is nothing to load: a registered model names it in place of bytes.
 */
export function createEchoBackend(): Backend {
  return { name: 'echo', encodings: [], load: async () => graph };
}

/** One for all who load it: it keeps nothing. */
const graph: BackendGraph = {
  inputs: 'any',
  outputs: 'any',
  device: { target: 'cpu', provider: 'javascript', description: 'echo' },
  fallback: [],
  compute: async (inputs) => [...inputs],
  dispose: async () => undefined,
};
