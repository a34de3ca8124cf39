import type { ChatMessage } from '../../standard/chat.js';
import { messageOf, WasiNNError } from '../../standard/error.js';
import { type Chunk, type Embedding, type LoadedModel, readChunk, readEmbedding, readLoadedModel } from './answers.js';
import type { Parameters } from './parameters.js';
import { completeWithImages, type Wllama, type WllamaLogger, type WllamaModule } from './wllama-module.js';

/** A text to go on with, or a chat to answer in. */
export type Prompt = string | readonly ChatMessage[];

/** A prompt with its images, in the order of their places in it. */
export interface LlamaPrompt {
  readonly prompt: Prompt;
  readonly images: readonly Uint8Array[];
}

/** One instance of llama.cpp with one model, in a worker of its own. One call at a time. */
export interface Llama {
  readonly model: LoadedModel;
  readonly threads: number;
  /**
   * Generates a text.
   *
   * @param prompt with llama.cpp's own marker (`model.mediaMarker`) in the place of each image
   * @throws what wllama throws; the reason of the signal, once it is aborted
   */
  complete(
    prompt: LlamaPrompt,
    parameters: Parameters,
    onChunk: (chunk: Chunk) => void,
    signal: AbortSignal,
  ): Promise<void>;
  embed(prompt: string): Promise<Embedding>;
  /** Ends the worker. */
  exit(): void;
}

/**
 * Makes each chunk have its token, and the number of tokens of the prompt. `post_sampling_probs` spares llama.cpp the probabilities of
 * the whole vocabulary. `return_progress` would give the count sooner, but llama.cpp evaluates one more token for each chunk that
 * is asked for, so the first token would come two tokens late.
 */
const reportTokens = { n_probs: 1, post_sampling_probs: true, timings_per_token: true } as const;

/** What llama.cpp writes is kept within these bounds: texts contain names of the model. */
const maximumErrors = 4;
const maximumErrorLength = 500;

/**
 * Loads a model.
 *
 * @throws WasiNNError `invalid-encoding` for a model that llama.cpp does not take, `unsupported-operation` for an architecture
 *   that it does not know, `too-large` where memory is used up, `security` where the page forbids its worker
 */
export async function startLlama(module: WllamaModule, files: readonly Blob[], parameters: Parameters): Promise<Llama> {
  const errors: string[] = [];
  const failed = Promise.withResolvers<never>();
  // Nobody may be waiting for it.
  failed.promise.catch(() => undefined);
  const logger: WllamaLogger = {
    debug: () => undefined,
    log: () => undefined,
    warn: () => undefined,
    error(...values) {
      const [first] = values;
      // The worker's own error: wllama itself would wait for ever.
      if (first instanceof Event) failed.reject(workerFailed(first));
      else if (errors.length < maximumErrors) errors.push(messageOf(first).trim().slice(0, maximumErrorLength));
    },
  };
  const wllama = module.create(logger);
  const orFailed = <Value>(answer: Promise<Value>) => Promise.race([answer, failed.promise]);
  try {
    await orFailed(wllama.loadModel(files, parameters));
    const model = readLoadedModel(wllama.getLoadedContextInfo());
    if (!model.isLoaded) throw new Error('it is no model that llama.cpp takes');
    return toLlama(wllama, model, orFailed, failed.reject);
  } catch (cause) {
    await wllama.exit();
    throw toLoadError(cause, errors);
  }
}

function toLlama(
  wllama: Wllama,
  model: LoadedModel,
  orFailed: <Value>(answer: Promise<Value>) => Promise<Value>,
  fail: (cause: WasiNNError) => void,
): Llama {
  return {
    model,
    threads: wllama.getNumThreads(),
    async complete({ prompt, images }, parameters, onChunk, signal) {
      const onData = (chunk: unknown) => onChunk(readChunk(chunk));
      const request = { ...parameters, ...reportTokens, stream: true, onData, abortSignal: signal };
      const isChat = typeof prompt !== 'string';
      const asked = isChat
        ? { ...request, messages: prompt, stream_options: { include_usage: true } }
        : { ...request, prompt };
      if (images.length > 0) await orFailed(completeWithImages(wllama, asked, images));
      else await orFailed(isChat ? wllama.createChatCompletion(asked) : wllama.createCompletion(asked));
    },
    embed: async (prompt) => readEmbedding(await orFailed(wllama.createEmbedding({ input: prompt }))),
    exit() {
      // Otherwise a text that is under way waits for ever.
      fail(new WasiNNError('runtime-error', 'compute: the graph was unloaded'));
      void wllama.exit();
    },
  };
}

/** llama.cpp has no status codes, only words. The first that match count. */
const codes = [
  ['unsupported-operation', /unknown model architecture/i],
  ['too-large', /failed to allocate|unable to allocate|out of memory|Array buffer allocation|WebAssembly\.Memory/i],
  ['runtime-error', /failed to (create|initialize) (the )?context|Failed to fetch|CompileError/i],
] as const;

function toLoadError(cause: unknown, errors: readonly string[]): WasiNNError {
  if (cause instanceof WasiNNError) return cause;
  const reason = [...errors, messageOf(cause)].map((line) => line.replace(/\s+/g, ' ')).join('; ');
  const code = codes.find(([, words]) => words.test(reason))?.[0] ?? 'invalid-encoding';
  return new WasiNNError(code, `load: llama.cpp cannot load the model: ${reason}`, { cause });
}

/** Where the worker is forbidden, its error says nothing. */
function workerFailed(event: Event): WasiNNError {
  if (event instanceof ErrorEvent && event.message) {
    return new WasiNNError('runtime-error', `the worker of llama.cpp has failed: ${event.message}`);
  }
  const text = 'load: the worker of llama.cpp could not start: allow "worker-src blob:" in the Content-Security-Policy';
  return new WasiNNError('security', text);
}
