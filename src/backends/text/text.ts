import { messageOf, WasiNNError } from '../../standard/error.js';
import type { Backend, TextGraph } from '../backend.js';
import type { ProviderOptions } from '../runtime-module.js';

/**
 * The backend for language models in GGUF files. All engines know it, but one of them gets such models. So its code is
 * fetched with the first model.
 */
export function createTextBackend(providerOptions: ProviderOptions): Backend<TextGraph> {
  return {
    name: 'llama.cpp',
    encodings: ['ggml'],
    async load(parts, options) {
      const { loadTextModel } = await import('./load-model.js').catch(notFetched);
      return loadTextModel(parts, options, providerOptions);
    },
  };
}

function notFetched(cause: unknown): never {
  const text = `load: the code that runs language models cannot be fetched: ${messageOf(cause)}; load the model again`;
  throw new WasiNNError('runtime-error', text, { cause });
}
